"""What an activation model's `meta.sync` may say, validated: where rows go, in which mode and for what."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cdp_cli.destinations.base import Destination, Verb
from cdp_cli.errors import FixConfiguration
from cdp_cli.project import ModelNode, Project
from cdp_cli.relations import Relation, Relations

PROFILE_ID = "profile_id"
RESERVED = "_cdp_"


class Mode(enum.Enum):
    """What a sync does with the rows of its model."""

    UPSERT = "upsert"  # create or update, never remove
    UPDATE = "update"  # update what the destination has, never create or remove
    CREATE = "create"  # create once, never touch again
    MIRROR = "mirror"  # create, update, and remove what we sent and the model no longer has
    AUDIENCE = "audience"  # add and remove members
    APPEND = "append"  # send each event once

    @property
    def put(self) -> Verb:
        """The verb that puts a row to the destination."""
        return _PUT[self]

    @property
    def remove(self) -> Verb | None:
        """The verb that removes a row; None if the mode never removes."""
        return _REMOVE.get(self)

    @property
    def once(self) -> bool:
        """Whether a row that the destination has is never sent again, even if it changed."""
        return self in (Mode.CREATE, Mode.APPEND)


_PUT = {
    Mode.UPSERT: Verb.UPSERT,
    Mode.UPDATE: Verb.UPDATE,
    Mode.CREATE: Verb.CREATE,
    Mode.MIRROR: Verb.UPSERT,
    Mode.AUDIENCE: Verb.ADD_MEMBER,
    Mode.APPEND: Verb.APPEND,
}
_REMOVE = {Mode.MIRROR: Verb.REMOVE, Mode.AUDIENCE: Verb.REMOVE_MEMBER}


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class SyncSpec(BaseModel):
    """One sync as its author declares it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str = Field(description="A name in `connections.yml`.")
    object: str = Field(
        description="An object of the destination, or a name that the connection gives to one."
    )
    mode: Mode = Field(description="What happens with the rows: see the modes.")
    purpose: str = Field(description="A purpose of the seed `purposes`. Only people who granted it are sent.")
    key: Annotated[tuple[str, ...], BeforeValidator(_list)] = Field(
        default=(PROFILE_ID,),
        min_length=1,
        description="The columns that identify a row over time. With `append`, the id of the event.",
    )
    nulls: Mapping[str, Literal["omit", "clear"]] = Field(
        default={}, description="By column: `omit` leaves a null out (the default), `clear` sends it."
    )
    removal_guard: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="The share of the rows sent before that one run may remove without confirmation.",
    )
    removal_floor: int = Field(
        default=0,
        ge=0,
        description="Up to so many rows one run may remove without confirmation, whatever their share.",
    )
    holdout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="The share of people who are never sent, always the same ones, to measure against.",
    )
    yields_to: Annotated[tuple[str, ...], BeforeValidator(_list)] = Field(
        default=(), description="Syncs whose people this one does not send."
    )


@dataclass(frozen=True)
class Sync:
    """A sync and the table that it sends.

    `relations` are the project's: consent is read from them, and what was sent is reported to them.
    `yields_to` are the tables of the syncs that go first.
    """

    name: str
    relation: Relation
    path: str
    spec: SyncSpec
    relations: Relations
    yields_to: tuple[Relation, ...] = ()


def choose_names(project: Project, names: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of all syncs, or `names` once each, sorted.

    Raises FixConfiguration if a name is unknown.
    """
    known = {model.name for model in project.syncs}
    for name in names:
        if name not in known:
            raise FixConfiguration(
                f"There is no sync {name!r}.", _did_you_mean(name, known, "models/activation/")
            )
    return tuple(sorted(set(names) or known))


def load_sync(project: Project, name: str) -> Sync:
    """The sync of this name. Raises FixConfiguration if its meta is wrong."""
    by_name = {model.name: model for model in project.syncs}
    return _sync(by_name[name], by_name, project.relations)


def check_names(sync: Sync, columns: Sequence[str]) -> None:
    """Check that the columns' names can be told apart from each other and from the engine's own.

    Raises FixConfiguration with the first column that cannot, or if there is no profile_id.
    """
    if PROFILE_ID not in columns:
        raise FixConfiguration(
            f"Sync {sync.name} ({sync.path}) does not select profile_id.",
            "Select it: consent is checked by profile.",
        )
    seen: dict[str, str] = {}
    for column in columns:
        if column.lower().startswith(RESERVED):
            raise FixConfiguration(
                f"Sync {sync.name} ({sync.path}) selects the column {column!r}, whose name is reserved.",
                f"Rename it: names that begin with {RESERVED} are the engine's own.",
            )
        other = seen.setdefault(column.lower(), column)
        if other != column:
            raise FixConfiguration(
                f"Sync {sync.name} ({sync.path}) selects the columns {other!r} and {column!r}, "
                "whose names differ only by case.",
                "Rename one of them.",
            )


def check_columns(sync: Sync, columns: Sequence[str], destination: Destination) -> None:
    """Check the sync against its table and its destination's object before anything is read or sent.

    Raises FixConfiguration with the column, verb or key that does not fit.
    """
    spec = sync.spec
    check_names(sync, columns)
    for field, place in [*((key, "key") for key in spec.key), *((null, "nulls") for null in spec.nulls)]:
        if field not in columns:
            raise FixConfiguration(
                f"Sync {sync.name} names the column {field!r} in {place}, which {sync.path} does not select.",
                _did_you_mean(field, columns, sync.path),
            )
    for verb in (spec.mode.put, spec.mode.remove):
        if verb is not None and verb not in destination.verbs:
            able = ", ".join(mode.value for mode in Mode if _able(mode, destination.verbs)) or "none"
            raise FixConfiguration(
                f"Sync {sync.name} has mode {spec.mode.value!r}, which {spec.object!r} of connection "
                f"{spec.connection!r} cannot do.",
                f"Modes that it can do: {able}.",
            )
    if spec.mode.remove is not None and not match_columns(columns, destination):
        raise FixConfiguration(
            f"Sync {sync.name} removes, but {sync.path} selects none of the destination's match fields.",
            f"Select at least one of: {', '.join(destination.match_fields)}.",
        )


def match_columns(columns: Sequence[str], destination: Destination) -> tuple[str, ...]:
    """The match fields of the destination that the payload has, the strongest first."""
    return tuple(field for field in destination.match_fields if field in columns)


def _able(mode: Mode, verbs: frozenset[Verb]) -> bool:
    return mode.put in verbs and (mode.remove is None or mode.remove in verbs)


def _sync(model: ModelNode, by_name: Mapping[str, ModelNode], relations: Relations) -> Sync:
    meta = model.meta["sync"]
    if not isinstance(meta, Mapping):
        raise FixConfiguration(
            f"Sync {model.name} ({model.path}): meta.sync is not a mapping.", "See docs/reference/syncs.md."
        )
    try:
        spec = SyncSpec.model_validate(dict(meta))
    except ValidationError as error:
        raise FixConfiguration(
            f"Sync {model.name} ({model.path}): {_first(error)}", "See docs/reference/syncs.md."
        ) from error
    for other in spec.yields_to:
        if other not in by_name or other == model.name:
            raise FixConfiguration(
                f"Sync {model.name} yields to {other!r}, which is not another sync.",
                _did_you_mean(other, by_name, model.path),
            )
    first = tuple(by_name[other].relation for other in spec.yields_to)
    return Sync(model.name, model.relation, model.path, spec, relations, first)


def _first(error: ValidationError) -> str:
    """The first thing wrong, as a sentence with the key's name."""
    # A mistyped key is also a missing one: the typing error comes first.
    wrong = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")[0]
    key = ".".join(str(part) for part in wrong["loc"])
    if wrong["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, list(SyncSpec.model_fields), n=1)
        return f"unknown key {key!r}{f', did you mean {close[0]!r}?' if close else '.'}"
    if wrong["type"] == "missing":
        return f"the key {key!r} is missing."
    return f"{key!r} is wrong: {wrong['msg'][0].lower()}{wrong['msg'][1:]}."


def _did_you_mean(name: str, known: Iterable[str], place: str) -> str:
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {', '.join(close)}?"
    return f"There are: {', '.join(known)}." if known else f"There is none yet in {place}."
