"""Tells which types of files Flowise takes, and gives files names that it takes and that break out of nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

TEXT: Final = "text/plain"

# The extension that Flowise 3.1.4 wants for a type (`mapMimeTypeToExt`); it takes .jpeg for .jpg.
_EXTENSIONS: Final = {
    TEXT: "txt",
    "text/html": "html",
    "text/css": "css",
    "text/javascript": "js",
    "text/xml": "xml",
    "text/markdown": "md",
    "text/csv": "csv",
    "text/yaml": "yaml",
    "text/x-sql": "sql",
    "application/json": "json",
    "application/jsonl": "jsonl",
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/rtf": "rtf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/avif": "avif",
    "video/webm": "webm",
    "audio/webm": "webm",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "video/mp4": "mp4",
}
_TYPES: Final = {extension: mime for mime, extension in _EXTENSIONS.items()} | {
    "jpeg": "image/jpeg",
    "oga": "audio/ogg",
    "tif": "image/tiff",
    "yml": "text/yaml",
}
_SAME: Final = {
    "image/jpg": "image/jpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/oga": "audio/ogg",
    "text/x-markdown": "text/markdown",
}
# Types that are text, beside those under text/.
_TEXTS: Final = frozenset(
    f"application/{name}"
    for name in (
        *("json", "jsonl", "javascript", "x-javascript", "typescript", "xml", "yaml", "x-yaml", "toml", "x-sh"),
        *("sql", "x-httpd-php", "x-python", "graphql", "x-ndjson", "x-tex", "x-perl", "x-ruby"),
    )
)
# A name stands in a path, and in `<doc name='…'>` before the model, and Flowise escapes it in neither.
_UNSAFE = re.compile(r"[^\w .()+,=@-]|_{2,}")
_DOTS = re.compile(r"\.{2,}")
# A file system takes 255 bytes.
_LONGEST_BYTES: Final = 120
_LONGEST_KIND: Final = 5
_MOST_KINDS: Final = 12


def type_of(name: str, declared: str) -> str:
    """The MIME type of a file: by its extension where Flowise knows that, or else what was declared for it.

    What is declared for text says text and no more, and for a `.webm` or `.mp4` whether it is a picture or a sound.
    """
    declared = _SAME.get(declared, declared)
    by_name = _TYPES.get(_extension(name), "")
    if not by_name or _extension(name) in {"webm", "mp4"}:
        return declared or by_name
    # A name proves nothing: a picture that is called .txt stays one.
    is_other = declared.partition("/")[0] in {"image", "audio", "video"} and not is_text(declared)
    return declared if is_other and declared.partition("/")[0] != by_name.partition("/")[0] else by_name


def extension_of(mime: str) -> str:
    """The extension of files of a type, without a dot; empty where Flowise knows none."""
    return _EXTENSIONS.get(mime, "")


def kinds(types: Iterable[str], extensions: Iterable[str] = ()) -> tuple[str, ...]:
    """What people call types: by their extensions, to which others are added. No more than can be read."""
    found = {*filter(None, map(extension_of, types)), *(extension.removeprefix(".") for extension in extensions)}
    names = (name.upper() for name in found if name.isalnum() and len(name) <= _LONGEST_KIND)
    return tuple(sorted(names))[:_MOST_KINDS]


def is_text(mime: str) -> bool:
    """Whether files of a type are text, which may be sent as .txt."""
    return mime.startswith("text/") or mime in _TEXTS


def file_name(name: str, mark: str, mime: str) -> str:
    """The name that Flowise is given for a file of that type; empty where it knows no extension for the type.

    Only letters, digits and harmless signs are left of it. The `mark` tells apart files of one name in one chat, where
    a later one would take the place of an earlier one, and every picture from the clipboard is an "image.png".
    """
    extension = extension_of(mime)
    if not extension:
        return ""
    own = _extension(name)
    keeps = _TYPES.get(own) == mime or (own == extension)
    stem = name[: -len(own) - 1] if keeps else name
    safe = _DOTS.sub(".", _UNSAFE.sub("_", stem)).strip(" .") or "file"
    while len(safe.encode()) > _LONGEST_BYTES:
        safe = safe[:-1]
    marked = f"{safe.strip(' .')}-{mark}" if mark else safe.strip(" .")
    return f"{marked}.{extension}"


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""
