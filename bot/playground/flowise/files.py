"""Takes people's files as Flowise does: checks their names and types, reads documents, writes down what was said.

What is refused, and in which words, is measured on Flowise 3.1.4.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

# The extensions that Flowise wants for the types that this one knows.
_EXTENSIONS = {
    "text/plain": "txt",
    "text/markdown": "md",
    "text/csv": "csv",
    "text/html": "html",
    "application/json": "json",
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "audio/webm": "webm",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "video/mp4": "mp4",
}
# The values of an upload's `mime` with which speech to text is tried at all.
_HEARD = frozenset({"audio/webm", "audio/mp4", "audio/ogg"})
_SAID = "How many days of holiday do I have?"
_PDF_TEXT = re.compile(rb"\(([^()]{1,2000})\)\s*Tj")


@dataclass(frozen=True, slots=True)
class Takes:
    """What a flow takes: types of images and documents, whether it hears, and what its vector store takes."""

    images: tuple[str, ...] = ("image/gif", "image/jpeg", "image/png", "image/webp")
    hears: bool = True
    documents: tuple[str, ...] = ("text/plain", "text/markdown", "text/csv", "application/json", "application/pdf")
    stored: tuple[str, ...] = ()


EVERYTHING = Takes()
NOTHING = Takes(images=(), hears=False, documents=())


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file as it arrived. `way` is "attachment", "upsert", or an upload's own type."""

    way: str
    flow_id: str
    chat_id: str
    name: str
    mime: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class RefusedError(Exception):
    """Flowise does not take a file or a question, in its words."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the files of a question add to it: `heard` is what was said, `said` what the model knows of the others."""

    heard: str | None = None
    said: tuple[str, ...] = ()


@dataclass(slots=True)
class Files:
    """All files that this server has received, oldest first; the texts in its vector store; and what flows have made.

    `waits` keep a request waiting that brings a file, by the beginning of its name, before or after it is `taken`.
    """

    received: list[ReceivedFile] = field(default_factory=list)
    stored: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    made: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    """What flows have made, by flow, chat and name."""
    asked_for: list[tuple[str, str, str]] = field(default_factory=list)
    """The flow, chat and name of every request for such a file."""
    waits: dict[tuple[str, bool], Callable[[], Awaitable[object]]] = field(default_factory=dict)

    async def wait(self, file: ReceivedFile, *, taken: bool) -> None:
        """Wait as was asked for a file."""
        for (beginning, when), wait in self.waits.items():
            if file.name.startswith(beginning) and taken is when:
                await wait()

    def attach(self, takes: Takes, file: ReceivedFile) -> dict[str, object]:
        """POST /attachments. Raises RefusedError."""
        if not takes.documents:
            raise RefusedError("File upload is not enabled for this chatflow")
        if file.mime not in takes.documents:
            allowed = ", ".join(takes.documents)
            raise RefusedError(f"File type '{file.mime}' is not allowed. Allowed types: {allowed}")
        check_name(file.name, file.mime)
        self.received.append(file)
        text = read(file)
        return {"name": file.name, "mimeType": file.mime, "size": len(file.content), "content": text}

    def upsert(self, takes: Takes, file: ReceivedFile) -> int:
        """POST /vector/upsert: how many pieces were added. Raises RefusedError."""
        if not takes.stored:
            raise RefusedError("No vector node found")
        check_name(file.name, file.mime)
        self.received.append(file)
        if f".{_EXTENSIONS[file.mime]}" not in takes.stored:
            return 0
        self.stored[file.flow_id, file.chat_id].append(read(file))
        return 1

    def see(self, takes: Takes, flow_id: str, chat_id: str, uploads: object) -> Seen:
        """The uploads of a prediction. Raises RefusedError."""
        heard: str | None = None
        said: list[str] = []
        for upload in uploads if isinstance(uploads, list) else ():
            file = _uploaded(flow_id, chat_id, upload)
            self.received.append(file)
            if file.way == "file:full":
                said.append(f"I have read **{file.name}**: “{' '.join(file.content.decode().split())[:120]}”")
            elif file.way == "audio" and upload.get("mime") in _HEARD and takes.hears:
                heard = _transcript(file)
            elif file.way == "file" and file.mime in takes.images:
                said.append(f"I have looked at **{file.name}** ({file.mime}, {len(file.content)} bytes).")
        return Seen(heard, tuple(said))


def check_name(name: str, mime: str) -> None:
    """Raises RefusedError where a name's extension is not that of the type."""
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        raise RefusedError("File type not allowed: files must have a valid file extension")
    expected = _EXTENSIONS.get(mime)
    if expected is None:
        raise RefusedError(f'MIME type "{mime}" is not supported or does not have a valid file extension mapping')
    found = {"jpeg": "jpg", "oga": "ogg"}.get(extension.lower(), extension.lower())
    if found != expected:
        raise RefusedError(
            f'MIME type mismatch: file extension "{found}" does not match declared MIME type "{mime}". '
            f"Expected: {expected}"
        )


def read(file: ReceivedFile) -> str:
    """The text that Flowise's loaders make of a document. Raises RefusedError."""
    text = file.content.decode("utf-8", "replace")
    match file.mime:
        case "text/csv":
            header, *rows = list(csv.reader(io.StringIO(text))) or [[]]
            return "\n".join(f"{name}: {value}" for row in rows for name, value in zip(header, row, strict=False))
        case "application/json":
            try:
                return "\n".join(_strings(json.loads(text)))
            except ValueError:
                raise RefusedError(f"Failed createFileAttachment: {file.name} ({file.mime} - Unexpected") from None
        case "application/pdf":
            if not file.content.startswith(b"%PDF-"):
                raise RefusedError(f"Failed createFileAttachment: {file.name} ({file.mime} - Invalid PDF structure")
            return "\n".join(part.decode("utf-8", "replace") for part in _PDF_TEXT.findall(file.content))
    return text


def _strings(value: object) -> Iterator[str]:
    """The strings in JSON: its loader drops all else."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))


def _uploaded(flow_id: str, chat_id: str, upload: object) -> ReceivedFile:
    told = upload if isinstance(upload, Mapping) else {}
    way, name, mime, data = (told.get(key) for key in ("type", "name", "mime", "data"))
    if not isinstance(mime, str):
        raise RefusedError("TypeError: Cannot read properties of undefined (reading 'startsWith')")
    if way == "file:full":
        return ReceivedFile(way, flow_id, chat_id, str(name), mime, str(data).encode())
    head, comma, encoded = str(data).partition(",")
    if not comma or not head.startswith("data:"):
        raise RefusedError("TypeError: Cannot read properties of undefined (reading 'split')")
    declared = head.removeprefix("data:").partition(";")[0]
    check_name(str(name), declared)
    try:
        return ReceivedFile(str(way), flow_id, chat_id, str(name), declared, b64decode(encoded, validate=True))
    except (NotBase64, ValueError):
        raise RefusedError("Invalid base64") from None


def _transcript(file: ReceivedFile) -> str:
    """What a stand-in for speech to text makes of a clip: its bytes, where they are words, or else one sentence."""
    try:
        words = file.content.decode()
    except UnicodeDecodeError:
        return _SAID
    return words if words.isprintable() else _SAID


def uploads(takes: Takes) -> dict[str, object]:
    """What `chatflows-uploads`, and the public configuration too, tell of the files that a flow takes."""
    images = [{"fileTypes": [*takes.images, ""], "maxUploadSize": 5}] if takes.images else []
    stored = [{"fileTypes": list(takes.stored), "maxUploadSize": 500}] if takes.stored else []
    return {
        "isSpeechToTextEnabled": takes.hears,
        "isImageUploadAllowed": bool(takes.images),
        "isRAGFileUploadAllowed": bool(takes.stored),
        "imgUploadSizeAndTypes": images,
        "fileUploadSizeAndTypes": stored,
    }


def configured(takes: Takes) -> dict[str, object]:
    """What the public configuration tells of the files that a flow takes."""
    documents = ",".join(takes.documents)
    full = {"fullFileUpload": {"status": True, "allowedUploadFileTypes": documents}} if documents else {}
    return {**full, "uploads": uploads(takes)}
