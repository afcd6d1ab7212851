"""The lineage in `dbt docs` ends where data leaves: each sync is an exposure that depends on its model."""

from __future__ import annotations

import json

from tests.conftest import Project


def test_each_sync_is_an_exposure_down_from_its_raw_tables(built_demo: Project) -> None:
    manifest = json.loads((built_demo.root / "target" / "manifest.json").read_text(encoding="utf-8"))
    syncs = {
        unique_id for unique_id, node in manifest["nodes"].items() if "sync" in node["config"].get("meta", {})
    }
    sent = {node["depends_on"]["nodes"][0] for node in manifest["exposures"].values()}
    assert sent == syncs != set()
    parents = manifest["parent_map"]
    for exposure in manifest["exposures"]:
        seen, waiting = set(), [exposure]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting.extend(parents.get(node, ()))
        assert {"source.retailer.crm.contacts", "model.cdp.profiles"} <= seen
