"""The keys of an operation: its calls, what a good answer is, and where the outcome of each row stands."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from cdp_cli.destinations.answers import Answers, Values
from cdp_cli.destinations.base import Idempotency
from cdp_cli.destinations.evidence import ANY_ACKNOWLEDGEMENT, Evidences
from cdp_cli.destinations.paths import Path, PathOfField
from cdp_cli.destinations.placeholders import names, texts
from cdp_cli.destinations.strict import Strict

_SIZE = re.compile(r"(\d+)\s*(kB|MB|B)?")
_UNITS = {None: 1, "B": 1, "kB": 1_000, "MB": 1_000_000}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
METHODS = ("get", "post", "put", "patch", "delete")
# What a position in the steps needs besides the values that were kept.
STEP, SINCE, ASKED, UNREAD = "step", "since", "asked", "unread"


def _bytes(value: Any) -> Any:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * _UNITS[found[2]] if found else value


def _without_readback(value: Idempotency | None) -> Idempotency | None:
    if value is Idempotency.READBACK:
        raise ValueError("readback is for destinations written in Python; write keyed, upsert or append_only")
    return value


def _name(value: str) -> str:
    if not _NAME.fullmatch(value) or value in (STEP, SINCE, ASKED, UNREAD):
        raise ValueError(f"{value!r} cannot be a name; use lower-case letters, digits and _")
    return value


Declared = Annotated[Idempotency, AfterValidator(_without_readback)]
Name = Annotated[str, AfterValidator(_name)]


class Batching(Strict):
    """How much fits into one request, as the vendor states it."""

    rows: int = Field(gt=0)
    bytes: int = Field(gt=0)
    row_bytes: int | None = None
    concurrency: int = Field(default=4, gt=0)

    @field_validator("bytes", "row_bytes", mode="before")
    @classmethod
    def _readable(cls, value: Any) -> Any:
        return _bytes(value)


class Call(Strict):
    """One HTTP request: exactly one of the methods, with its path below the base URL."""

    get: str | None = None
    post: str | None = None
    put: str | None = None
    patch: str | None = None
    delete: str | None = None
    params: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    limit: str | None = None
    body: Any = None
    encode: Literal["json", "json_lines", "form", "multipart", "csv", "none"] = "json"
    gzip: bool = False
    cleared: str = ""  # what a cleared value is in CSV
    sample: Any = None  # an answer as the vendor documents it; every path must exist in it

    @model_validator(mode="after")
    def _one_method(self) -> Call:
        if len(self._methods()) != 1:
            raise ValueError("give exactly one of get, post, put, patch, delete")
        return self

    def _methods(self) -> list[tuple[str, str]]:
        return [(name.upper(), getattr(self, name)) for name in METHODS if getattr(self, name) is not None]

    @property
    def method(self) -> str:
        """GET, POST, ..."""
        return self._methods()[0][0]

    @property
    def path(self) -> str:
        """The path below the base URL; may hold {placeholders}."""
        return self._methods()[0][1]

    @cached_property
    def is_flat(self) -> bool:
        """Whether a row has no place for objects in it: as CSV or as a form."""
        parts = self.body.values() if self.encode == "multipart" and isinstance(self.body, dict) else ()
        in_file = any(isinstance(part, dict) and part.get("encode") == "csv" for part in parts)
        return self.encode in ("csv", "form") or in_file

    @cached_property
    def carries_rows(self) -> bool:
        """Whether the request sends the rows, or names them in its address."""
        if any(text in ("$rows", "$row") or text.startswith("$row.") for text in texts(self.body)):
            return True
        named = {name.partition(".")[0] for text in (self.path, *texts(self.params)) for name in names(text)}
        return bool(named & {"row", "rows"})


class Check(Call):
    """The request that checks the connection's secrets."""

    accept: Evidences | None = None  # of the answer that accepts them; None: the status is enough
    account: Path | None = None  # the id of the account that the secrets belong to
    answers: Answers = Answers()


class Condition(Strict):
    """What an item of the answer says; all that is given must hold."""

    when: dict[Path, Values] = Field(default_factory=dict)
    absent: Path | None = None
    present: Path | None = None

    @property
    def is_given(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.when) or self.absent is not None or self.present is not None


class Refusal(Condition):
    """Which items are refusals; without a condition all are. `reason` is the first path with a text."""

    reason: tuple[Path, ...] = ()

    @field_validator("reason", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class RowOf(Strict):
    """Which row an item means.

    `position`: the item stands where the row stood. `index`: a number, a pointer whose first number is the
    position, or a list of them. `key`: the record, or one match value of it. `trace`: the text made with
    {row.index}, or a list.
    """

    by: Literal["position", "index", "key", "trace"]
    at: Path = ""
    count: Path | None = None  # how many rows an item means, where `at` is a list

    @model_validator(mode="after")
    def _place(self) -> RowOf:
        if (self.by == "position" and self.at) or (self.by in ("index", "trace") and not self.at):
            raise ValueError("give `at` for index and trace, and not for position")
        return self


class Outcomes(Strict):
    """What became of each row: listed in the answer itself, or behind a request of its own.

    `each: row` lists all rows: a row without an entry is unknown. `each: error` lists refused rows alone.
    """

    get: str | None = None
    params: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    limit: str | None = None
    next: Path | None = None  # the address of the next page
    format: Literal["json", "csv"] = "json"
    accept: Evidences = ANY_ACKNOWLEDGEMENT  # of each page behind `get`
    items: tuple[Path, ...]
    each: Literal["row", "error"]
    row: tuple[RowOf, ...] = Field(min_length=1)  # the first that finds a row counts
    refused: Refusal = Refusal()
    accepted: Condition = Condition()  # of `each: row`; without it all that is not refused
    remote_id: Path | None = None  # an accepted item has it
    count: Path | None = None  # the number of refused rows in the step's answer; 0: there is no list to read
    sample: Any = None  # of `get`

    @cached_property
    def call(self) -> Call:
        """The request for the list; only if there is one."""
        return Call(get=self.get, params=self.params, headers=self.headers, limit=self.limit)

    @field_validator("items", "row", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, (str, dict)) else value

    @model_validator(mode="after")
    def _whole(self) -> Outcomes:
        if self.format == "csv" and self.get is None:
            raise ValueError("format: csv is for a list behind `get`")
        if self.each == "error" and (self.accepted.is_given or self.remote_id):
            raise ValueError("accepted and remote_id are for each: row")
        return self


class Lookup(Call):
    """How match values become the vendor's own ids, many a request, before a call that needs ids.

    The values stand in a path or parameter as {values}, JSON texts with commas, as {quoted_values}, in single
    quotes with backslashes before quotes and backslashes, or as {plain_values}, without quotes; in a body as
    $values, each made by `each`.
    """

    by: tuple[str, ...]  # match fields; what one does not find, the next may
    values: int = Field(gt=0)  # how many fit into one request
    each: Any = "{value}"
    items: Path
    value: (
        PathOfField  # path of the matched value in an item; {field} is the match field, a setting its value
    )
    id: Path  # path of the id in an item
    next: Path | None = None  # the address of the next page
    row: Any  # what is sent for a row; `{id}` is the id found
    accept: Evidences = ANY_ACKNOWLEDGEMENT  # of each page
    answers: Answers = Answers()
    missing: Literal["retry", "absent", "refuse"] | None = None  # None: absent for removals, else refuse

    @model_validator(mode="after")
    def _one_value_is_gone(self) -> Lookup:
        if self.answers.done and self.values != 1:
            raise ValueError("answers.done needs values: 1, because one missing value hides the others")
        return self


class Found(Strict):
    """A value of the answer: a state that a job reached."""

    path: Path
    values: Values = Field(min_length=1)


class Exchange(Call):
    """A request with what its answer must contain and what it says about the rows."""

    accept: Evidences | None = None
    answers: Answers = Answers()
    outcomes: tuple[Outcomes, ...] = ()

    @field_validator("outcomes", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict) else value


class Step(Exchange):
    """One call of an operation that takes several."""

    name: Name
    # Values of the answer that later steps need. They are written into the ledger.
    keep: dict[Name, Path] = Field(default_factory=dict)
    until: Found | None = None  # asked again until the answer says so
    failed: Found | None = None  # an answer that ends the batch in doubt
    every: float = Field(default=1.0, gt=0)  # seconds between two questions, doubled up to `slowest`
    slowest: float = Field(default=60.0, gt=0)
    within: float = Field(default=86_400.0, gt=0)  # seconds; after that the batch is in doubt


class Operation(Exchange):
    """What one verb does with a batch of rows: one call, or several steps."""

    batch: Batching
    row: Any
    idempotency: Declared | None = None
    lookup: Lookup | None = None
    steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _one_method(self) -> Operation:
        """One call or steps; replaces the check of a call."""
        if not self.steps:
            if len(self._methods()) != 1:
                raise ValueError("give exactly one of get, post, put, patch, delete, or steps")
            return self
        for key in (*METHODS, *Exchange.model_fields):
            if key in self.model_fields_set:
                raise ValueError(f"give {key} in a step, not beside steps")
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError("two steps have the same name")
        if self.steps[-1].keep:
            raise ValueError(f"steps.{names[-1]} keeps something, and no step follows")
        told = [bool(step.outcomes) for step in self.steps]
        if sorted(told) != told:
            raise ValueError("outcomes stand in the last steps")
        if self.lookup is not None and any(step.keep or step.until for step in self.steps):
            raise ValueError("a lookup cannot go with steps that wait, because its ids are not kept")
        return self

    @model_validator(mode="after")
    def _one_row_is_gone(self) -> Operation:
        if any(call.answers.done for call in self.calls) and self.batch.rows != 1:
            raise ValueError("answers.done needs batch.rows: 1, because one missing row hides the others")
        return self

    @property
    def template(self) -> Any:
        """The template of a row; `$values` is an object in the ledger and an array in the body."""
        return "$fields" if self.row == "$values" else self.row

    @property
    def sent(self) -> Any:
        """The template of a row as it is sent: a look-up replaces it."""
        return self.lookup.row if self.lookup is not None else self.template

    @cached_property
    def calls(self) -> tuple[Step, ...]:
        """The steps; an operation of one call is one step."""
        if self.steps:
            return self.steps
        own = {name: getattr(self, name) for name in Exchange.model_fields}
        return (Step.model_construct(name="send", **own),)
