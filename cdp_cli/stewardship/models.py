"""Trains, accepts and restores models of a warehouse."""

from __future__ import annotations

import pyarrow as pa

from cdp_cli.identity.inputs import Input
from cdp_cli.identity.training.trained_model import Model
from cdp_cli.relations import Relations
from cdp_cli.stewardship.decision_log import need_build, now
from cdp_cli.stewardship.reading import read_all
from cdp_cli.stewardship.retraining import Retraining, accepted, restored, retrain
from cdp_cli.stewardship.settings import IdentitySettings
from cdp_cli.warehouse import Warehouse

TrainingInput = tuple[Input, pa.Table, pa.Table]


def train_anew(given: TrainingInput, settings: IdentitySettings) -> tuple[Model, Retraining]:
    """A model trained on what `read_training_input` returned, and what it would change. Stores nothing."""
    return retrain(*given, now(), settings.bands, settings.guard)


def read_training_input(warehouse: Warehouse, relations: Relations) -> TrainingInput:
    """What training needs of a warehouse, which may be let go of then."""
    need_build(warehouse, relations, "identity_assignments")
    return read_all(warehouse, relations)


def accept_model(warehouse: Warehouse, relations: Relations, model: Model) -> str:
    """Store a model, so that the next build uses it. Returns its version."""
    stored = warehouse.arrow(f"select version, trained_at from {relations.ref('identity_models')}")
    return _store(warehouse, relations, accepted(model, stored, now()))


def restore_model(warehouse: Warehouse, relations: Relations, version: str) -> str:
    """Make the next build use an earlier model. Returns the version that it is stored as."""
    need_build(warehouse, relations, "identity_models")
    models = warehouse.arrow(f"select * from {relations.ref('identity_models')} order by trained_at")
    return _store(warehouse, relations, restored(version, models, now()))


def _store(warehouse: Warehouse, relations: Relations, row: pa.Table) -> str:
    warehouse.append(*relations.ref("identity_models"), row)
    version: str = row.column("version")[0].as_py()
    return version
