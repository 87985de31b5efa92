"""Looks values up in a chunk's metadata, whether it is still nested or a vector store has flattened it.

A loader writes `{"loc": {"pageNumber": 7}}`. Pinecone's store gives it back as `loc.pageNumber`, Weaviate's as
`loc_pageNumber`, Milvus' with the inner object as JSON text. Keys are looked up, never gone through: metadata may hold
any number of them, as deep as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypeAlias

from bot.flowise.json_text import read_json

Metadata: TypeAlias = Mapping[str, object]

_SEPARATORS = (".", "_", "__")

# In characters. What a chunk's metadata comes to is some hundreds; a title and an address have limits of their own.
_LONGEST_JSON = 20_000
_LONGEST_TEXT = 4_000
# How many entries of a list are looked at where one text is wanted.
_FIRST = 5


def mapping(value: object) -> Metadata:
    """An object, the JSON of one, or the first one of a list; empty where it is none of them."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str) and len(value) <= _LONGEST_JSON and value.lstrip().startswith("{"):
        try:
            value = read_json(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def values(metadata: Metadata, *paths: str) -> Iterator[object]:
    """What stands at each of the paths, such as `loc.lines.from`: nested first, then under a flattened key."""
    for path in paths:
        yield from _at(metadata, _steps(path))


def texts(metadata: Metadata, *paths: str) -> Iterator[str]:
    """The texts at the paths in which there is something to read; of a list of texts, the first one."""
    for value in values(metadata, *paths):
        for text in value[:_FIRST] if isinstance(value, list) else [value]:
            if isinstance(text, str) and _can_be_seen(text[:_LONGEST_TEXT]):
                yield text[:_LONGEST_TEXT].strip()
                break


def numbers(metadata: Metadata, *paths: str) -> Iterator[int]:
    """The whole numbers at the paths that are not negative: 7, 7.0, "7"."""
    for value in values(metadata, *paths):
        number = whole_number(value)
        if number is not None:
            yield number


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


_MOST_DIGITS = 9


def _can_be_seen(text: str) -> bool:
    return any(char.isprintable() and not char.isspace() for char in text)


def _at(metadata: Metadata, steps: tuple[str, ...]) -> Iterator[object]:
    for taken in range(1, len(steps) + 1):
        for key in _spellings(steps[:taken]):
            if key not in metadata:
                continue
            if taken == len(steps):
                yield metadata[key]
            else:
                yield from _at(mapping(metadata[key]), steps[taken:])


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


@cache
def _spellings(steps: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that some steps together may have: a database may write all in small letters, a person `Title`."""
    joined = [separator.join(steps) for separator in _SEPARATORS]
    spelled = (form for key in joined for form in (key, key.lower(), key[:1].upper() + key[1:]))
    return tuple(dict.fromkeys(spelled))
