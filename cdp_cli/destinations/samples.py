"""Checks, when a destination's YAML loads, that each path exists in the answer that the vendor documents.

A path with a slip in it would find nothing and hide every refusal. A call's `sample` is such an answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cdp_cli.destinations.evidence import ANY_ACKNOWLEDGEMENT, Evidence, NoEvidence, wrong
from cdp_cli.destinations.operations import Check, Lookup, Outcomes, Step
from cdp_cli.destinations.outcomes import csv_records, items_at, paths_of
from cdp_cli.destinations.paths import dig
from cdp_cli.destinations.placeholders import formatted, names
from cdp_cli.http import Response

if TYPE_CHECKING:
    from cdp_cli.destinations.definition import Definition


def check(definition: Definition) -> None:
    """Raise ValueError with the place of the first sample that lacks a path, and the path."""
    probes = [("check", definition.check)]
    probes += [(f"objects.{name}.check", rule.check) for name, rule in definition.objects.items()]
    for where, probe in probes:
        if probe is not None and probe.sample is not None:
            _probe(f"{where}.sample", probe)
    for name, rule in definition.objects.items():
        for verb, operation in rule.everything.items():
            where = f"objects.{name}.{verb}"
            if operation.lookup is not None and operation.lookup.sample is not None:
                _lookup(f"{where}.lookup.sample", operation.lookup)
            for step in operation.calls:
                at = f"{where}.steps.{step.name}" if operation.steps else where
                if step.sample is not None:
                    _step(f"{at}.sample", step)
                for place, outcomes in enumerate(step.outcomes):
                    if outcomes.get is not None and outcomes.sample is not None:
                        _list(f"{at}.outcomes.{place}.sample", outcomes)


def _probe(where: str, probe: Check) -> None:
    _accepted(where, probe.accept or ANY_ACKNOWLEDGEMENT, probe.sample)
    _all(where, probe.sample, [probe.account] if probe.account else [])


def _step(where: str, step: Step) -> None:
    accept = step.accept or ANY_ACKNOWLEDGEMENT
    _accepted(where, accept, step.sample)
    wanted = [*step.keep.values(), *(found.path for found in (step.until, step.failed) if found)]
    wanted += [one.count.of for one in accept if one.count]
    wanted += [rule.count for rule in step.outcomes if rule.count]
    _all(where, step.sample, wanted)
    for rule in step.outcomes:
        if rule.get is None:
            _items(where, rule, step.sample)


def _list(where: str, rule: Outcomes) -> None:
    """The sample of a list behind its own request."""
    if rule.format == "csv":
        try:
            records = csv_records(Response(200, {}, str(rule.sample).encode()), paths_of(rule))
        except NoEvidence as problem:
            raise ValueError(f"{where}: {problem}") from None
        if not records:
            raise ValueError(f"{where} has no row")
        return
    _accepted(where, rule.accept, rule.sample)
    _all(where, rule.sample, [rule.next] if rule.next else [])
    _items(where, rule, rule.sample)


def _items(where: str, rule: Outcomes, sample: Any) -> None:
    _all(where, sample, rule.items)
    try:
        lists = items_at(rule, Response(200, {}, b""), sample)
    except NoEvidence as problem:
        raise ValueError(f"{where}: {problem}") from None
    items = [item for items in lists for item in items]
    for path in paths_of(rule):
        if all(dig(item, path) is None for item in items):
            raise ValueError(f"{where} has no item with {path}")


def _lookup(where: str, lookup: Lookup) -> None:
    _accepted(where, lookup.accept, lookup.sample)
    _all(where, lookup.sample, [lookup.items, *([lookup.next] if lookup.next else [])])
    items = dig(lookup.sample, lookup.items)
    # Which field of an item a setting names is not known here.
    is_known = set(names(lookup.value)) <= {"field"}
    values = [formatted(lookup.value, {"field": field}) for field in lookup.by if is_known]
    for paths in ([lookup.id], values):
        if not isinstance(items, list) or (
            paths and all(dig(item, path) is None for item in items for path in paths)
        ):
            raise ValueError(f"{where} has no item with {paths[0]}")


def _accepted(where: str, accept: Sequence[Evidence], sample: Any) -> None:
    """Raise ValueError unless one of the evidences lets the sample in."""
    documents = [one for one in accept if one.body not in ("empty", "empty_object")]
    if not isinstance(sample, (dict, list)) or not documents:
        raise ValueError(f"{where} is not a JSON document that `accept` lets in")
    problems = [wrong(json.loads(json.dumps(sample)), one, None) for one in documents]
    if all(problems):
        raise ValueError(f"{where} is no answer that `accept` lets in: {problems[0]}")


def _all(where: str, sample: Any, paths: Iterable[str]) -> None:
    for path in paths:
        if dig(sample, path) is None:
            raise ValueError(f"{where} has no {path}")
