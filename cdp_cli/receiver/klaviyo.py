"""The part of Klaviyo's API that our destination uses, as in its OpenAPI file, revision 2026-07-15."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from cdp_cli.receiver.exchange import Reply, Request
from cdp_cli.receiver.store import Store

DESTINATION, PROFILES = "klaviyo", "profiles"
MAX_ROWS, MAX_BYTES, MAX_ROW_BYTES, MAX_MEMBERS = 10_000, 5_000_000, 100_000, 1_000
_CONTENT_TYPE = "application/vnd.api+json"
_CREATED = "2026-01-01T00:00:00+00:00"  # of everything that it creates; no test reads it
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_LIST_ID = re.compile(r"[A-Za-z0-9]{6}")
_FILTER = re.compile(r"(any|equals)\((id|email|phone_number|external_id),(.*)\)")
_IDENTIFIERS = ("external_id", "email", "phone_number")
_ATTRIBUTES = {
    *_IDENTIFIERS,
    *("first_name", "last_name", "organization", "locale", "title", "image", "location", "properties", "_kx"),
}


class Klaviyo:
    """Profiles, lists, bulk import jobs and deletion."""

    def __init__(self, store: Store, api_key: str) -> None:
        self._store = store
        self._authorization = f"Klaviyo-API-Key {api_key}"
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = [
            ("POST", re.compile(r"/api/profile-bulk-import-jobs"), self._import),
            ("GET", re.compile(r"/api/profile-bulk-import-jobs/([\w-]+)"), self._job),
            ("GET", re.compile(r"/api/profile-bulk-import-jobs/([\w-]+)/import-errors"), self._import_errors),
            ("GET", re.compile(r"/api/profiles"), self._profiles),
            ("GET", re.compile(r"/api/lists"), self._lists),
            ("GET", re.compile(r"/api/lists/([^/]+)"), self._list),
            ("POST", re.compile(r"/api/lists/([^/]+)/relationships/profiles"), self._add_members),
            ("DELETE", re.compile(r"/api/lists/([^/]+)/relationships/profiles"), self._remove_members),
            ("POST", re.compile(r"/api/data-privacy-deletion-jobs"), self._delete),
        ]

    def handle(self, request: Request) -> Reply:
        """Answer one request."""
        if request.headers.get("authorization") != self._authorization:
            return _error(401, "authentication_failed", "Incorrect authentication credentials.")
        if not request.headers.get("revision"):
            return _error(400, "invalid", "A revision header is required.")
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(request.path.rstrip("/"))
            if found and method == request.method:
                with self._store.transaction():
                    return handler(request, *found.groups())
        return _error(404, "not_found", f"No resource at {request.path}.")

    def _import(self, request: Request) -> Reply:
        if len(request.body) > MAX_BYTES:
            return _error(413, "payload_too_large", "The payload is larger than 5MB.")
        data = _mapping(request.json()).get("data")
        rows = _dig(data, "attributes", "profiles", "data")
        if _dig(data, "type") != "profile-bulk-import-job" or not isinstance(rows, list):
            return _error(
                400, "invalid", "'data.attributes.profiles.data' is required.", "/data/attributes/profiles"
            )
        if not 0 < len(rows) <= MAX_ROWS:
            return _error(
                400, "invalid", "1 to 10,000 profiles are accepted.", "/data/attributes/profiles/data"
            )
        lists = [_dig(entry, "id") for entry in _dig(data, "relationships", "lists", "data") or []]
        missing = [list_id for list_id in lists if not _LIST_ID.fullmatch(str(list_id))]
        if missing:
            return _error(404, "not_found", f"A list with id {missing[0]} does not exist.")
        for position, row in enumerate(rows):
            pointer = f"/data/attributes/profiles/data/{position}"
            attributes = _dig(row, "attributes")
            if _dig(row, "type") != "profile" or not isinstance(attributes, dict):
                return _error(400, "invalid", "A profile needs type and attributes.", pointer)
            for name in attributes.keys() - _ATTRIBUTES:
                return _error(
                    400, "invalid", f"'{name}' is not a valid field for the resource 'profile'.", pointer
                )
        job_id = str(uuid.uuid4())
        good, errors = _sorted_out(rows, request)
        ids = self._upsert(good, job_id)
        for list_id in lists:
            self._join(str(list_id), ids, job_id)
        counts = {"total_count": len(rows), "completed_count": len(rows), "failed_count": len(errors)}
        self._store.keep_job(job_id, {"counts": counts, "errors": errors})
        return _data(202, _job(job_id, "queued", {**counts, "completed_count": 0, "failed_count": 0}))

    def _upsert(self, rows: list[dict[str, Any]], request: str) -> list[str]:
        """Merge the attributes into the profiles that the identifiers name; the ids, in order."""
        named = [
            [(kind, str(row[kind]).casefold()) for kind in _IDENTIFIERS if row.get(kind)] for row in rows
        ]
        known = self._store.identify(pair for pairs in named for pair in pairs)
        old = self._store.contents(DESTINATION, PROFILES, set(known.values()))
        number = self._store.next_number()
        ids: list[str] = []
        contents: dict[str, dict[str, Any]] = {}
        for position, (row, pairs) in enumerate(zip(rows, named, strict=True)):
            profile_id = next(
                (known[pair] for pair in pairs if pair in known), f"01P{number + position:023d}"
            )
            merged = dict(contents.get(profile_id) or old.get(profile_id, {}))
            for name, value in row.items():
                if isinstance(value, dict):
                    value = {**(merged.get(name) or {}), **value}
                    merged[name] = {key: inner for key, inner in value.items() if inner is not None}
                elif value is None:
                    merged.pop(name, None)
                else:
                    merged[name] = value
            contents[profile_id] = merged
            known.update(dict.fromkeys(pairs, profile_id))
            ids.append(profile_id)
        now = [
            (kind, str(merged[kind]).casefold(), profile_id)
            for profile_id, merged in contents.items()
            for kind in _IDENTIFIERS
            if merged.get(kind)
        ]
        # An address that a profile no longer has must not find it.
        self._store.forget_identifiers(contents.keys() & old.keys())
        self._store.set_identifiers(now)
        self._store.apply(DESTINATION, PROFILES, "upsert", contents.items(), request)
        return ids

    def _join(self, list_id: str, ids: list[str], request: str) -> None:
        members = self._store.contents(DESTINATION, PROFILES, ids)
        rows = [(key, {kind: members[key].get(kind) for kind in _IDENTIFIERS}) for key in dict.fromkeys(ids)]
        self._store.apply(DESTINATION, f"list:{list_id}", "add_member", rows, request)

    def _job(self, request: Request, job_id: str) -> Reply:
        job = self._store.job(job_id)
        if job is None:
            return _error(404, "not_found", "A job with this id does not exist.")
        return _data(200, _job(job_id, "complete", job["counts"]))

    def _import_errors(self, request: Request, job_id: str) -> Reply:
        job = self._store.job(job_id)
        if job is None:
            return _error(404, "not_found", "A job with this id does not exist.")
        size, start = int(request.query.get("page[size]", "20")), int(request.query.get("page[cursor]", "0"))
        if not 1 <= size <= 100:
            return _error(400, "invalid", "page[size] must be 1 to 100.")
        page = job["errors"][start : start + size]
        address = f"{request.origin}{request.path}"
        more = start + size < len(job["errors"])
        following = f"{address}?page[size]={size}&page[cursor]={start + size}" if more else None
        links = {"self": address, **({"next": following} if following else {})}
        return _document(200, {"data": page, "links": links})

    def _profiles(self, request: Request) -> Reply:
        size = int(request.query.get("page[size]", "20"))
        found = _FILTER.fullmatch(request.query.get("filter", ""))
        if not found or not 1 <= size <= 100:
            return _error(400, "invalid", "The filter or page[size] is not valid.")
        kind = found[2]
        try:
            wanted = json.loads(found[3] if found[1] == "any" else f"[{found[3]}]")
        except ValueError:
            return _error(400, "invalid", "The filter's values are not valid.")
        if kind == "id":
            ids = [str(value) for value in wanted]
        else:
            ids = list(self._store.identify((kind, str(value).casefold()) for value in wanted).values())
        profiles = self._store.contents(DESTINATION, PROFILES, ids)
        shown = sorted(profiles.items())[:size]
        data = [
            {"type": "profile", "id": key, "attributes": value, "links": {"self": ""}} for key, value in shown
        ]
        return _document(200, {"data": data, "links": {"self": f"{request.origin}/api/profiles"}})

    def _lists(self, request: Request) -> Reply:
        names = [
            name.removeprefix("list:")
            for name in self._store.objects(DESTINATION)
            if name.startswith("list:")
        ]
        data = [_list(list_id) for list_id in names[:10]]
        return _document(200, {"data": data, "links": {"self": f"{request.origin}/api/lists"}})

    def _list(self, request: Request, list_id: str) -> Reply:
        if not _LIST_ID.fullmatch(list_id):
            return _error(404, "not_found", f"A list with id {list_id} does not exist.")
        return _data(200, _list(list_id))

    def _add_members(self, request: Request, list_id: str) -> Reply:
        ids, wrong = self._members(request, list_id)
        if wrong is None:
            self._join(list_id, ids, str(uuid.uuid4()))
        return wrong or Reply(204)

    def _remove_members(self, request: Request, list_id: str) -> Reply:
        ids, wrong = self._members(request, list_id)
        if wrong is None:
            self._store.remove(DESTINATION, f"list:{list_id}", "remove_member", ids, str(uuid.uuid4()))
        return wrong or Reply(204)

    def _members(self, request: Request, list_id: str) -> tuple[list[str], Reply | None]:
        rows = _mapping(request.json()).get("data")
        if not _LIST_ID.fullmatch(list_id):
            return [], _error(404, "not_found", f"A list with id {list_id} does not exist.")
        if not isinstance(rows, list) or any(_dig(row, "type") != "profile" for row in rows):
            return [], _error(400, "invalid", "'data' must be a list of profiles.", "/data")
        if len(rows) > MAX_MEMBERS:
            return [], _error(400, "invalid", "At most 1000 profiles are accepted.", "/data")
        ids = [str(_dig(row, "id")) for row in rows]
        unknown = set(ids) - self._store.contents(DESTINATION, PROFILES, ids).keys()
        if unknown:
            return [], _error(404, "not_found", f"{len(unknown)} profiles do not exist.")
        return ids, None

    def _delete(self, request: Request) -> Reply:
        profile = _dig(request.json(), "data", "attributes", "profile", "data")
        attributes = _mapping(_dig(profile, "attributes"))
        given = [
            (kind, str(attributes[kind]).casefold())
            for kind in ("email", "phone_number")
            if attributes.get(kind)
        ]
        profile_id = _dig(profile, "id")
        if _dig(profile, "type") != "profile" or len(given) + bool(profile_id) != 1:
            return _error(400, "invalid", "Exactly one identifier is required.", "/data/attributes/profile")
        ids = [str(profile_id)] if profile_id else list(self._store.identify(given).values())
        job_id = str(uuid.uuid4())
        for name in self._store.objects(DESTINATION):
            if name.startswith("list:"):
                members = self._store.contents(DESTINATION, name, ids)
                self._store.remove(DESTINATION, name, "remove_member", members, job_id)
        self._store.remove(DESTINATION, PROFILES, "remove", ids, job_id)
        self._store.forget_identifiers(ids)
        return Reply(202)


def _sorted_out(rows: list[Any], request: Request) -> tuple[list[dict[str, Any]], list[Any]]:
    """The attributes of good profiles, and import errors for the others."""
    good, errors = [], []
    for position, row in enumerate(rows):
        attributes = row["attributes"]
        code, field, detail = _judged(attributes)
        refused = request.rejects(attributes)
        if refused is not None:
            code, field, detail = "refused", "email", refused
        elif not detail and len(str(row)) > MAX_ROW_BYTES:
            code, field, detail = "too_large", "properties", "A profile may have 100KB."
        if not detail:
            good.append(attributes)
            continue
        pointer = f"/data/attributes/profiles/data/{position}/attributes/{field}"
        about = {"code": code, "title": "Invalid input.", "detail": detail, "source": {"pointer": pointer}}
        attributes_of_error = {**about, "original_payload": attributes}
        errors.append({"type": "import-error", "id": str(uuid.uuid4()), "attributes": attributes_of_error})
    return good, errors


def _judged(attributes: Mapping[str, Any]) -> tuple[str, str, str]:
    email, phone = attributes.get("email"), attributes.get("phone_number")
    if not any(attributes.get(kind) for kind in _IDENTIFIERS):
        return "invalid", "email", "One of email, phone_number or external_id is required."
    if email is not None and not _EMAIL.fullmatch(str(email)):
        return "invalid", "email", "Invalid email address."
    if phone is not None and not _PHONE.fullmatch(str(phone)):
        return (
            "invalid",
            "phone_number",
            "Invalid phone number format (Example of a valid format: +12345678901).",
        )
    return "", "", ""


def _job(job_id: str, status: str, counts: Mapping[str, int]) -> Any:
    attributes = {"status": status, "created_at": _CREATED, **counts}
    return {"type": "profile-bulk-import-job", "id": job_id, "attributes": attributes, "links": {"self": ""}}


def _list(list_id: str) -> Any:
    attributes = {
        "name": list_id,
        "created": _CREATED,
        "updated": _CREATED,
        "opt_in_process": "single_opt_in",
    }
    return {"type": "list", "id": list_id, "attributes": attributes, "links": {"self": ""}}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dig(value: Any, *keys: str) -> Any:
    for key in keys:
        value = _mapping(value).get(key)
    return value


def _document(status: int, document: Any) -> Reply:
    return Reply(status, document, content_type=_CONTENT_TYPE)


def _data(status: int, data: Any) -> Reply:
    return _document(status, {"data": data})


def _error(status: int, code: str, detail: str, pointer: str = "/data") -> Reply:
    title = {401: "Incorrect authentication credentials.", 404: "Not found."}.get(status, "Invalid input.")
    error = {"id": str(uuid.uuid4()), "status": status, "code": code, "title": title, "detail": detail}
    return _document(status, {"errors": [{**error, "source": {"pointer": pointer}}]})
