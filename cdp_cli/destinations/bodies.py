"""The body of a request: a template around the rows of a batch, in the encoding that the call names."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from cdp_cli.destinations.base import Batch
from cdp_cli.destinations.operations import Call
from cdp_cli.destinations.paths import dig
from cdp_cli.destinations.placeholders import filled, formatted, texts

_LINE = b"\r\n"
CONTENT_TYPES = {
    "json": "application/json",
    "json_lines": "application/x-ndjson",
    "form": "application/x-www-form-urlencoded",
    "csv": "text/csv; charset=UTF-8",
}
# The position in the batch in a rendered row, as a value and inside a text. Both are JSON text that reads as
# `$row.index` and is written as no value is ever rendered, so that no value can be taken for a mark.
ROW_INDEX, ROW_INDEX_IN_TEXT = r'"\u0024row\u002eindex"', r"\u0024row.index"
_MARK = r"\u0024row"
_ROWS, _ROW = "\x00rows\x00", "\x00row\x00"
_EXACT = re.compile(r'"\\u0000([-+0-9.eE]+)"')


def numbered(batch: Batch) -> list[str]:
    """The rows of a batch with their positions in place of `$row.index`, from 0."""
    rows = batch.rows
    if _MARK not in batch.lines:
        return rows
    return [
        row.replace(ROW_INDEX, str(index)).replace(ROW_INDEX_IN_TEXT, str(index))
        for index, row in enumerate(rows)
    ]


def body_of(
    call: Call,
    rows: Sequence[str],
    values: Mapping[str, str],
    marks: Mapping[str, Any],
    *,
    as_arrays: bool = False,
) -> bytes | None:
    """The bytes to send, or None if the call has no body. The same rows always give the same bytes.

    `marks` are the values of `$run.*`. With `as_arrays` each row is an array in the order of `$columns`; what
    a row does not have is an empty text there.
    """
    if call.encode == "none" or call.body is None:
        return None
    if call.encode == "csv":
        body = _csv(rows, call.cleared)
    elif call.encode == "json_lines":
        body = _json_lines(rows)
    else:
        columns = _columns(rows) if as_arrays else []
        if as_arrays:
            rows = [_array(row, columns) for row in rows]
        given = {**marks, "$columns": columns, **_parts_of_row(call.body, rows)}
        if call.encode == "multipart":
            body = _multipart(call, rows, values, given)
        else:
            encode = _form if call.encode == "form" else _json
            body = encode(call.body, rows, values, given)
    return gzip.compress(body, mtime=0) if call.gzip else body


def content_type(call: Call, body: bytes) -> str:
    """The media type of a body that `body_of` made."""
    if call.encode == "multipart":
        return f"multipart/form-data; boundary={body[2 : body.index(_LINE)].decode()}"
    return CONTENT_TYPES[call.encode]


def text_at(row: str, path: str) -> str | None:
    """The text or number at a path of a rendered row, as it stands there; None if there is neither."""
    found = dig(json.loads(row, parse_float=str, parse_int=str), path)
    return found if isinstance(found, str) and found else None


def _json(template: Any, rows: Sequence[str], values: Mapping[str, str], marks: Mapping[str, Any]) -> bytes:
    return _with_rows(filled(template, values, {**marks, "$rows": _ROWS, "$row": _ROW}), rows).encode()


def _form(template: Any, rows: Sequence[str], values: Mapping[str, str], marks: Mapping[str, Any]) -> bytes:
    given = filled(template, values, {**marks, "$rows": _ROWS, "$row": _ROW})
    fields = [(key, _form_value(entry, rows)) for key, entry in given.items() if entry is not None]
    return urlencode(fields).encode()


def _multipart(call: Call, rows: Sequence[str], values: Mapping[str, str], marks: Mapping[str, Any]) -> bytes:
    """The parts of a form (RFC 7578), one of them the file of the rows."""
    parts = []
    for key, entry in call.body.items():
        head = f'Content-Disposition: form-data; name="{key}"'
        if isinstance(entry, dict) and "file" in entry:
            encode = entry["encode"]
            name = quote(formatted(entry["file"], values), safe=" ")
            head += f'; filename="{name}"{_LINE.decode()}'
            head += f"Content-Type: {CONTENT_TYPES[encode]}"
            content = _csv(rows, call.cleared) if encode == "csv" else _json_lines(rows)
        else:
            given = filled(entry, values, {**marks, "$rows": _ROWS, "$row": _ROW})
            content = _form_value(given, rows).encode()
        parts.append(head.encode() + _LINE * 2 + content + _LINE)
    # Made of the content, which cannot hold its own digest.
    boundary = f"cdp-{hashlib.sha256(b''.join(parts)).hexdigest()[:48]}".encode()
    return b"".join(b"--" + boundary + _LINE + part for part in parts) + b"--" + boundary + b"--" + _LINE


def _form_value(value: Any, rows: Sequence[str]) -> str:
    """A text as it is, everything else as JSON text."""
    if isinstance(value, str) and value not in (_ROWS, _ROW):
        return value.removeprefix("\x00")
    return _with_rows(value, rows)


def _with_rows(value: Any, rows: Sequence[str]) -> str:
    """JSON text with the rows in their place."""
    text = _dumped(value)
    for mark, start, end in ((_ROWS, "[", "]"), (_ROW, "", "")):
        before, found, after = text.partition(json.dumps(mark))
        if found:
            return f"{before}{start}{','.join(rows)}{end}{after}"
    return text


def _json_lines(rows: Sequence[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def _csv(rows: Sequence[str], cleared: str) -> bytes:
    given = [json.loads(row, parse_float=str, parse_int=str) for row in rows]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    columns = list(dict.fromkeys(key for row in given for key in row))
    writer.writerow(columns)
    for row in given:
        writer.writerow(_cell(row[key], cleared) if key in row else "" for key in columns)
    return out.getvalue().encode() if rows else b""


def _cell(value: Any, cleared: str) -> str:
    if value is None:
        return cleared
    return value if isinstance(value, str) else _dumped(value)


def _columns(rows: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in json.loads(row)))


def _array(row: str, columns: Sequence[str]) -> str:
    given = json.loads(row, parse_float=_as_it_stands)
    return _dumped([given.get(column, "") for column in columns])


def _parts_of_row(template: Any, rows: Sequence[str]) -> dict[str, Any]:
    """The values of `$row.PATH`, numbers as they stand in the row."""
    wanted = {text for text in texts(template) if text.startswith("$row.")}
    row = json.loads(rows[0], parse_float=_as_it_stands) if wanted and rows else {}
    return {text: dig(row, text.removeprefix("$row.")) for text in wanted}


def _as_it_stands(number: str) -> str:
    return f"\x00{number}"


def _dumped(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _EXACT.sub(r"\1", text) if "\\u0000" in text else text
