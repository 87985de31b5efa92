"""Looks values up in a chunk's metadata, whether it is still nested or a vector store has flattened it.

A loader writes `{"loc": {"pageNumber": 7}}`. Pinecone's store gives it back as `loc.pageNumber`, Weaviate's as
`loc_pageNumber`, Milvus' with the inner object as JSON text. Only what is looked for is read: metadata may hold any
number of keys, as deep as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from bot.flowise.json_text import read_json

_SEPARATORS = (".", "_", "__")

# In characters. What a chunk's metadata comes to is some hundreds; a title and an address have limits of their own.
_LONGEST_JSON = 20_000
_LONGEST_TEXT = 4_000
# How many entries of a list are looked at where one text is wanted.
_FIRST = 5
_MOST_DIGITS = 9


class MetadataReader:
    """Reads what stands at some paths, such as `loc.lines.from`. Which key may begin which path is a table, so that
    reading costs no more than there are keys of these paths."""

    def __init__(self, *paths: str) -> None:
        self._begun: dict[str, list[tuple[str, int, tuple[str, ...]]]] = {}
        for path in dict.fromkeys(paths):
            steps = tuple(path.split("."))
            for taken in range(1, len(steps) + 1):
                for key in _spellings(steps[:taken]):
                    self._begun.setdefault(key, []).append((path, taken, steps[taken:]))

    def read(self, metadata: object) -> ChunkMetadata:
        values = mapping(metadata)
        found: dict[str, list[tuple[int, object]]] = {}
        for key in sorted(values.keys() & self._begun.keys(), key=_plainness):
            inner: Mapping[str, object] | None = None
            for path, taken, rest in self._begun[key]:
                if not rest:
                    found.setdefault(path, []).append((taken, values[key]))
                    continue
                inner = mapping(values[key]) if inner is None else inner
                found.setdefault(path, []).extend((taken, value) for value in _at(inner, rest))
        return ChunkMetadata({path: [value for _, value in sorted(all_, key=_rank)] for path, all_ in found.items()})


class ChunkMetadata:
    """The values at each path: what is nested comes before what is flattened."""

    def __init__(self, found: Mapping[str, list[object]]) -> None:
        self._found = found

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands at any path: a chunk may say nothing, and a list have hundreds of them."""
        return not self._found

    def values(self, *paths: str) -> Iterator[object]:
        """All that stands at the paths, the first path's first."""
        for path in paths:
            if path in self._found:
                yield from self._found[path]

    def texts(self, *paths: str) -> Iterator[str]:
        """The texts at the paths in which there is something to read; of a list of texts, the first one."""
        for value in self.values(*paths):
            for text in value[:_FIRST] if isinstance(value, list) else [value]:
                if isinstance(text, str) and _can_be_seen(text[:_LONGEST_TEXT]):
                    yield text[:_LONGEST_TEXT].strip()
                    break

    def text(self, *paths: str) -> str:
        """The first text at the paths; empty where there is none."""
        return next(self.texts(*paths), "")

    def number(self, *paths: str) -> int | None:
        """The first whole number at the paths that is not negative: 7, 7.0 or "7"."""
        return next((number for value in self.values(*paths) if (number := whole_number(value)) is not None), None)

    def has(self, *paths: str) -> bool:
        """Whether something stands at each of the paths."""
        return all(path in self._found for path in paths)


def mapping(value: object) -> Mapping[str, object]:
    """An object, the JSON of one, or the first one of a list; empty where it is none of them."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str) and len(value) <= _LONGEST_JSON and value.lstrip().startswith("{"):
        try:
            value = read_json(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def whole_number(value: object) -> int | None:
    """A number that counts something, as loaders and stores write it; None where it is none."""
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
        text = value.strip().removesuffix(".0")
        value = int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**_MOST_DIGITS:
        return value
    return None


def _can_be_seen(text: str) -> bool:
    return any(char.isprintable() and not char.isspace() for char in text)


def _at(metadata: Mapping[str, object], steps: tuple[str, ...]) -> Iterator[object]:
    for taken in range(1, len(steps) + 1):
        for key in _spellings(steps[:taken]):
            if key not in metadata:
                continue
            if taken == len(steps):
                yield metadata[key]
            else:
                yield from _at(mapping(metadata[key]), steps[taken:])


@cache
def _spellings(steps: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that some steps together may have: a database may write all in small letters, a person `Title`."""
    joined = [separator.join(steps) for separator in _SEPARATORS]
    spelled = (form for key in joined for form in (key, key.lower(), key[:1].upper() + key[1:]))
    return tuple(dict.fromkeys(spelled))


def _plainness(key: str) -> tuple[bool, str]:
    """`title` before `Title`: where there are both, the second is somebody's column."""
    return (not key[:1].islower(), key)


def _rank(found: tuple[int, object]) -> int:
    return found[0]
