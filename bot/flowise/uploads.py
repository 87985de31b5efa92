"""Decides which way each file of a question goes to Flowise, and under which name: pure.

Flowise takes a file in one of four ways, and which of them a flow offers is the builder's choice. It compares a name's
extension with the type that is declared for it, knows few types, and escapes a name nowhere (measured on 3.1.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from bot.flowise.file_names import TEXT, file_name, is_text, type_of

MOST_IN_BODY = 36 * 1024 * 1024
"""Bytes of the files that travel in the body of one prediction: as base64 they are 48 MB, and Flowise's own limit on a
body is 50 MB (FLOWISE_FILE_SIZE_LIMIT; 40 MB of file are refused with 413, measured on 3.1.4)."""

VOICE_MIME = "audio/mp4"
"""What `mime` a voice clip must have to be heard: Flowise tries audio/webm, audio/mp4 and audio/ogg alone, whatever the
clip is; the type in its data URI must fit the extension (measured on 3.1.4)."""

_JSON = "application/json"


class Way(Enum):
    """How a file reaches the flow."""

    IMAGE = auto()
    """In the body of the prediction, for the model to see."""
    VOICE = auto()
    """In the body of the prediction, in place of the question: Flowise writes down what is said."""
    DOCUMENT = auto()
    """Uploaded to the chat first; its text goes along with the question."""
    STORED = auto()
    """Added to the flow's vector store, for this chat alone."""


class Reason(Enum):
    """Why a file does not go along."""

    TOO_LARGE = auto()
    TOO_MUCH = auto()
    """All files of the question together are too large."""
    EMPTY = auto()
    NO_IMAGES = auto()
    NOT_THIS_IMAGE = auto()
    NO_VOICE = auto()
    NOT_THIS_CLIP = auto()
    WORDS_AND_VOICE = auto()
    """The transcript would take the place of the words."""
    ONE_CLIP = auto()
    """The transcript of the last clip would take the place of all others."""
    NOT_TAKEN = auto()
    """The flow takes no files of this type."""


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file that somebody has attached. `id` tells it from others, `size` is in bytes; `is_clip`: a voice clip."""

    id: str
    name: str
    mime: str
    size: int
    is_clip: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a flow takes: the MIME types of images and documents, whether it hears, and the extensions (with a dot) of
    the files that its vector store takes."""

    images: frozenset[str] = frozenset()
    hears: bool = False
    documents: frozenset[str] = frozenset()
    stored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file and its way: the name that Flowise is given, the type of its bytes, and what `mime` it is sent with."""

    file: OfferedFile
    way: Way
    name: str
    type: str
    mime: str


@dataclass(frozen=True, slots=True)
class LeftOutFile:
    """A file that does not go along, and why."""

    file: OfferedFile
    reason: Reason


def accepted(uploads: object, document_types: frozenset[str], *, may_store: bool) -> Accepted:
    """What a flow takes, by Flowise's `chatflows-uploads`, and beside it by the `document_types` of its configuration;
    what cannot be read is nothing.

    `may_store`: files may be added to its vector store.
    """
    told = uploads if isinstance(uploads, Mapping) else {}
    stores = may_store and told.get("isRAGFileUploadAllowed") is True
    return Accepted(
        images=_types(told.get("imgUploadSizeAndTypes")) if told.get("isImageUploadAllowed") is True else frozenset(),
        hears=told.get("isSpeechToTextEnabled") is True,
        documents=document_types,
        stored=_types(told.get("fileUploadSizeAndTypes")) if stores else frozenset(),
    )


def _types(listed: object) -> frozenset[str]:
    """The types in a list such as [{"fileTypes": ["image/png", ""], "maxUploadSize": 5}]. The sizes are not enforced
    (36 MB went through where 5 were allowed, measured on 3.1.4)."""
    entries: Iterable[object] = listed if isinstance(listed, list) else ()
    types = (entry.get("fileTypes") for entry in entries if isinstance(entry, Mapping))
    return frozenset(
        name for names in types if isinstance(names, list) for name in names if isinstance(name, str) and name
    )


def plan(
    files: Sequence[OfferedFile], takes: Accepted, *, has_words: bool, largest: int
) -> tuple[PlannedFile | LeftOutFile, ...]:
    """What becomes of each file, in order. `has_words`: the question has words too; `largest` is in bytes."""
    room, heard = MOST_IN_BODY, False
    planned: list[PlannedFile | LeftOutFile] = []
    for file in files:
        way = _way(file, takes, has_words=has_words, heard=heard, largest=largest)
        if isinstance(way, PlannedFile) and way.way in {Way.IMAGE, Way.VOICE}:
            if file.size > room:
                way = LeftOutFile(file, Reason.TOO_MUCH)
            else:
                room -= file.size
                heard = heard or way.way is Way.VOICE
        planned.append(way)
    return tuple(planned)


def _way(
    file: OfferedFile, takes: Accepted, *, has_words: bool, heard: bool, largest: int
) -> PlannedFile | LeftOutFile:
    mime = type_of(file.name, file.mime)
    reason = Reason.NOT_TAKEN
    if file.size == 0:
        reason = Reason.EMPTY
    elif file.size > largest:
        reason = Reason.TOO_LARGE
    elif file.is_clip or mime.startswith("audio/"):
        return _voice(file, mime, takes, has_words=has_words, heard=heard)
    elif mime in takes.images:
        return PlannedFile(file, Way.IMAGE, file_name(file.name, file.id, mime), mime, mime)
    elif (planned := _document(file, mime, takes)) is not None:
        return planned
    elif mime.startswith("image/"):
        reason = Reason.NOT_THIS_IMAGE if takes.images else Reason.NO_IMAGES
    return LeftOutFile(file, reason)


def _voice(file: OfferedFile, mime: str, takes: Accepted, *, has_words: bool, heard: bool) -> PlannedFile | LeftOutFile:
    reason = None
    name = file_name(file.name, "", mime)
    if not takes.hears:
        reason = Reason.NO_VOICE
    elif not name:
        reason = Reason.NOT_THIS_CLIP
    elif has_words:
        reason = Reason.WORDS_AND_VOICE
    elif heard:
        reason = Reason.ONE_CLIP
    return PlannedFile(file, Way.VOICE, name, mime, VOICE_MIME) if reason is None else LeftOutFile(file, reason)


def _document(file: OfferedFile, mime: str, takes: Accepted) -> PlannedFile | None:
    """The way of a file that is read: with the question, else from the vector store; None where the flow takes neither.

    Text of any sort is sent as .txt where its own type is not taken. So is JSON where both are: Flowise's loader for it
    drops all numbers, and `{"a": [1, 2]}` is empty (measured on 3.1.4).
    """
    for way, taken in ((Way.DOCUMENT, takes.documents), (Way.STORED, _mimes(takes.stored))):
        takes_text = TEXT in taken and is_text(mime)
        as_it_is = mime in taken and file_name(file.name, file.id, mime)
        if as_it_is and not (mime == _JSON and takes_text):
            return PlannedFile(file, way, as_it_is, mime, mime)
        if takes_text:
            return PlannedFile(file, way, file_name(file.name, file.id, TEXT), TEXT, TEXT)
    return None


def _mimes(extensions: frozenset[str]) -> frozenset[str]:
    """The types whose extensions a vector store takes."""
    return frozenset(type_of(f"x{extension}", "") for extension in extensions) - {""}
