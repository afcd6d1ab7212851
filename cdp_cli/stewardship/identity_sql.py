"""The SQL of identity for people in memory: what evaluation, explanations, benchmarks and tests run."""

from __future__ import annotations

from cdp_cli.compiled import Compiled, compile_models
from cdp_cli.config import Settings
from cdp_cli.identity.prepare import GIVEN, NEEDED


def identity_sql(settings: Settings) -> Compiled:
    """The project's models of identity, from the person records to the blocks.

    Raises FixModel if the project does not compile.
    """
    return compile_models(settings, NEEDED, GIVEN)
