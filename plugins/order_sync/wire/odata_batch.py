"""OData's `$batch`: many calls in one, those of a changeset all or none. The same in V2 and V4."""

import re
from collections.abc import Mapping, Sequence
from email.message import MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import uuid4

from multidict import CIMultiDict

from order_sync.core.errors import OutcomeUnknown
from order_sync.wire.content import UNREADABLE, Content, Doubt, Reply, exact_json, json_content, unreadable

HEADERS = {"Accept": "multipart/mixed", "Prefer": "odata.continue-on-error"}
"""What a batch is sent with: what one part stumbles over is no matter of the others."""


class Call(NamedTuple):
    """A call within a batch: its path is relative to the service's root, without a slash before it.

    A later call of its changeset can name what an earlier one makes: `$1` is what the batch's first call makes.
    """

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] | None = None


def batch(parts: Sequence[Sequence[Call]]) -> Content:
    """The body of a batch: each part is a changeset, or one question alone."""
    boundary, blocks, number = f"batch_{uuid4().hex}", [], 0
    for calls in parts:
        if calls[0].method == "GET":
            blocks.append(_block(calls[0]))
            continue
        inner = f"changeset_{uuid4().hex}"
        numbered = [_block(call, number + at) for at, call in enumerate(calls, 1)]
        number += len(calls)
        blocks.append(f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode() + _multipart(numbered, inner))
    return Content(f"multipart/mixed; boundary={boundary}", _multipart(blocks, boundary))


def replies(reply: Reply, parts: Sequence[Sequence[Call]], doubt: Doubt = OutcomeUnknown) -> list[list[Reply]]:
    """What came of each part: an answer for each of its calls, or the one that says why none of them was done.

    Raises `doubt` if the answer tells less than was asked.
    """
    if reply.status >= HTTPStatus.BAD_REQUEST:
        return [[reply] for _ in parts]
    try:
        found = [_answers(part) for part in _parts(f"{reply.headers['Content-Type']}", reply.body.encode())]
        pairs = list(zip(found, parts, strict=True))
    except UNREADABLE as error:
        raise unreadable(f"the answer to a batch (HTTP {reply.status}) is not as expected", error, doubt) from None
    for answers, calls in pairs:
        refused = len(answers) == 1 and answers[0].status >= HTTPStatus.BAD_REQUEST
        if len(answers) != len(calls) and not refused:
            raise unreadable("the answer to a changeset does not contain all of its calls", ValueError(), doubt)
    return found


def _block(call: Call, number: int = 0) -> bytes:
    content = None if call.body is None else json_content(call.body)
    headers = {"Accept": "application/json", **(call.headers or {})}
    if content:
        headers |= {"Content-Type": content.type, "Content-Length": str(len(content.data))}
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {number}"] if number else []
    lines += ["", f"{call.method} {call.path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + (content.data if content else b"")


def _multipart(blocks: Sequence[bytes], boundary: str) -> bytes:
    line = f"--{boundary}".encode()
    return b"".join(line + b"\r\n" + block + b"\r\n" for block in blocks) + line + b"--\r\n"


def _parts(kind: str, data: bytes) -> list[MIMEPart]:
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + data)
    if whole.get_content_maintype() != "multipart" or whole.defects:
        raise ValueError("not a multipart answer, or not all of it")
    return [*whole.iter_parts()]


def _answers(part: MIMEPart) -> list[Reply]:
    if part.get_content_maintype() == "multipart":
        if part.defects:
            raise ValueError("not a complete changeset")
        return [answer for inner in part.iter_parts() for answer in _answers(inner)]
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        raise TypeError("not an HTTP answer")
    head, _, body = payload.decode().replace("\r\n", "\n").partition("\n\n")
    status, *lines = head.split("\n")
    named = CIMultiDict[str]()
    for line in lines:
        name, _, value = line.partition(":")
        named.add(name.strip(), value.strip())
    text = body.strip()
    is_json = "json" in named.get("Content-Type", "")
    return [Reply(_status(status), exact_json(text) if text and is_json else text, named)]


def _status(line: str) -> int:
    said = re.fullmatch(r"HTTP/\S+ (\d{3})\b.*", line)
    if not said:
        raise ValueError("not an HTTP answer")
    return int(said[1])
