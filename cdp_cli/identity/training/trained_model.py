"""A trained model, and its row in identity_models: parameters, frozen term frequencies, and a report."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cdp_cli.identity.linking import comparisons as compared
from cdp_cli.identity.linking.comparisons import Comparison

SCHEMA = pa.schema(
    [
        ("version", pa.string()),
        ("trained_at", pa.timestamp("us")),
        ("settings", pa.string()),
        ("frequencies", pa.string()),
        ("report", pa.string()),
    ]
)


@dataclass(frozen=True)
class Model:
    """A trained model: Splink's settings, the frozen term frequencies by column and value, and how it came.

    `version` names its content: equal data trains an equal model of the same version.
    """

    version: str
    settings: dict[str, Any]
    frequencies: dict[str, dict[str, float]]
    report: dict[str, Any]

    def share_different(self, comparison: str) -> float | None:
        """How often two records of one person plainly differ in a comparison; None where it is not made."""
        for entry in self.settings["comparisons"]:
            if entry["output_column_name"] == comparison:
                return float(entry["comparison_levels"][-1]["m_probability"])
        return None

    @property
    def caps(self) -> dict[str, int]:
        """The most records that a block may have, for blocking rules whose larger ones are not worth it."""
        return dict(self.report.get("caps", {}))

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons of the model, in its order."""
        by_name = {comparison.name: comparison for comparison in compared.ALL}
        return tuple(by_name[entry["output_column_name"]] for entry in self.settings["comparisons"])


def stored(model: Model, trained_at: dt.datetime) -> pa.Table:
    """A model as a row of identity_models, in the columns of SCHEMA."""
    return pa.table(
        {
            "version": [model.version],
            "trained_at": [trained_at],
            "settings": [json.dumps(model.settings)],
            "frequencies": [json.dumps(model.frequencies, ensure_ascii=False)],
            "report": [json.dumps(model.report)],
        },
        schema=SCHEMA,
    )


def newest(models: pa.Table) -> Model:
    """The model in force: the one trained last."""
    order = [("trained_at", "descending"), ("version", "ascending")]
    row = models.sort_by(order).slice(0, 1).to_pylist()[0]
    return Model(
        row["version"], json.loads(row["settings"]), json.loads(row["frequencies"]), json.loads(row["report"])
    )
