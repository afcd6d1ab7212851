"""What tests of identity on more than one machine share."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_cli.config import Settings
from cdp_cli.warehouse.spark.session import spark_session
from tests.conftest import ROOT
from tests.spark import skip_without_spark


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The process's SparkSession, which ends with it."""
    skip_without_spark()
    profile = {"type": "spark", "method": "session"}
    return spark_session(Settings(ROOT, ROOT, tmp_path_factory.mktemp("spark"), "spark", profile))
