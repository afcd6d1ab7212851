"""Splink's string functions in a SparkSession: they compare names, in dbt models and in linking alike."""

from __future__ import annotations

from typing import Any

from cdp_cli.errors import FixConfiguration

# String functions of the jar that comes with Splink, by the names that Splink gives them.
SIMILARITIES = {
    "damerau_levenshtein": "uk.gov.moj.dash.linkage.LevDamerauDistance",
    "jaro_winkler": "uk.gov.moj.dash.linkage.JaroWinklerSimilarity",
}


def register_similarities(session: Any) -> None:
    """Make the functions known to the session. Raises FixConfiguration if Spark lacks their jar."""
    try:
        for name, java_class in SIMILARITIES.items():
            session.udf.registerJavaFunction(name, java_class, "double")
    except Exception as error:
        if "CANNOT_LOAD_FUNCTION_CLASS" not in str(error) and "not load class" not in str(error):
            raise
        raise FixConfiguration(
            "Spark lacks Splink's string functions, which compare names.",
            "Put scala-udf-similarity_spark4.x.jar, which comes with Splink, into `spark.jars`.",
        ) from error
