"""Bad input to profiles: each case has its sentence and its exit code, and the last good profiles stand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import Project, copy_project

DECLARATIONS = [
    pytest.param(
        "{strategy: newest}",
        'column profiles.gender names an unknown strategy "newest". Use one of: most_recent, most_frequent, '
        "most_complete, source_priority, first.",
        id="an unknown strategy",
    ),
    pytest.param(
        "{strategy: source_priority}",
        "column profiles.gender is source_priority without an order. Add the sources, best first: "
        "order: [crm, shop].",
        id="a priority without an order",
    ),
    pytest.param(
        "{strategy: first, order: [crm]}",
        "column profiles.gender has an order, which only source_priority uses. Remove it, or change the "
        "strategy.",
        id="an order that nothing uses",
    ),
    pytest.param(
        "{strategy: first, groups: address}",
        'column profiles.gender has an unknown key "groups". Use: strategy, order, group.',
        id="an unknown key",
    ),
    pytest.param(
        "most_recent",
        "column profiles.gender is not a mapping. Write it as {strategy: most_recent}.",
        id="a word for a mapping",
    ),
    pytest.param(
        "{strategy: first, group: address}",
        'column profiles.street_address differs from gender of the same group "address". Columns of one '
        "group come from one record: give all of them one strategy and order.",
        id="a group of two strategies",
    ),
]


@pytest.fixture(scope="module")
def small(built_demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built_demo.copy(tmp_path_factory.mktemp("bad_profiles") / "project")


@pytest.mark.parametrize(("declared", "sentence"), DECLARATIONS)
def test_a_bad_survivorship_stops_the_build_and_the_profiles_stand(
    small: Project, declared: str, sentence: str
) -> None:
    properties = small.engine / "models" / "profiles" / "profiles.yml"
    good = properties.read_text(encoding="utf-8")
    before = profiles_of(small)
    head, tail = good.split("- name: gender", 1)
    properties.write_text(
        f"{head}- name: gender" + tail.replace("{strategy: most_frequent}", declared, 1), encoding="utf-8"
    )
    try:
        ran = small.dbt("run", "--select", "profile_provenance", "profiles")
    finally:
        properties.write_text(good, encoding="utf-8")

    assert ran.code == 1
    assert f"models/profiles/profiles.yml: the survivorship of {sentence}" in " ".join(ran.out.split())
    assert profiles_of(small) == before > 0


def test_an_unknown_person_has_a_sentence_and_an_exit_code(built_demo: Project) -> None:
    ran = built_demo.cdp("profile", "show", "nobody@nowhere.example", "--json")

    assert (ran.code, ran.out) == (3, "")
    assert "No profile is known by that id, e-mail or phone." in ran.err
    assert "nobody" not in ran.err


def test_a_warehouse_without_profiles_says_to_build(tmp_path: Path) -> None:
    empty = copy_project(tmp_path / "project")
    duckdb.connect(str(empty.warehouse)).close()

    ran = empty.cdp("profile", "show", "ann@example.com")

    assert ran.code == 6
    assert "There is no table profiles.profiles yet. Run `cdp run` or `dbt build` first." in " ".join(
        ran.err.split()
    )


def test_no_warehouse_says_how_to_make_one(project: Project) -> None:
    ran = project.cdp("profile", "show", "ann@example.com")

    assert ran.code == 4
    assert "There is no warehouse at" in ran.err


def profiles_of(project: Project) -> int:
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        [(count,)] = connection.execute("select count(*) from profiles.profiles").fetchall()
    return int(count)
