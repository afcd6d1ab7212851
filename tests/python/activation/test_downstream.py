"""What a failed build step keeps from being sent."""

from __future__ import annotations

from cdp_cli.activation.downstream import untrusted_syncs
from cdp_cli.dbt import BuildResult, NodeResult
from cdp_cli.project import ModelNode, Project
from cdp_cli.relations import Relation
from tests.relations import RELATIONS


def model(name: str, *depends_on: str, sync: bool = False) -> ModelNode:
    return ModelNode(
        unique_id=f"model.cdp.{name}", name=name, relation=Relation("s", name), path=f"{name}.sql",
        description="", materialized="table", meta={"sync": {}} if sync else {}, columns={},
        depends_on=tuple(f"model.cdp.{other}" for other in depends_on),
    )  # fmt: skip


PROJECT = Project(
    models=(
        model("identity_map"), model("profiles", "identity_map"), model("profile_consents", "identity_map"),
        model("vip"), model("list_a", "profiles", sync=True), model("list_b", "vip", sync=True),
    ),
    sources=(),
    relations=RELATIONS,
    tests={
        "test.cdp.unique_list_a.1": ("model.cdp.list_a",),
        "test.cdp.unique_map.2": ("model.cdp.identity_map",),
    },
)  # fmt: skip


def built(**statuses: str) -> BuildResult:
    prefix = {"unique": "test"}
    return BuildResult(
        tuple(
            NodeResult(
                f"{prefix.get(name.split('_')[0], 'model')}.cdp.{name.replace('__', '.')}", status, 0.1, ""
            )
            for name, status in statuses.items()
        ),
        1.0,
    )


def test_a_build_without_failures_keeps_nothing_back() -> None:
    assert untrusted_syncs(PROJECT, built(profiles="success", list_a="success")) == {}


def test_a_failed_model_keeps_back_what_is_built_from_it() -> None:
    found = untrusted_syncs(PROJECT, built(profiles="error", list_a="skipped", list_b="success"))
    assert found == {"list_a": "profiles"}


def test_a_failed_test_of_the_payload_itself_keeps_it_back() -> None:
    assert set(untrusted_syncs(PROJECT, built(list_a="success", unique_list_a__1="fail"))) == {"list_a"}


def test_failed_consent_keeps_everything_back() -> None:
    assert set(untrusted_syncs(PROJECT, built(profile_consents="error"))) == {"list_a", "list_b"}
    assert set(untrusted_syncs(PROJECT, built(unique_map__2="fail"))) == {"list_a", "list_b"}
