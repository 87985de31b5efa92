"""Reads which document a retrieved chunk is from, out of the metadata of Flowise's many document loaders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from bot.flowise.events import SourceDocument

UNTITLED = "Untitled"

# In characters. A title is one line of a list, a URL has to fit a Slack link; anything longer is broken or hostile.
_LONGEST_TITLE = 200
_LONGEST_URL = 2000
_LONGEST_PAGE = 20

# The limits of a list. Ten are shown and the others counted; retrievers give 4 to 50. The list is stored with the
# answer, so its text is bounded like that of the answer.
_MOST_DOCUMENTS = 100
_MOST_TEXT = 40_000

_FILE_KEYS = ("fileName", "filename", "file_name", "file name", "name")
_URL_KEYS = ("url", "sourceURL", "source", "link", "loc")
_PAGE_KEYS = ("page", "pageNumber", "page_number")

# What loaders write into `source` when they were handed bytes and no name.
_NO_SOURCE = frozenset({"blob", "buffer", "unknown", "undefined", "null"})

_NOT_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f<>|\"\\`]")


def source_documents(data: object) -> tuple[SourceDocument, ...] | None:
    """The documents in the data of a `sourceDocuments` event, without invalid entries; None where it is no list."""
    if not isinstance(data, list):
        return None
    documents: list[SourceDocument] = []
    room = _MOST_TEXT
    for chunk in data[:_MOST_DOCUMENTS]:
        if isinstance(chunk, dict):
            document = _document(chunk)
            room -= len(document.title) + len(document.url or "")
            if room < 0:
                break
            documents.append(document)
    return tuple(documents)


def _document(chunk: Mapping[str, object]) -> SourceDocument:
    metadata = _mapping(chunk.get("metadata"))
    return SourceDocument(
        title=one_line(_title(metadata), _LONGEST_TITLE) or UNTITLED,
        url=next((url for url in _strings(metadata, _URL_KEYS) if _is_web_address(url)), None),
        page=_page(metadata),
        lines=_lines(metadata),
    )


def one_line(text: str, longest: int) -> str:
    """An untrusted name on one line, with single blanks, cut to `longest` characters."""
    line = " ".join(text.lstrip()[: 8 * longest].split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _title(metadata: Mapping[str, object]) -> str:
    title = next(iter(_strings(metadata, ("title",))), "")
    if title:
        return title
    for name in _strings(metadata, ("source", *_FILE_KEYS, "url", "sourceURL")):
        if name.lower() not in _NO_SOURCE:
            return _short(name)
    info = _mapping(_mapping(metadata.get("pdf")).get("info"))
    return next(iter(_strings(info, ("Title",))), "")


def _short(name: str) -> str:
    """The host and path of a web address, the last part of a path."""
    if _is_web_address(name):
        address = urlsplit(name)
        return f"{address.hostname}{address.path}".rstrip("/")
    path = name.rstrip("/\\").replace("\\", "/")
    return path[path.rfind("/") + 1 :]


def _is_web_address(text: str) -> bool:
    """Whether it may be linked: http(s), with a host, and no user part, which could be a password or a false host."""
    if len(text) > _LONGEST_URL or _NOT_IN_A_URL.search(text):
        return False
    try:
        address = urlsplit(text)
        return address.scheme in ("http", "https") and bool(address.hostname) and "@" not in address.netloc
    except ValueError:
        return False


def _page(metadata: Mapping[str, object]) -> str | None:
    # `loc.pageNumber` is the PDF loader's, and counts from 1.
    places = (_mapping(metadata.get("loc")).get("pageNumber"), *(metadata.get(key) for key in _PAGE_KEYS))
    for page in places:
        if isinstance(page, int) and abs(page) >= 10**_LONGEST_PAGE:
            continue
        if isinstance(page, int | str) and not isinstance(page, bool):
            text = one_line(str(page), _LONGEST_PAGE)
            if text:
                return text
    return None


def _lines(metadata: Mapping[str, object]) -> tuple[int, int] | None:
    lines = _mapping(_mapping(metadata.get("loc")).get("lines"))
    first, last = lines.get("from"), lines.get("to")
    if type(first) is int and type(last) is int and 0 <= first <= last:
        return (first, last)
    return None


def _strings(metadata: Mapping[str, object], keys: Iterable[str]) -> Iterable[str]:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, str) and value.strip():
            yield value.strip()


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
