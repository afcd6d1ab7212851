from __future__ import annotations

import duckdb
import pytest

from cdp_cli.errors import FixInput, FixModel
from cdp_cli.profiles import find_profiles
from cdp_cli.warehouse import Warehouse
from cdp_cli.warehouse.duckdb.warehouse import DuckDBWarehouse
from tests.relations import RELATIONS


@pytest.mark.parametrize(
    ("asked", "found_by"),
    [
        ("p1", "profile id"),
        (" p1 ", "profile id"),
        ("ann@example.com", "email"),
        ("Ann@Example.COM", "email"),
        ("+447700900001", "phone"),
        ("+44 7700 900-001", "phone"),
        ("00447700900001", "phone"),
        ("07700 900001", "phone"),
        ("2912", "loyalty_id"),
        ("shop:1", "record id"),
    ],
)
def test_a_person_is_found_by_whatever_one_has(warehouse: Warehouse, asked: str, found_by: str) -> None:
    found = find_profiles(warehouse, RELATIONS, asked)

    assert [match.profile_id for match in found.matches] == ["p1"]
    assert (found.found_by, found.retired_id) == (found_by, None)


def test_a_retired_id_resolves_to_its_successor_and_says_so(warehouse: Warehouse) -> None:
    found = find_profiles(warehouse, RELATIONS, "p0")

    assert [match.profile_id for match in found.matches] == ["p1"]
    assert found.retired_id == "p0"


def test_several_profiles_of_one_address_are_all_listed(warehouse: Warehouse) -> None:
    found = find_profiles(warehouse, RELATIONS, "family@example.com")

    assert [(match.profile_id, match.full_name) for match in found.matches] == [
        ("p2", "Bo Bell"),
        ("p3", "Cy Bell"),
    ]


@pytest.mark.parametrize("asked", ["nobody@example.com", "p9", "", "%", "0001", "' or 1=1 --"])
def test_an_unknown_person_is_an_error_without_personal_data(warehouse: Warehouse, asked: str) -> None:
    with pytest.raises(FixInput) as error:
        find_profiles(warehouse, RELATIONS, asked)

    assert error.value.problem == "No profile is known by that id, e-mail or phone."


@pytest.mark.parametrize("asked", ["gone", "gone0", "web:9"])
def test_an_expired_visitor_is_not_called_unknown(warehouse: Warehouse, asked: str) -> None:
    with pytest.raises(FixInput, match="was an anonymous visitor, and has expired"):
        find_profiles(warehouse, RELATIONS, asked)


def test_before_the_first_build_the_remedy_is_to_build() -> None:
    with pytest.raises(FixModel, match="no table profiles"):
        find_profiles(DuckDBWarehouse(duckdb.connect()), RELATIONS, "p1")
