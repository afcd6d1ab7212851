"""Salesforce's Bulk API 2.0: a job, its CSV, and three result files; OAuth 2.0 client credentials.

https://developer.salesforce.com/docs/platform/api-asynch/guide/bulk-api-2-0-ingest.html
https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/get_job_info.htm
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from cdp_cli.receiver.exchange import Reply
from tests.python.destinations.contracts.vendors.base import Asked, Handler, Vendor

_API = "/services/data/v67.0"
_JOBS = f"{_API}/jobs/ingest"
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
TOO_MANY = Reply(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])


class Salesforce(Vendor):
    """Contacts by the value of their external id, and jobs; one is `InProgress` when it is asked about first.

    `lost` are keys that no result file names, as happens to batches over the daily allocation.
    """

    destination = "salesforce"
    secrets: ClassVar = {"client_id": "client-of-no-one", "client_secret": "secret-of-no-one"}

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.files: dict[str, list[dict[str, str]]] = {}
        self.lost: set[str] = set()
        self.tokens: list[str] = []  # those that are valid

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        job = rf"{_JOBS}/(\w+)"
        return {
            ("POST", "/services/oauth2/token"): self._token,
            ("GET", f"{_API}/limits"): lambda asked: Reply(200, {"DailyApiRequests": {"Max": 15000}}),
            ("GET", f"{_API}/query"): self._query,
            ("DELETE", f"{_API}/composite/sobjects"): self._delete,
            ("POST", _JOBS): self._create,
            ("PUT", f"{job}/batches"): self._upload,
            ("PATCH", job): self._close,
            ("GET", job): self._job,
            ("GET", f"{job}/(successfulResults|failedResults|unprocessedrecords)"): self._results,
        }

    def refuses(self, asked: Asked) -> Reply | None:
        valid = [f"Bearer {token}" for token in self.tokens]
        if asked.path == "/services/oauth2/token" or asked.headers.get("authorization") in valid:
            return None
        return Reply(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])

    def _token(self, asked: Asked) -> Reply:
        form = asked.form()
        if form.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        if (form.get("client_id"), form.get("client_secret")) != ("client-of-no-one", "secret-of-no-one"):
            return Reply(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
        self.tokens.append(f"00D!{len(self.tokens)}")
        # Salesforce says no expires_in: how long a session lasts is a setting of the organisation.
        return Reply(
            200,
            {
                "access_token": self.tokens[-1],
                "signature": "c2lnbmF0dXJl",
                "scope": "api",
                "instance_url": self.url,
                "id": f"{self.url}/id/00D/005",
                "token_type": "Bearer",
                "issued_at": "1795341600000",
            },
        )

    def _query(self, asked: Asked) -> Reply:
        wanted = [re.sub(r"\\(.)", r"\1", one) for one in _QUOTED.findall(asked.query["q"])]
        records = [
            {"attributes": {"type": "Contact"}, "Id": self.held[key]["Id"], "External_Id__c": key}
            for key in wanted
            if key in self.held
        ]
        return Reply(200, {"totalSize": len(records), "done": True, "records": records})

    def _delete(self, asked: Asked) -> Reply:
        ids = asked.query["ids"].split(",")
        if len(ids) > 200 or asked.query.get("allOrNone") != "false":
            return Reply(400, [{"errorCode": "EXCEEDED_ID_LIMIT", "message": "record limit reached"}])
        return Reply(200, [self._deleted(one) for one in ids])

    def _deleted(self, identifier: str) -> dict[str, Any]:
        key = next((key for key, contact in self.held.items() if contact["Id"] == identifier), None)
        if key is None or key in self.refused:
            code, message = ("DELETE_FAILED", self.refused[key]) if key else ("MALFORMED_ID", "bad id")
            error = {"statusCode": code, "message": message, "fields": []}
            return {"success": False, "errors": [error]}
        del self.held[key]
        return {"id": identifier, "success": True, "errors": []}

    def _create(self, asked: Asked) -> Reply:
        body = asked.json()
        if (body["object"], body["operation"], body.get("contentType")) != ("Contact", "upsert", "CSV"):
            return Reply(400, [{"errorCode": "INVALIDJOB", "message": "InvalidJob : unsupported"}])
        name = f"750{len(self.jobs) + 1:012d}"
        self.jobs[name] = {
            "id": name,
            "operation": body["operation"],
            "object": body["object"],
            "createdDate": "2026-11-22T10:00:00.000+0000",
            "state": "Open",
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": 67.0,
            "contentUrl": f"services/data/v67.0/jobs/ingest/{name}/batches",
            "lineEnding": body.get("lineEnding", "LF"),
            "columnDelimiter": "COMMA",
        }
        if "externalIdFieldName" in body:
            self.jobs[name]["externalIdFieldName"] = body["externalIdFieldName"]
        return Reply(200, self.jobs[name])

    def _upload(self, asked: Asked, name: str) -> Reply:
        if asked.headers.get("content-type", "").partition(";")[0] != "text/csv":
            return Reply(415, [{"errorCode": "UNSUPPORTED_MEDIA_TYPE", "message": "text/csv is needed"}])
        self.files[name] = list(csv.DictReader(io.StringIO(asked.body.decode(), newline="")))
        return Reply(201)

    def _close(self, asked: Asked, name: str) -> Reply:
        job = self.jobs[name]
        job["state"] = asked.json()["state"]
        self._apply(job, self.files[name])
        return Reply(200, {key: value for key, value in job.items() if not key.startswith("_")})

    def _apply(self, job: dict[str, Any], rows: Sequence[dict[str, str]]) -> None:
        job["_successful"], job["_failed"] = [], []
        for row in rows:
            key = row["External_Id__c"]
            if key in self.refused:
                job["_failed"].append({"sf__Id": "", "sf__Error": self.refused[key], **row})
                continue
            created = str(key not in self.held).lower()
            self.held.setdefault(key, {"Id": f"003{len(self.held):012d}"}).update(row)
            if key not in self.lost:
                made = {"sf__Id": self.held[key]["Id"], "sf__Created": created}
                job["_successful"].append({**made, **row})
        job["numberRecordsProcessed"] = len(rows)
        job["numberRecordsFailed"] = len(job["_failed"])

    def _job(self, asked: Asked, name: str) -> Reply:
        job = self.jobs[name]
        first = sum(one.path == asked.path and one.method == "GET" for one in self.asked) == 1
        if job["state"] == "UploadComplete" and not first:
            job["state"] = "JobComplete"
        shown = {**job, "state": "InProgress"} if first and job["state"] == "UploadComplete" else job
        return Reply(200, {key: value for key, value in shown.items() if not key.startswith("_")})

    def _results(self, asked: Asked, name: str, kind: str) -> Reply:
        columns = list(self.files[name][0])
        job = self.jobs[name]
        if kind == "unprocessedrecords":
            return csv_reply(columns, job.get("_unprocessed", []))
        first = ["sf__Id", "sf__Created"] if kind == "successfulResults" else ["sf__Id", "sf__Error"]
        rows = job["_successful" if kind == "successfulResults" else "_failed"]
        # The order of the records is not that of the upload.
        return csv_reply([*first, *columns], reversed(rows))


def csv_reply(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> Reply:
    """A result file: every value in quotes, lines that end with LF."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return Reply(200, raw=text.getvalue().encode(), content_type="text/csv")
