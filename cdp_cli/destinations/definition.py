"""The keys of a destination's YAML, validated. The file is both its code and its documentation."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator, model_validator

from cdp_cli.destinations import samples, templates
from cdp_cli.destinations.auth.keys import Auth
from cdp_cli.destinations.base import Verb
from cdp_cli.destinations.conversions import TYPES
from cdp_cli.destinations.fields import HASHES, STEPS
from cdp_cli.destinations.operations import Check, Declared, Operation
from cdp_cli.destinations.paths import Path
from cdp_cli.destinations.rate_headers import RateHeaders
from cdp_cli.destinations.strict import Strict

_RATE = re.compile(r"(\d+)/(\d*)(s|m|h|d)")
_PROTOCOL = re.compile(r"[a-z][a-z0-9_]*")
_MEDIUM = re.compile(r"\*|[a-z][a-z0-9_]*")
ANY_MEDIUM = "*"


def _rate(value: str) -> str:
    if not _RATE.fullmatch(value):
        raise ValueError(f"{value!r} is not a rate like 10/s, 100/10s, 150/m, 1000/h or 5000/d")
    return value


def _protocol(value: str) -> str:
    if not _PROTOCOL.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a protocol like http, files or postgres")
    return value


def _medium(value: str) -> str:
    if not _MEDIUM.fullmatch(value):
        raise ValueError(f"{value!r} is not a medium like email, sms, ads or onsite")
    return value


Value = str | int | bool
Rate = Annotated[str, AfterValidator(_rate)]
Protocol = Annotated[str, AfterValidator(_protocol)]
Medium = Annotated[str, AfterValidator(_medium)]


class Setting(Strict):
    """A value that a connection to the destination gives: a list id, a folder, a format."""

    description: str
    required: bool = False
    required_by: tuple[str, ...] = ()  # the objects that need it
    default: str | None = None
    choices: tuple[str, ...] | None = None


class FieldRule(Strict):
    """How a column becomes the destination's field: normalised, translated, converted, then hashed."""

    description: str = ""
    normalise: tuple[str, ...] = ()
    translations: dict[Value, Value] = Field(default_factory=dict, alias="values")  # ours to theirs
    kind: str | None = Field(default=None, alias="as")
    separator: str = Field(default=",", min_length=1)  # of the parts of a text, with as: list
    hash: str | None = None
    required: bool = False
    max_length: int | None = Field(default=None, gt=0)  # in characters; a longer value makes the row invalid

    @field_validator("normalise", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("normalise")
    @classmethod
    def _known_steps(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for step in value:
            if step not in STEPS:
                raise ValueError(f"{step!r} is not a normaliser; there are {', '.join(sorted(STEPS))}")
        return value

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, value: str | None) -> str | None:
        if value is not None and value not in TYPES:
            raise ValueError(f"{value!r} is not a type; there are {', '.join(TYPES)}")
        return value

    @model_validator(mode="after")
    def _one_type(self) -> FieldRule:
        kinds = {type(value) for value in self.translations.values()}
        if len(kinds) > 1:
            raise ValueError("the words in `values` have different types")
        return self

    @field_validator("hash")
    @classmethod
    def _known_hash(cls, value: str | None) -> str | None:
        if value is not None and value not in HASHES:
            raise ValueError(f"{value!r} is not a hash; there are {', '.join(sorted(HASHES))}")
        return value


class ObjectRule(Strict):
    """One object of the destination: its match fields, its fields and its operations."""

    description: str
    medium: Medium | None = None  # if it is not the destination's
    match: tuple[str, ...] = Field(min_length=1)
    idempotency: Declared
    fields: dict[str, FieldRule]
    check: Check | None = None
    upsert: Operation | None = None
    create: Operation | None = None
    update: Operation | None = None
    remove: Operation | None = None
    add_member: Operation | None = None
    remove_member: Operation | None = None
    append: Operation | None = None
    erase: Operation | None = None

    @cached_property
    def operations(self) -> dict[Verb, Operation]:
        """What the object can do."""
        found = {verb: getattr(self, verb.value) for verb in Verb}
        return {verb: operation for verb, operation in found.items() if operation is not None}

    @property
    def everything(self) -> dict[str, Operation]:
        """All operations by key, `erase` among them."""
        found = {verb.value: operation for verb, operation in self.operations.items()}
        return {**found, **({"erase": self.erase} if self.erase is not None else {})}


class Definition(Strict):
    """A destination as its YAML describes it."""

    destination: str
    description: str
    docs: tuple[str, ...] = ()
    protocol: Protocol = "http"  # another one is a Python module of that name
    medium: Medium = ANY_MEDIUM  # by what people are reached: a channel of the seed purposes
    base_url: str | None = None
    secrets: dict[str, str] = Field(default_factory=dict)
    settings: dict[str, Setting] = Field(default_factory=dict)
    auth: Auth | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    error: Path | None = None  # where an error answer says what is wrong
    timeout: float = Field(default=30, gt=0)
    rate: RateHeaders | None = None
    check: Check | None = None
    limits: dict[str, tuple[Rate, ...]] = Field(default_factory=dict)
    objects: dict[str, ObjectRule] = Field(min_length=1)

    @model_validator(mode="after")
    def _limits_exist(self) -> Definition:
        for name, rule in self.objects.items():
            for operation in rule.everything.values():
                for call in (
                    operation.lookup,
                    *operation.calls,
                    *(o for c in operation.calls for o in c.outcomes),
                ):
                    if call is not None and call.limit is not None and call.limit not in self.limits:
                        raise ValueError(
                            f"objects.{name} uses the limit {call.limit!r}, which limits does not have"
                        )
        return self

    @model_validator(mode="after")
    def _templates_are_known(self) -> Definition:
        if self.protocol == "http":
            templates.check(self)
            samples.check(self)
        return self


def windows(rates: tuple[str, ...]) -> list[tuple[int, float]]:
    """Rates like `10/s` and `100/10s` as (requests, seconds)."""
    seconds = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
    found = [_RATE.fullmatch(rate) for rate in rates]
    return [(int(match[1]), int(match[2] or 1) * seconds[match[3]]) for match in found if match]
