"""The keys of a destination's YAML, validated. The file is both its code and its documentation."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from cdp_cli.destinations import templates
from cdp_cli.destinations.base import Idempotency, Verb
from cdp_cli.destinations.evidence import Accept, Evidence, Path, PathOfField
from cdp_cli.destinations.fields import HASHES, STEPS

_SIZE = re.compile(r"(\d+)\s*(kB|MB|B)?")
_UNITS = {None: 1, "B": 1, "kB": 1_000, "MB": 1_000_000}
_RATE = re.compile(r"(\d+)/(s|m|h|d)")
ANY_MEDIUM = "*"
_MEDIUM = re.compile(r"\*|[a-z][a-z0-9_]*")
_STATUS = re.compile(r"[1-5](\d\d|xx)")


def _bytes(value: Any) -> Any:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * _UNITS[found[2]] if found else value


def _rate(value: str) -> str:
    if not _RATE.fullmatch(value):
        raise ValueError(f"{value!r} is not a rate like 10/s, 150/m, 1000/h or 5000/d")
    return value


def _status(value: int | str) -> str:
    if not _STATUS.fullmatch(str(value)):
        raise ValueError(f"{value!r} is not an HTTP status like 429 or 5xx")
    return str(value)


def _medium(value: str) -> str:
    if not _MEDIUM.fullmatch(value):
        raise ValueError(f"{value!r} is not a medium like email, sms, ads or onsite")
    return value


def _without_readback(value: Idempotency | None) -> Idempotency | None:
    if value is Idempotency.READBACK:
        raise ValueError("readback is for destinations written in Python; write keyed, upsert or append_only")
    return value


Declared = Annotated[Idempotency, AfterValidator(_without_readback)]
Rate = Annotated[str, AfterValidator(_rate)]
Medium = Annotated[str, AfterValidator(_medium)]
Status = Annotated[int | str, AfterValidator(_status)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Setting(_Strict):
    """A value that a connection to the destination gives: a list id, a folder, a format."""

    description: str
    required: bool = False
    required_by: tuple[str, ...] = ()  # the objects that need it
    default: str | None = None
    choices: tuple[str, ...] | None = None


class FieldRule(_Strict):
    """How a column becomes the destination's field: normalised step by step, then hashed."""

    description: str = ""
    normalise: tuple[str, ...] = ()
    hash: str | None = None
    required: bool = False

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

    @field_validator("hash")
    @classmethod
    def _known_hash(cls, value: str | None) -> str | None:
        if value is not None and value not in HASHES:
            raise ValueError(f"{value!r} is not a hash; there are {', '.join(sorted(HASHES))}")
        return value


class Batching(_Strict):
    """How much fits into one request, as the vendor states it."""

    rows: int = Field(gt=0)
    bytes: int = Field(gt=0)
    row_bytes: int | None = None
    concurrency: int = Field(default=4, gt=0)

    @field_validator("bytes", "row_bytes", mode="before")
    @classmethod
    def _readable(cls, value: Any) -> Any:
        return _bytes(value)


class Answers(_Strict):
    """The meaning of each HTTP status. An exact number takes precedence over a class such as 5xx.

    | status | means | source |
    | --- | --- | --- |
    | 3xx | check: it is elsewhere, and credentials are not sent there | RFC 9110, 15.4 |
    | 400 | split: something in the request is malformed | RFC 9110, 15.5.1 |
    | 401, 403 | check: credentials are missing, or not enough | RFC 9110, 15.5.2 and 15.5.4 |
    | 402 | check: reserved; vendors use it for unpaid accounts | RFC 9110, 15.5.3 |
    | 404, 410 | check: the address is not there | RFC 9110, 15.5.5 and 15.5.11 |
    | 405, 406, 415 | check: method or media type is wrong | RFC 9110, 15.5.6, 15.5.7 and 15.5.16 |
    | 408 | doubt: the request was not complete in time, or so it says | RFC 9110, 15.5.9 |
    | 409 | refuse: it conflicts with the state of the target | RFC 9110, 15.5.10 |
    | 413 | split: the content is too large | RFC 9110, 15.5.14 |
    | 421 | retry: this connection's server does not answer for the host; not processed | RFC 9110, 15.5.20 |
    | 422 | split: a row in the content cannot be processed | RFC 9110, 15.5.21 |
    | 425 | retry: too early, so not processed | RFC 8470, 5.2 |
    | 429 | retry: too many requests | RFC 6585, 4 |
    | 503 | retry: unavailable for now | RFC 9110, 15.6.4 |
    | other 5xx | doubt: it failed, perhaps after it applied the batch | RFC 9110, 15.6 |
    | other 4xx | refuse: the class means that the request is wrong | RFC 9110, 15.5 |
    """

    retry: tuple[Status, ...] = (421, 425, 429, 503)  # nothing was taken and may be later
    split: tuple[Status, ...] = (400, 413, 422)  # something in the batch or its size
    refuse: tuple[Status, ...] = (409,)  # nothing was taken and never will be
    check: tuple[Status, ...] = (401, 402, 403, 404, 405, 406, 410, 415, "3xx")  # no batch can succeed now
    doubt: tuple[Status, ...] = (408, "5xx")  # it may have been taken
    done: tuple[Status, ...] = ()  # counts as taken, such as 404 on a removal

    def meaning(self, status: int) -> str:
        """The list that names the status, exact numbers before classes; `refuse` for any other 4xx."""
        for wanted in (str(status), f"{status // 100}xx"):
            for name in type(self).model_fields:
                if wanted in {str(entry) for entry in getattr(self, name)}:
                    return name
        return "done" if 200 <= status < 300 else "refuse"


class Call(_Strict):
    """One HTTP request: exactly one of the methods, with its path below the base URL."""

    get: str | None = None
    post: str | None = None
    put: str | None = None
    patch: str | None = None
    delete: str | None = None
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    limit: str | None = None

    @model_validator(mode="after")
    def _one_method(self) -> Call:
        if len(self._methods()) != 1:
            raise ValueError("give exactly one of get, post, put, patch, delete")
        return self

    def _methods(self) -> list[tuple[str, str]]:
        methods = ("get", "post", "put", "patch", "delete")
        return [(name.upper(), getattr(self, name)) for name in methods if getattr(self, name) is not None]

    @property
    def method(self) -> str:
        """GET, POST, ..."""
        return self._methods()[0][0]

    @property
    def path(self) -> str:
        """The path below the base URL; may hold {placeholders}."""
        return self._methods()[0][1]


class Check(Call):
    """The request that checks the connection's secrets."""

    body: Any = None
    accept: Evidence | None = None  # of the answer that accepts them; None: the status is enough


class Poll(Call):
    """How to wait for a job that the destination started; `{data.id}` takes a value of its answer."""

    status: Path
    until: tuple[str, ...]
    failed: tuple[str, ...] = ()
    accept: Evidence = Evidence()  # of the answer that says that the job has ended
    timeout: float = Field(default=600, gt=0)  # seconds, then the batch is in doubt


class Rejected(_Strict):
    """Where the rejected records are listed: in the answer itself, or behind a request of its own."""

    get: str | None = None
    params: dict[str, str] = {}
    limit: str | None = None
    when: Path | None = None  # the count of refused rows in the last answer; 0: there are none to list
    items: Path
    index: Path | None = None  # a number, or a pointer whose last number before the field is the position
    key: Path | None = None  # the record as we sent it, to be found by its match fields
    reason: Path
    next: Path | None = None  # the address of the next page

    @model_validator(mode="after")
    def _some_way(self) -> Rejected:
        if self.index is None and self.key is None:
            raise ValueError("give index or key, by which a record is found")
        return self


class Lookup(Call):
    """How match values become the vendor's own ids, many a request, before a call that needs ids."""

    by: tuple[str, ...]  # match fields, the first that a row has is used
    values: int = Field(gt=0)  # how many fit into one request
    items: Path
    value: PathOfField  # path of the matched value in an item; `{field}` is the match field
    id: Path  # path of the id in an item
    next: Path | None = None  # the address of the next page
    row: Any  # what is sent for a row; `{id}` is the id found
    accept: Evidence = Evidence()  # of each page


class Operation(Call):
    """What one verb does with a batch of rows."""

    batch: Batching
    row: Any
    body: Any = None
    idempotency: Declared | None = None
    lookup: Lookup | None = None
    poll: Poll | None = None
    rejected: Rejected | None = None
    accept: Accept | None = None  # required of an HTTP destination
    answers: Answers = Answers()

    @model_validator(mode="after")
    def _one_row_is_gone(self) -> Operation:
        if self.answers.done and self.batch.rows != 1:
            raise ValueError("answers.done needs batch.rows: 1, because one missing row hides the others")
        return self


class ObjectRule(_Strict):
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

    @property
    def operations(self) -> dict[Verb, Operation]:
        """What the object can do."""
        found = {verb: getattr(self, verb.value) for verb in Verb}
        return {verb: operation for verb, operation in found.items() if operation is not None}


class Auth(_Strict):
    """How a request is authenticated: a header made of secrets, or a signature over its body."""

    header: str | None = None
    value: str | None = None
    sign: Literal["standard_webhooks"] | None = None
    secret: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        by_header = self.header is not None and self.value is not None
        by_signature = self.sign is not None and self.secret is not None
        if by_header == by_signature:
            raise ValueError("give either header and value, or sign and secret")
        return self


class Definition(_Strict):
    """A destination as its YAML describes it."""

    destination: str
    description: str
    docs: tuple[str, ...] = ()
    kind: Literal["http", "files"] = "http"
    medium: Medium = ANY_MEDIUM  # by what people are reached: a channel of the seed purposes
    base_url: str | None = None
    secrets: dict[str, str] = {}
    settings: dict[str, Setting] = {}
    auth: Auth | None = None
    headers: dict[str, str] = {}
    error: Path | None = None  # where an error answer says what is wrong
    timeout: float = Field(default=30, gt=0)
    check: Check | None = None
    limits: dict[str, tuple[Rate, ...]] = {}
    objects: dict[str, ObjectRule] = Field(min_length=1)

    @model_validator(mode="after")
    def _limits_exist(self) -> Definition:
        for name, rule in self.objects.items():
            operations = {**rule.operations, **({Verb.REMOVE: rule.erase} if rule.erase else {})}
            for operation in operations.values():
                for call in (operation, operation.lookup, operation.poll, operation.rejected):
                    if call is not None and call.limit is not None and call.limit not in self.limits:
                        raise ValueError(
                            f"objects.{name} uses the limit {call.limit!r}, which limits does not have"
                        )
        return self

    @model_validator(mode="after")
    def _templates_are_known(self) -> Definition:
        if self.kind == "http":
            templates.check(self)
        return self


def windows(rates: tuple[str, ...]) -> list[tuple[int, float]]:
    """Rates like `10/s` as (requests, seconds)."""
    seconds = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
    found = [_RATE.fullmatch(rate) for rate in rates]
    return [(int(match[1]), seconds[match[2]]) for match in found if match]
