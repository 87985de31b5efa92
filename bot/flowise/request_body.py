"""Writes the bodies of requests that carry files piece by piece, so that no second copy of a file is made."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping

from bot.flowise.prediction import Upload, Uploads
from bot.flowise.texts import without_nul

# Bytes of a file in one piece. A multiple of three: its base64 can be joined to that of the next one.
_PIECE = 48 * 1024
_BOUNDARY = "flowise-slack-a2f1c9d04e7b"

MULTIPART = f"multipart/form-data; boundary={_BOUNDARY}"
"""The content type of a `form`."""


class PredictionBody:
    """The JSON of a prediction with files: the `fields` of the question, and `uploads`. It may be written again."""

    def __init__(self, fields: Mapping[str, object], uploads: Uploads) -> None:
        self._opening = json.dumps(fields).removesuffix("}").encode() + b', "uploads": ['
        self._uploads = uploads
        self.length = sum(map(len, self._frames())) + sum(map(_length, uploads.files))

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the body."""
        yield self._opening
        for number, upload in enumerate(self._uploads.files):
            yield b"," * (number > 0) + _head(upload)
            yield from _content(upload)
            yield _TAIL
        yield _CLOSING

    def _frames(self) -> Iterator[bytes]:
        yield self._opening
        for number, upload in enumerate(self._uploads.files):
            yield b"," * (number > 0) + _head(upload) + _TAIL
        yield _CLOSING


_TAIL = b'"}'
_CLOSING = b"]}"


def _head(upload: Upload) -> bytes:
    told = json.dumps({"type": upload.kind, "name": upload.name, "mime": upload.mime})
    prefix = "" if isinstance(upload.content, str) else f"data:{upload.type};base64,"
    return f'{told.removesuffix("}")}, "data": "{prefix}'.encode()


def _length(upload: Upload) -> int:
    if isinstance(upload.content, str):
        return len(_escaped(upload.content))
    return 4 * -(-len(upload.content) // 3)


def _content(upload: Upload) -> Iterator[bytes]:
    if isinstance(upload.content, str):
        yield _escaped(upload.content)
        return
    view = memoryview(upload.content)
    for start in range(0, len(view), _PIECE):
        yield b64encode(view[start : start + _PIECE])


def _escaped(text: str) -> bytes:
    """A text within the quotes of a JSON string. Half a surrogate pair is an escape, as JSON.stringify writes it."""
    return json.dumps(without_nul(text), ensure_ascii=False)[1:-1].encode("utf-8", "backslashreplace")


def form(fields: Mapping[str, str], upload: Upload) -> tuple[int, Iterator[bytes]]:
    """A form with text fields and one file under the name `files`, as its length and its pieces.

    The upload's content must be bytes. Its name has no sign that would end the header.
    """
    assert not isinstance(upload.content, str)  # noqa: S101  # text is no file
    lines = [
        f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    lines.append(
        f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="files"; filename="{upload.name}"\r\n'
        f"content-type: {upload.type}\r\n\r\n"
    )
    head, tail = "".join(lines).encode(), f"\r\n--{_BOUNDARY}--\r\n".encode()
    view = memoryview(upload.content)

    def pieces() -> Iterator[bytes]:
        yield head
        for start in range(0, len(view), _PIECE):
            yield bytes(view[start : start + _PIECE])
        yield tail

    return len(head) + len(view) + len(tail), pieces()
