"""Says in sentences which files of a question were not read, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Final, TypeAlias

from bot.flowise.file_names import kinds
from bot.flowise.uploads import Accepted, Reason
from bot.slack import wording_of_files as wording


class Trouble(Enum):
    """Why a file that might have gone along does not."""

    CANVAS = auto()
    EXTERNAL = auto()
    GONE = auto()
    BY_AN_OUTSIDER = auto()
    MAY_NOT = auto()
    NOT_FETCHED = auto()
    UNREADABLE = auto()
    TOO_MUCH_TEXT = auto()
    NOT_LOOKED_AT = auto()
    PERHAPS_NOT_READ = auto()
    """It was being added to the vector store when a process was killed. It may be there."""


Why: TypeAlias = Reason | Trouble

_SENTENCES: Final[Mapping[Why, Callable[[Sequence[str]], str]]] = {
    Reason.TOO_MUCH: wording.too_much,
    Reason.EMPTY: wording.empty,
    Reason.NO_IMAGES: wording.no_images,
    Reason.NO_VOICE: wording.no_voice,
    Reason.NOT_THIS_CLIP: wording.not_this_clip,
    Reason.WORDS_AND_VOICE: wording.words_and_voice,
    Reason.ONE_CLIP: wording.one_clip,
    Trouble.CANVAS: wording.canvas,
    Trouble.EXTERNAL: wording.external,
    Trouble.GONE: wording.gone,
    Trouble.BY_AN_OUTSIDER: wording.by_an_outsider,
    Trouble.MAY_NOT: wording.may_not,
    Trouble.NOT_FETCHED: wording.not_fetched,
    Trouble.UNREADABLE: wording.unreadable,
    Trouble.TOO_MUCH_TEXT: wording.too_much_text,
    Trouble.NOT_LOOKED_AT: wording.not_looked_at,
    Trouble.PERHAPS_NOT_READ: wording.perhaps_not_read,
}


def sentences(unread: Iterable[tuple[str, Why]], takes: Accepted, *, largest: int) -> tuple[str, ...]:
    """A sentence for each reason, in the order in which they came first; files are given by their names."""
    by_reason: dict[Why, list[str]] = {}
    for name, why in unread:
        by_reason.setdefault(why, []).append(name)
    return tuple(_sentence(why, names, takes, largest) for why, names in by_reason.items())


def _sentence(why: Why, names: Sequence[str], takes: Accepted, largest: int) -> str:
    match why:
        case Reason.TOO_LARGE:
            return wording.too_large(names, largest)
        case Reason.NOT_THIS_IMAGE:
            return wording.not_this_image(names, kinds(takes.images))
        case Reason.NOT_TAKEN:
            return wording.not_taken(names, kinds(takes.documents, takes.stored))
        case _:
            return _SENTENCES[why](names)
