"""Engines that cannot run: each is one sentence with its remedy, and the warehouse stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import copy_project
from tests.spark import skip_without_spark

TARGET = ("--target", "spark")
DEMO = ("demo", "--customers", "10", *TARGET)
HIDE_PYSPARK = """
from importlib.machinery import PathFinder

real = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name.split(".")[0] == "pyspark" else real(name, *rest)
"""


@dataclass(frozen=True)
class Case:
    """What is wrong: `arrange` changes the project, `environment` the process; {root} is the project."""

    id: str
    says: str
    command: tuple[str, ...] = DEMO
    code: int = 4
    environment: Mapping[str, str] = field(default_factory=dict)
    arrange: Callable[[Path], object] = lambda root: None
    needs_spark: bool = True
    starts_java: bool = False


def written(name: str, text: str, mode: int = 0o644) -> Callable[[Path], object]:
    def write(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    return write


def with_parameter(line: str) -> Callable[[Path], object]:
    return in_target(f"server_side_parameters: {{{line}}}")


def in_target(line: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        path = root / "profiles.yml"
        text = path.read_text(encoding="utf-8")
        assert "      server_side_parameters: {}\n" in text
        path.write_text(text.replace("      server_side_parameters: {}\n", f"      {line}\n"))

    return change


CASES = [
    Case(
        "PySpark is not installed",
        "The target 'spark' runs on Spark, and PySpark is not installed. "
        "Install it with `pip install '.[spark]'`.",
        environment={"PYTHONPATH": "{root}/hidden"},
        arrange=written("hidden/sitecustomize.py", HIDE_PYSPARK),
        needs_spark=False,
    ),
    Case(
        "no Java",
        "Spark needs Java, and there is no `java` on the PATH. "
        "Install Java 17 (on Debian: apt-get install openjdk-17-jre-headless).",
        environment={"PATH": "{root}", "JAVA_HOME": ""},
    ),
    Case(
        "a JAVA_HOME without Java",
        "Spark needs Java, and JAVA_HOME is {root}, which has no bin/java. "
        "Install Java 17 (on Debian: apt-get install openjdk-17-jre-headless).",
        environment={"JAVA_HOME": "{root}"},
    ),
    Case(
        "a Java that is too old",
        "Spark needs Java 17 or newer, and {root}/bin/java is version 11. "
        "Install Java 17 (on Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME to one.",
        environment={"JAVA_HOME": "{root}"},
        arrange=written("bin/java", "#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n", 0o755),
    ),
    Case(
        "a target of a type that cdp cannot use",
        "profiles.yml target 'spark' is of type 'snowflake', which cdp cannot use. Use one of: duckdb, spark.",
        arrange=lambda root: (root / "profiles.yml").write_text(
            (root / "profiles.yml").read_text().replace("type: spark", "type: snowflake")
        ),
        needs_spark=False,
    ),
    Case(
        "no Spark warehouse yet",
        "There is no table profiles.profiles yet. Run `cdp run` or `dbt build` first.",
        command=("profile", "show", "p1", *TARGET),
        code=6,
        starts_java=True,
    ),
    Case(
        "a move to a target that there is not",
        "{root}/profiles.yml has no target 'moon'. Use one of: dev, spark.",
        command=("move", "--to", "moon"),
        needs_spark=False,
    ),
    Case(
        "a move to where one is",
        "--to dev is the target that is moved from. Name another target of profiles.yml.",
        command=("move", "--to", "dev"),
        code=3,
        needs_spark=False,
    ),
    Case(
        "a file where Spark's folder should be",
        "The folder {root}/data/spark, where Spark keeps its tables, cannot be written: File exists. "
        "Give yourself its permissions, or name another folder with CDP_DATA.",
        arrange=written("data/spark", "not a folder"),
    ),
    Case(
        "Spark settings that are no mapping",
        "profiles.yml target 'spark': server_side_parameters is not a mapping. "
        "Write one Spark setting a line, as `spark.driver.memory: 4g`.",
        arrange=in_target("server_side_parameters: [spark.driver.memory]"),
    ),
    Case(
        "a Spark setting that keeps Java from starting",
        "Spark did not start for the target 'spark': Invalid maximum heap size: -Xmxlots. "
        "Correct `server_side_parameters` in profiles.yml; {root}/data/spark/java.log has what Java said.",
        arrange=with_parameter("spark.driver.memory: lots"),
        starts_java=True,
    ),
    Case(
        "a Spark setting of a wrong type",
        "Spark did not start for the target 'spark': The value 'many' in the config "
        "\"spark.sql.shuffle.partitions\" is invalid. It should be a/an 'int' value. "
        "Correct `server_side_parameters` in profiles.yml; {root}/data/spark/java.log has what Java said.",
        arrange=with_parameter("spark.sql.shuffle.partitions: many"),
        starts_java=True,
    ),
    Case(
        "a table format that is not there",
        "Spark has no table format 'delta', which spark.sql.sources.default in profiles.yml names. "
        "Use parquet, or add the format's package with `spark.jars` or `spark.jars.packages`.",
        arrange=with_parameter("spark.sql.sources.default: delta"),
        starts_java=True,
    ),
    Case(
        "a metastore that is broken",
        "The Spark metastore {root}/data/spark/metastore is broken. "
        "Restore the folder from a backup, or move it away and build anew.",
        arrange=written("data/spark/metastore/service.properties", "broken"),
    ),
]


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.id, marks=[pytest.mark.spark] if case.starts_java else []) for case in CASES],
)
def test_it_is_said_in_one_sentence(case: Case, tmp_path: Path) -> None:
    if case.needs_spark:
        skip_without_spark()
    project = copy_project(tmp_path / "project")
    case.arrange(project.root)
    environment = {name: value.format(root=project.root) for name, value in case.environment.items()}
    ran = project.cdp(*case.command, **environment)
    assert (" ".join(ran.err.split()), ran.code) == (case.says.format(root=project.root), case.code)
    assert ran.out == ""
