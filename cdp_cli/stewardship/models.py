"""Trains, accepts and restores models of a warehouse."""

from __future__ import annotations

import pyarrow as pa

from cdp_cli.identity.inputs import Input
from cdp_cli.identity.training.trained_model import Model
from cdp_cli.stewardship.decision_log import need_build, now
from cdp_cli.stewardship.reading import read_all
from cdp_cli.stewardship.retraining import Retraining, accepted, restored, retrain
from cdp_cli.stewardship.settings import IdentitySettings
from cdp_cli.warehouse import Warehouse

TrainingInput = tuple[Input, pa.Table, pa.Table]


def train_anew(given: TrainingInput, settings: IdentitySettings) -> tuple[Model, Retraining]:
    """A model trained on what `read_training_input` returned, and what it would change. Stores nothing."""
    return retrain(*given, now(), settings.bands, settings.guard)


def read_training_input(warehouse: Warehouse) -> TrainingInput:
    """What training needs of a warehouse, which may be let go of then."""
    need_build(warehouse, "identity_assignments")
    return read_all(warehouse)


def accept_model(warehouse: Warehouse, model: Model) -> str:
    """Store a model, so that the next build uses it. Returns its version."""
    stored = warehouse.arrow("select version, trained_at from identity.identity_models")
    return _store(warehouse, accepted(model, stored, now()))


def restore_model(warehouse: Warehouse, version: str) -> str:
    """Make the next build use an earlier model. Returns the version that it is stored as."""
    need_build(warehouse, "identity_models")
    models = warehouse.arrow("select * from identity.identity_models order by trained_at")
    return _store(warehouse, restored(version, models, now()))


def _store(warehouse: Warehouse, row: pa.Table) -> str:
    warehouse.append("identity", "identity_models", row)
    version: str = row.column("version")[0].as_py()
    return version
