"""An explanation as one HTML file: waterfalls drawn in SVG, no script, nothing from the network."""

from __future__ import annotations

from html import escape

from cdp_cli.stewardship.explanation import Explanation, Link
from cdp_cli.stewardship.waterfall import UNKNOWN, Waterfall

_WIDTH, _LABEL, _ROW = 860, 330, 26
_STYLE = """
:root { color-scheme: light dark; --for: #2a7f62; --against: #b3412f; --total: #35507a; --line: #8888; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
.private { border-left: 4px solid var(--against); padding-left: .8rem; }
table { border-collapse: collapse; margin: .8rem 0; width: 100%; }
th, td { text-align: left; padding: .15rem .6rem; border-bottom: 1px solid var(--line); }
tr.differs td { font-weight: 600; }
svg { width: 100%; height: auto; }
text { font-size: 13px; fill: currentColor; }
"""


def html_report(found: Explanation) -> str:
    """The whole page. It shows personal data, and says so."""
    title = f"{found.left_record_id} and {found.right_record_id}"
    reasons = "".join(f"<li>{escape(reason.text)}</li>" for reason in found.reasons)
    links = [
        _link(link, f"Pair {number} of {len(found.path)}") for number, link in enumerate(found.path, start=1)
    ]
    if len(found.path) != 1:
        links.append(
            _link(found.link, "The two themselves" + (", scored now" if found.link.scored_now else ""))
        )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n"
        '<p class="private">This page holds personal data. Keep it only as long as you need it.</p>\n'
        f"<p><strong>{escape(found.verdict)}</strong></p>\n"
        f"<p>Profiles: {escape(found.left_profile_id)} and {escape(found.right_profile_id)}</p>\n"
        + (f"<ul>{reasons}</ul>\n" if reasons else "")
        + "\n".join(links)
        + _blocking(found)
        + "\n</body></html>\n"
    )


def _link(link: Link, title: str) -> str:
    rows = "".join(
        f'<tr class="{"differs" if value.same is False else ""}"><td>{escape(value.attribute)}</td>'
        f"<td>{escape(value.left or '')}</td><td>{escape(value.right or '')}</td>"
        f"<td>{'' if value.same is None else 'same' if value.same else 'differs'}</td></tr>"
        for value in link.values
    )
    said = "".join(f"<p>{escape(text)}</p>" for text in (link.decision, link.veto_why) if text)
    return (
        f"<h2>{escape(title)}</h2><p>{escape(link.standing)}</p>{said}"
        f"<table><tr><th></th><th>{escape(link.left_record_id)}</th>"
        f"<th>{escape(link.right_record_id)}</th><th></th></tr>{rows}</table>"
        + (_waterfall(link.waterfall) if link.waterfall else "<p>Nothing in common could be compared.</p>")
    )


def _steps(fall: Waterfall) -> list[tuple[str, float, float, str]]:
    """Each bar: what it says, from where to where, and its kind."""
    steps: list[tuple[str, float, float, str]] = []
    at = 0.0

    def add(label: str, weight: float) -> None:
        nonlocal at
        steps.append((f"{label}  {weight:+.2f}", at, at + weight, "for" if weight > 0 else "against"))
        at += weight

    if fall.prior is not None:
        add("before comparing", fall.prior)
    for part in (part for part in fall.parts if part.level != UNKNOWN):
        add(f"{part.comparison.replace('_', ' ')}: {part.level}", part.weight)
        if part.frequency_weight:
            add("how rare that value is", part.frequency_weight)
    if fall.rule is not None and fall.rule_weight is not None and fall.rule_weight > at:
        steps.append((f"rule {fall.rule}: at least {fall.rule_weight:.2f}", at, fall.rule_weight, "for"))
    steps.append((f"total  {fall.total:+.2f} (probability {fall.probability:.4f})", 0.0, fall.total, "total"))
    return steps


def _waterfall(fall: Waterfall) -> str:
    steps = _steps(fall)
    low = min(0.0, *(min(start, end) for _, start, end, _ in steps))
    high = max(0.0, *(max(start, end) for _, start, end, _ in steps))
    scale = (_WIDTH - _LABEL - 10) / ((high - low) or 1.0)
    zero = _LABEL - low * scale
    height = _ROW * len(steps)
    bars = []
    for number, (label, start, end, kind) in enumerate(steps):
        top = number * _ROW
        left, width = _LABEL + (min(start, end) - low) * scale, max(abs(end - start) * scale, 1.0)
        bars.append(
            f'<text x="0" y="{top + 17}">{escape(label)}</text>'
            f'<rect x="{left:.1f}" y="{top + 5}" width="{width:.1f}" height="{_ROW - 10}" '
            f'style="fill: var(--{kind})"/>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Waterfall of match weights">'
        f'<line x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{height}" style="stroke: var(--line)"/>'
        + "".join(bars)
        + "</svg>"
    )


def _blocking(found: Explanation) -> str:
    if found.compared or found.joined:
        return ""
    rows = "".join(
        f"<tr><td>{escape(rule.name)}</td><td>{escape(rule.left_key or '')}</td>"
        f"<td>{escape(rule.right_key or '')}</td><td>{rule.likeness:.2f}</td></tr>"
        for rule in found.blocking
    )
    return f"<h2>Blocking rules, the nearest first</h2><table>{rows}</table>"
