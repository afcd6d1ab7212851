"""The SparkSession that dbt and cdp share: one a process, made from the target's entry in profiles.yml."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdp_cli.config import Settings
from cdp_cli.errors import CdpError, FixConfiguration, TryAgain

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark 4 runs on Java 17 and 21 (https://spark.apache.org/docs/latest/).
LEAST_JAVA = 17

_METASTORE = "spark.hadoop.javax.jdo.option.ConnectionURL"

# What the models count on, whatever the cluster's own settings are.
_NEEDED = {
    "spark.sql.session.timeZone": "UTC",
    # Moments are UTC without a zone, as on the other engine.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    # Names in double quotes, as in the standard and on the other engine.
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    # A chain of merges is as long as it is; the limits are for recursion that never ends.
    "spark.sql.cteRecursionLevelLimit": "10000",
    "spark.sql.cteRecursionRowLimit": "-1",
    # A build that was killed leaves files where its table was to be; the next one writes over them.
    "spark.sql.legacy.allowNonEmptyLocationInCTAS": "true",
}


_LOCK_POLL_SECONDS = 0.2

# Which tables the process's session is for: its folder, and Spark's settings as the target has them.
_running_for: tuple[Path, dict[str, str]] | None = None


def spark_session(settings: Settings, *, wait_seconds: float = 0.0) -> SparkSession:
    """The process's session, made where there is none.

    `server_side_parameters` of the target are Spark's own settings. Without `spark.master` or `spark.remote`
    the session runs in this process, on all cores. A local metastore that another process holds is waited
    for, `wait_seconds` at most. What Java prints goes to java.log in the target's folder.
    Raises FixConfiguration where PySpark or Java is missing or Spark does not start, TryAgain where another
    process holds the metastore.
    """
    global _running_for
    if find_spec("pyspark") is None:
        raise FixConfiguration(
            f"The target {settings.target!r} runs on Spark, and PySpark is not installed.",
            "Install it with `pip install '.[spark]'`.",
        )
    from pyspark.sql import SparkSession

    given = _given(settings)
    running: SparkSession | None = SparkSession.getActiveSession()
    if running is not None:
        if _running_for not in (None, (spark_folder(settings), given)):
            raise FixConfiguration(
                f"This process is connected to another Spark than that of the target {settings.target!r}.",
                "A process has one SparkSession: use one Spark target at a time.",
            )
        return running
    in_process = "spark.remote" not in given
    if in_process:
        _check_java()
        _make_folder(settings)
        if has_own_metastore(settings) and not _has_java():
            _check_metastore(settings)
            _wait_for_metastore(settings, wait_seconds)
    # It would print each refused query to standard error, beside raising what is refused.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    if is_local(settings):
        # What runs in Python on this machine's executors needs this Python's libraries.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder: Any = SparkSession.builder.appName("cdp")
    if in_process:
        builder = builder.enableHiveSupport()
    for name, value in {**(_local(settings) if in_process else {}), **given, **_NEEDED}.items():
        builder = builder.config(name, value)
    log = spark_folder(settings) / "java.log"
    try:
        with _printing_to(log) if in_process else nullcontext():
            session: SparkSession = builder.getOrCreate()
            if in_process:
                session.sparkContext.setLogLevel("OFF")
            _check_format(session, given)
            # The metastore is opened by the first who asks for a table.
            session.catalog.currentDatabase()
            session.sql("show databases").collect()
    except CdpError:
        raise
    except Exception as error:
        raise _explained(settings, error, log) from error
    _running_for = (spark_folder(settings), given)
    return session


def is_local(settings: Settings) -> bool:
    """Whether the executors are on this machine, and read its files."""
    given = _given(settings)
    return "spark.remote" not in given and given.get("spark.master", "local").startswith("local")


def has_own_metastore(settings: Settings) -> bool:
    """Whether the metastore is the one in the project's folder, which one process holds at a time."""
    elsewhere = {"spark.remote", _METASTORE, "spark.hadoop.hive.metastore.uris", "spark.hive.metastore.uris"}
    return not elsewhere & set(_given(settings))


def _local(settings: Settings) -> dict[str, str]:
    """A session in this process: warehouse and metastore in a folder of the project."""
    folder = spark_folder(settings)
    metastore = folder / "metastore"
    return {
        "spark.master": "local[*]",
        "spark.jars": str(_similarity_jar()),
        "spark.sql.warehouse.dir": str(folder / "tables"),
        _METASTORE: f"jdbc:derby:;databaseName={metastore};create=true",
        "spark.driver.defaultJavaOptions": f"-Dderby.stream.error.file={folder / 'derby.log'}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # One machine: as many tasks as it has cores, and no more.
        "spark.sql.shuffle.partitions": str(os.cpu_count() or 2),
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
    }


def spark_folder(settings: Settings) -> Path:
    """Where a local session keeps its tables and its metastore."""
    return settings.data_dir / "spark"


def _similarity_jar() -> Path:
    """Splink's string functions for Spark, which come with Splink."""
    spec = find_spec("splink")
    assert spec is not None and spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0]) / "internals" / "files" / "spark_jars"
    return sorted(folder.glob("*_spark4.x.jar"))[-1]


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).is_file():
        where = f"JAVA_HOME is {home}, which has no bin/java" if home else "there is no `java` on the PATH"
        raise FixConfiguration(
            f"Spark needs Java, and {where}.",
            f"Install Java {LEAST_JAVA} (on Debian: apt-get install openjdk-17-jre-headless).",
        )
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if found is None or int(found[1]) < LEAST_JAVA:
        version = f"is version {found[1]}" if found else "does not say its version"
        raise FixConfiguration(
            f"Spark needs Java {LEAST_JAVA} or newer, and {java} {version}.",
            f"Install Java {LEAST_JAVA} (on Debian: apt-get install openjdk-17-jre-headless), "
            "or set JAVA_HOME to one.",
        )


def _given(settings: Settings) -> dict[str, str]:
    """Spark's settings as the target has them."""
    given = settings.profile.get("server_side_parameters") or {}
    if not isinstance(given, dict):
        raise FixConfiguration(
            f"profiles.yml target {settings.target!r}: server_side_parameters is not a mapping.",
            "Write one Spark setting a line, as `spark.driver.memory: 4g`.",
        )
    return {
        str(name): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }


def _make_folder(settings: Settings) -> None:
    folder = spark_folder(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Java would say it in a hundred lines.
        probe = folder / "java.log"
        probe.touch()
        list(folder.iterdir())
    except OSError as error:
        raise FixConfiguration(
            f"The folder {folder}, where Spark keeps its tables, cannot be written: {error.strerror}.",
            "Give yourself its permissions, or name another folder with CDP_DATA.",
        ) from error


def _has_java() -> bool:
    """Whether this process has started Java, which holds the metastore also after its session was stopped."""
    from pyspark import SparkContext

    return SparkContext._gateway is not None


def _check_metastore(settings: Settings) -> None:
    """Derby knows its own by this file; without it Spark tries again and again, for most of a minute."""
    folder = spark_folder(settings) / "metastore"
    mark = folder / "service.properties"
    if folder.exists() and not (mark.is_file() and b"derby.serviceProtocol" in mark.read_bytes()):
        raise _broken(settings)


def _wait_for_metastore(settings: Settings, wait_seconds: float) -> None:
    """Derby, the metastore of a local session, lets in one process at a time, by a lock on this file."""
    lock = spark_folder(settings) / "metastore" / "dbex.lck"
    deadline = time.monotonic() + wait_seconds
    while lock.exists():
        try:
            with lock.open("r+") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except PermissionError as error:
            raise FixConfiguration(
                f"{lock.parent}, the Spark metastore, cannot be written.",
                "Give yourself its permissions, or name another folder with CDP_DATA.",
            ) from error
        except OSError as error:
            if time.monotonic() >= deadline:
                raise _in_use(settings) from error
            time.sleep(_LOCK_POLL_SECONDS)


@contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    """Let what is printed by this process, and by the Java that it starts now, go to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for number in kept:
            os.dup2(target, number)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
        os.close(target)


def _check_format(session: SparkSession, given: dict[str, str]) -> None:
    """Hold the format that tables get by default against those that Spark knows."""
    name = given.get("spark.sql.sources.default")
    if name is None:
        return
    try:
        session.read.format(name).load()
    except Exception as error:
        # Every format refuses to read nothing; one that is not there says so.
        if "DATA_SOURCE_NOT_FOUND" in str(error):
            raise FixConfiguration(
                f"Spark has no table format {name!r}, which spark.sql.sources.default in profiles.yml names.",
                "Use parquet, or add the format's package with `spark.jars` or `spark.jars.packages`.",
            ) from error


def _in_use(settings: Settings) -> TryAgain:
    return TryAgain(
        f"The Spark metastore {spark_folder(settings) / 'metastore'} is in use by another process.",
        "Wait until it is done, or stop it, and try again.",
    )


def _broken(settings: Settings) -> FixConfiguration:
    return FixConfiguration(
        f"The Spark metastore {spark_folder(settings) / 'metastore'} is broken.",
        "Restore the folder from a backup, or move it away and build anew.",
    )


def _explained(settings: Settings, error: Exception, log: Path) -> Exception:
    text = str(error)
    if "XSDB6" in text or "Another instance of Derby" in text:
        return _in_use(settings)
    if has_own_metastore(settings) and "HiveMetaStoreClient" in text:
        return _broken(settings)
    if "JAVA_GATEWAY_EXITED" in text and log.exists():
        # Java did not come up at all: it said why before it left.
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()
        text = next((line for line in said if re.search("error|invalid|exception", line, re.I)), text)
    # The innermost cause, without its class and code.
    causes = re.findall(r"^Caused by: [\w.$]+: (.+)$", text, re.M) or [text.strip().splitlines()[0]]
    first = re.sub(r"^\[[A-Z_.]+\] | SQLSTATE: \w+$", "", causes[-1])
    return FixConfiguration(
        f"Spark did not start for the target {settings.target!r}: {first[:300].rstrip('.')}.",
        "Correct `server_side_parameters` in profiles.yml"
        + (f"; {log} has what Java said." if log.exists() else "."),
    )
