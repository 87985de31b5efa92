"""Reads which files a flow has made, out of `artifacts` (pictures and texts of tools) and `fileAnnotations`.

A file is named where Flowise has stored it (`FILE-STORAGE::plot.png`); as often it is only there as a data URI or as
text. Lists are sent again and again while they grow, and one of each kind, so a file is told from others by its name
or by what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain, islice

from bot.flowise.events import ResultFile, ResultFiles
from bot.flowise.json_text import write_json
from bot.flowise.metadata import mapping

KINDS = ("artifacts", "fileAnnotations")

MOST_FILES = 100
"""The most files of an answer that are told apart. A list of hundreds is an attack or a fault."""

# In characters.
_LONGEST_NAME = 60
_LONGEST_PATH = 1_000
_LONGEST_CONTENT = 2_000
_LONGEST_JSON = 200_000
_LONGEST_KIND = 20
_LONGEST_SCHEME = 5
# How many nodes of a run are looked through.
_MOST_NODES = 500

_STORAGE = "FILE-STORAGE::"

PICTURES = frozenset({"png", "jpg", "jpeg", "gif", "webp", "image"})
"""The kinds of artifacts that are pictures: what is no file and no `data:` URI of them is an address, or nothing."""

UNREADABLE = ResultFiles((), more=True)
"""What a list is that cannot be read, because it is larger than a frame may be: a picture as a data URI, say."""


def result_files(data: object) -> ResultFiles | None:
    """The files of a list, a single one, or lists of them; None where there are none."""
    found = dict.fromkeys(islice(_files(data), MOST_FILES + 1))
    files = tuple(islice(found, MOST_FILES))
    return ResultFiles(files, more=len(found) > MOST_FILES) if files else None


def files_of_run(nodes: object) -> ResultFiles | None:
    """The files in `agentFlowExecutedData`: a JSON answer of an agent flow has them nowhere else (measured on Flowise
    3.1.4)."""
    if not isinstance(nodes, list):
        return None
    outputs = (mapping(mapping(mapping(node).get("data")).get("output")) for node in nodes[:_MOST_NODES])
    return result_files([output[kind] for output in outputs for kind in KINDS if output.get(kind)])


def result_pictures(uris: Iterable[str]) -> ResultFiles:
    """Pictures that were written into an answer's text, as `data:` URIs."""
    return ResultFiles(tuple(ResultFile("", _mark("", uri), "image", content=_whole(uri)) for uri in uris))


def _whole(uri: str) -> str:
    return uri if uri.partition(",")[2] else ""


def _files(data: object, depth: int = 4) -> Iterator[ResultFile]:
    if isinstance(data, list) and depth:
        yield from chain.from_iterable(_files(entry, depth - 1) for entry in data)
    elif isinstance(data, dict):
        content = data.get("data") or data.get("filePath") or data.get("fileName")
        if content:
            yield _file(data, content)


def _file(entry: dict[str, object], content: object) -> ResultFile:
    is_stored = isinstance(content, str) and content.startswith(_STORAGE)
    stored = _last_part(str(content)) if is_stored else ""
    name = next(filter(None, map(_name, (entry.get("fileName"), entry.get("name"), stored))), "")
    mark = "" if name and stored in ("", name) else _mark(entry.get("type"), content)
    return ResultFile(name, mark, _kind(entry), stored, "" if is_stored else _inline(entry))


def _inline(entry: dict[str, object]) -> str:
    """What a file holds, where its entry holds it; empty where that would be an address or a path."""
    content = entry.get("data")
    if content and not isinstance(content, str):
        return write_json(content, _LONGEST_JSON, indented=True)
    text = content if isinstance(content, str) else ""
    is_data = text[:_LONGEST_SCHEME].lower().startswith("data:")
    return text if is_data or _kind(entry) not in PICTURES else ""


def _kind(entry: dict[str, object]) -> str:
    kind = entry.get("type")
    known = isinstance(kind, str) and len(kind) <= _LONGEST_KIND and kind.isascii() and kind.isalnum()
    return str(kind).lower() if known else ""


def _name(text: object) -> str:
    """A file's name, without a path; empty where there is none that people could read in one line."""
    name = _last_part(text) if isinstance(text, str) else ""
    return name if name.isprintable() and len(name) <= _LONGEST_NAME else ""


def _last_part(path: str) -> str:
    """The last part of a path. Flowise is asked for a file by that alone."""
    name = re.split(r"[/\\]", path[:_LONGEST_PATH].removeprefix(_STORAGE).strip())[-1].strip()
    return name if name.strip(".") else ""


def _mark(kind: object, content: object) -> str:
    """What tells a file from others that have no name, or the same."""
    text = content if isinstance(content, str) else write_json(content, _LONGEST_CONTENT)
    return blake2b(f"{kind}:{text}".encode("utf-8", "replace"), digest_size=8).hexdigest()
