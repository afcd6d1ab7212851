"""Trait groups of the engine's package and of a project, and what they become."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_cli.errors import FixConfiguration
from cdp_cli.staging import generated
from cdp_cli.staging.trait_groups import Trait, trait_groups

GYM = """
version: 2
models:
  - name: gym_traits
    description: One row per member.
    columns:
      - {name: profile_id, data_type: string, description: The person.}
      - {name: count_classes, data_type: bigint, description: Classes visited.}
      - {name: trainer_name, data_type: string, description: Who trains them., config: {meta: {pii: true}}}
"""


def write(folder: Path, name: str = "gym_traits", text: str = GYM) -> Path:
    path = folder / "models" / "traits" / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".sql").write_text("select 1")
    return folder


def test_a_group_has_its_columns_without_the_key(tmp_path: Path) -> None:
    (group,) = trait_groups(write(tmp_path), engine_package=tmp_path / "no_package")
    assert (group.name, group.path) == ("gym_traits", Path("models/traits/gym_traits.yml"))
    assert group.traits == (
        Trait("count_classes", "bigint", "Classes visited.", pii=False),
        Trait("trainer_name", "string", "Who trains them.", pii=True),
    )


def test_groups_of_the_package_and_of_the_project_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "project").mkdir()
    write(tmp_path / "package", "order_traits", GYM.replace("gym", "order").replace("count_classes", "n"))
    write(tmp_path / "project", "gym_traits", GYM.replace("trainer_name", "trainer"))
    groups = trait_groups(tmp_path / "project", engine_package=tmp_path / "package")
    assert [group.name for group in groups] == ["gym_traits", "order_traits"]


def test_profile_traits_lists_a_line_a_group_and_promises_all_columns(tmp_path: Path) -> None:
    files = generated.write(write(tmp_path)).files
    unified = generated.folder(tmp_path)
    assert "    ref('gym_traits'),\n" in files[unified / "profile_traits.sql"]
    properties = files[unified / "profile_traits.yml"]
    assert "schema: profiles" in properties and "enforced: true" in properties
    assert "name: count_classes\n    data_type: bigint\n    description: Classes visited." in properties
    assert "name: trainer_name\n    data_type: string\n" in properties and "pii: true" in properties


def test_a_group_that_is_switched_off_gives_nothing(tmp_path: Path) -> None:
    text = GYM.replace("    columns:", "    config: {enabled: false}\n    columns:")
    assert trait_groups(write(tmp_path, text=text), engine_package=tmp_path / "no_package") == []


FILE = "models/traits/gym_traits.yml"
BAD = {
    "no profile_id": (
        GYM.replace("      - {name: profile_id, data_type: string, description: The person.}\n", ""),
        f"{FILE}: the trait group 'gym_traits' has no column 'profile_id'. Select profile_id in "
        f"gym_traits.sql and "
        "list it under `columns:`.",
    ),
    "a column twice": (
        GYM.replace("trainer_name", "count_classes"),
        f"{FILE}: the trait group 'gym_traits' lists the column 'count_classes' twice. Remove one of them.",
    ),
    "a column without a type": (
        GYM.replace("data_type: bigint, ", ""),
        f"{FILE}: the column 'count_classes' of the trait group 'gym_traits' has no `data_type`. Add it: it "
        f"is "
        "copied to profile_traits.",
    ),
    "another model's properties": (
        GYM.replace("name: gym_traits", "name: gym"),
        "models/traits/gym_traits.sql has no properties file. Describe the model 'gym_traits' in "
        "gym_traits.yml "
        "beside it, with the data type of each column.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_group_that_is_not_valid_is_named_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    text, says = BAD[name]
    with pytest.raises(FixConfiguration) as caught:
        generated.write(write(tmp_path, text=text))
    assert str(caught.value) == says
    assert not (tmp_path / generated.folder(tmp_path)).exists()


def test_a_column_of_another_group_is_named_with_both_groups(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "box_traits", GYM.replace("gym", "box").replace("trainer_name", "page"))
    with pytest.raises(FixConfiguration) as caught:
        generated.write(tmp_path)
    assert str(caught.value) == (
        "models/traits/gym_traits.yml: the trait group 'gym_traits' has the column 'count_classes', which "
        "the trait group 'box_traits' has already. Rename one of them: all groups become columns of one "
        "table."
    )
    assert not (tmp_path / generated.folder(tmp_path)).exists()


def test_a_group_of_the_project_cannot_have_the_name_of_one_of_the_engine(tmp_path: Path) -> None:
    for part in ("package", "project"):
        (tmp_path / part).mkdir()
        write(tmp_path / part)
    with pytest.raises(FixConfiguration, match="there is another trait group 'gym_traits'"):
        trait_groups(tmp_path / "project", engine_package=tmp_path / "package")
