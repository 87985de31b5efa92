"""Decides what a file that a flow has made is, by its first bytes, and which name it gets in Slack: pure.

Flowise says neither: `get-upload-file` sends no type and no length, and an artifact's `type` and name are what a tool
has made up (measured on 3.1.4).
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Final
from urllib.parse import unquote_to_bytes

from bot.flowise.events import ResultFile
from bot.flowise.result_files import PICTURES

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", ("png",)),
    (b"\xff\xd8\xff", ("jpg", "jpeg")),
    (b"GIF87a", ("gif",)),
    (b"GIF89a", ("gif",)),
    (b"%PDF-", ("pdf",)),
)
# What only looks like one of these by its name would be shown as broken, or be taken for what it is not.
_PROVED: Final = frozenset(extension for _, extensions in _SIGNATURES for extension in extensions) | {"webp"}
_EXTENSIONS: Final = {
    **{kind: kind for kind in ("html", "csv", "json", "svg", "xml", "yaml", "sql", "css", "tex")},
    "javascript": "js",
    "typescript": "ts",
    "python": "py",
    "latex": "tex",
    "markdown": "md",
}
"""The extensions of text, by the kind of an artifact or by the type in its `data:` URI."""

_DATA = re.compile(r"data:(?P<type>[\w.+-]*/?[\w.+-]*)(?P<rest>[^,]{0,400}),", re.IGNORECASE)
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,8})\Z")
_HARMLESS: Final = frozenset(" .()+,=-_")
_LONGEST_STEM: Final = 48
_LOOKED_AT: Final = 4_096


def inline_content(file: ResultFile) -> bytes:
    """What a file holds that came with its name; empty where that cannot be read."""
    found = _DATA.match(file.content)
    if found is None:
        return file.content.encode("utf-8", "replace")
    content = file.content[found.end() :]
    if "base64" not in found["rest"].lower():
        return unquote_to_bytes(content)
    try:
        return b64decode("".join(content.split()), validate=True)
    except (NotBase64, ValueError):
        return b""


def name_in_slack(file: ResultFile, content: bytes | bytearray) -> str:
    """The name of a file whose bytes are known: its own, cleaned, with an extension that does not lie about them."""
    stem, extension = _parted(file.name)
    proved = _proved(content)
    if proved:
        ending = extension if extension.lower() in proved else f"{extension}.{proved[0]}" if extension else proved[0]
    elif not extension or extension.lower() in _PROVED:
        plain = _text_extension(file) if _is_text(content) else "bin"
        ending = f"{extension}.{plain}" if extension else plain
    else:
        ending = extension
    generic = "picture" if proved and "pdf" not in proved else "file"
    return f"{stem or generic}.{ending}"


def shown_name(file: ResultFile) -> str:
    """What people read of a file whose bytes are not known."""
    stem, extension = _parted(file.name)
    if stem:
        return f"{stem}.{extension}" if extension else stem
    return "a picture" if file.kind in PICTURES else "a file"


def clean_name(name: str) -> str:
    """A name of which only letters, digits and harmless signs are left, on one line: nothing in it is a path, a mark
    of Markdown's or of Slack's, or turns the direction of reading."""
    text = unicodedata.normalize("NFC", name)
    safe = "".join(char if char in _HARMLESS or unicodedata.category(char)[0] in "LMN" else "_" for char in text)
    return re.sub(r"\.{2,}", ".", re.sub(r" {2,}", " ", safe)).strip(" .")


def _parted(name: str) -> tuple[str, str]:
    """The cleaned stem of a name, and its extension."""
    safe = clean_name(name)
    found = _EXTENSION.search(safe)
    stem = safe[: found.start()] if found else safe
    return stem[:_LONGEST_STEM].strip(" ."), found[1] if found and stem.strip(" .") else ""


def _proved(content: bytes | bytearray) -> tuple[str, ...]:
    """The extensions that the first bytes of a file prove; none where they prove nothing."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return ("webp",)
    return next((extensions for first, extensions in _SIGNATURES if content.startswith(first)), ())


def _is_text(content: bytes | bytearray) -> bool:
    """Whether the beginning of a file reads as text in UTF-8; its last character may be cut."""
    beginning = bytes(content[:_LOOKED_AT])
    if b"\0" in beginning:
        return False
    try:
        beginning.decode()
    except UnicodeDecodeError as error:
        return len(content) > _LOOKED_AT and error.start >= len(beginning) - 3
    return True


def _text_extension(file: ResultFile) -> str:
    found = _DATA.match(file.content)
    declared = re.split(r"[/+]", found["type"].lower())[1:2] if found else []
    return next((_EXTENSIONS[kind] for kind in (file.kind, *declared) if kind in _EXTENSIONS), "txt")
