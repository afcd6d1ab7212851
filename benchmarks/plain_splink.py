"""Plain Splink as its documentation has it, as a contender of the identity benchmark.

    python benchmarks/plain_splink.py --people people.parquet [--blank VALUE ...] [--clusters OUT]

Comparisons of its own library, the usual blocking rules, prior from deterministic rules, u by sampling,
expectation maximisation on two rules, predictions from a probability of 0.9, clusters at 0.95. `--blank`
makes a value of e-mail or phone null first, which is not timed.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from measure import Steps
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

_PREDICT_AT = 0.9
_CLUSTER_AT = 0.95
_SEED = 20260101
_COLUMNS = ("first_name", "last_name", "birth_date", "email", "phone", "street_address", "city", "postcode")


def settings() -> SettingsCreator:
    """The settings that Splink's tutorial would give these columns."""
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("last_name"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.EmailComparison("email"),
            cl.ExactMatch("phone"),
            cl.JaroWinklerAtThresholds("street_address", [0.9]),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("email"),
            block_on("phone"),
            block_on("first_name", "last_name"),
            block_on("birth_date", "postcode"),
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--blank", nargs="*", default=[])
    parser.add_argument("--clusters", type=Path)
    asked = parser.parse_args()
    steps = Steps(Path(__file__).parent)
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    blanked = ", ".join(f"'{value}'" for value in ["", *asked.blank])
    columns = ", ".join(
        f"case when {name} not in ({blanked}) then {name} end as {name}"
        if name in ("email", "phone")
        else name
        for name in _COLUMNS
    )
    # Its comparisons want a name in two columns: one that came whole is split as anybody would.
    connection.execute(
        f"""
        create table people as
        select record_id, {columns.replace("first_name, last_name", _NAMES)}
        from read_parquet('{asked.people}')
        """
    )
    with steps.step("register"):
        linker = Linker(DuckDBAPI(connection).register("people"), settings())
        logging.getLogger("splink").setLevel(logging.ERROR)
    with steps.step("train: prior"):
        linker.training.estimate_probability_two_random_records_match(
            [block_on("email"), block_on("first_name", "last_name", "birth_date")], recall=0.7
        )
    with steps.step("train: u"):
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=_SEED)
    with steps.step("train: expectation maximisation"):
        # Rules that a placeholder is not in, and of few pairs: the quickest training that it can have.
        for rule in (block_on("first_name", "last_name"), block_on("birth_date", "postcode")):
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
    with steps.step("predict"):
        predicted = linker.inference.predict(threshold_match_probability=_PREDICT_AT)
    with steps.step("cluster"):
        clustered = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_probability=_CLUSTER_AT
        )
    pairs = connection.execute(f"select count(*) from {predicted.physical_name}").fetchall()[0][0]
    if asked.clusters:
        connection.execute(
            f"copy (select record_id, cluster_id from {clustered.physical_name}) to '{asked.clusters}'"
        )
    sys.stdout.write(steps.document(counts={"pairs": pairs}) + "\n")


_NAMES = (
    "coalesce(first_name, split_part(full_name, ' ', 1)) as first_name, "
    "coalesce(last_name, nullif(split_part(full_name, ' ', -1), full_name)) as last_name"
)


if __name__ == "__main__":
    main()
