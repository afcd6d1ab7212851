"""Additions to YAML keep the text, and are refused where they could change something else."""

from __future__ import annotations

import pytest
import yaml

from cdp_cli.scaffold.yaml_text import Addition, CannotAdd, add

BLOCK = Addition(("models", "shop"), "# ours\nsegments:\n  +schema: segments\n")
ITEM = Addition(("packages",), "- local: engine\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "models:\n  shop:\n    # ours\n    segments:\n      +schema: segments\n"),
        (
            "name: shop",
            "name: shop\n\nmodels:\n  shop:\n    # ours\n    segments:\n      +schema: segments\n",
        ),
        (
            "models:  # all\n    shop:\n        marts: {+x: 1}  # kept\n\n# seeds\nseeds: {}\n",
            "models:  # all\n    shop:\n        marts: {+x: 1}  # kept\n        # ours\n        segments:\n"
            "          +schema: segments\n\n# seeds\nseeds: {}\n",
        ),
        (
            "models:\n  other:\n    a: 1\nvars:\n  x: |\n    text\n",
            "models:\n  other:\n    a: 1\n  shop:\n    # ours\n    segments:\n      +schema: segments\n"
            "vars:\n  x: |\n    text\n",
        ),
        (
            "models:\nvars: {}\n",
            "models:\n  shop:\n    # ours\n    segments:\n      +schema: segments\nvars: {}\n",
        ),
    ],
    ids=["an empty file", "no such key", "a part of it", "the key with others", "a key without a value"],
)
def test_an_addition_leaves_each_line_as_it_is(before: str, after: str) -> None:
    assert add(before, [BLOCK]) == after


@pytest.mark.parametrize(
    "before",
    [
        "packages:\n- local: a  # note\n",
        "packages:\n  - local: a\n    name: b\n# end\n",
        "packages: []\n",
        "packages:\n",
        "projects:\n  - name: x\n",
    ],
)
def test_an_item_comes_after_those_that_are_there(before: str) -> None:
    content = yaml.safe_load(before)
    after = add(before, [ITEM])
    assert yaml.safe_load(after) == {
        **content,
        "packages": [*(content.get("packages") or []), {"local": "engine"}],
    }
    assert [
        line for line in before.splitlines() if line in after.splitlines() or "[]" in line
    ] == before.splitlines()


def test_what_is_there_already_is_not_added_again() -> None:
    once = add("name: shop\n", [BLOCK, ITEM])
    assert add(once, [BLOCK, ITEM]) == once


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("models: {shop: {marts: {a: 1}}}\n", "a part of it is written in one line"),
        ("models:\n  shop:\n    segments: {+schema: mine}\n", "`models: shop: segments` is set already"),
        ("models: 3\n", "`models` is not a mapping"),
        ("- a\n", "it is not a mapping"),
    ],
)
def test_what_cannot_be_added_safely_is_refused(before: str, why: str) -> None:
    with pytest.raises(CannotAdd, match=why):
        add(before, [BLOCK])
