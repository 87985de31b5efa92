"""Reads the files of a message: what Slack says of each, before anything of it is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from bot.slack.fields import string

MOST_FILES = 50
_LONGEST_NAME = 200
_LONGEST_ADDRESS = 2_000
_MOST_BYTES = 10**12


class FileRefusedError(Exception):
    """A file cannot be fetched from Slack. `may_not`: the bot has no right to; it may want for the scope files:read.
    `is_gone`: it was deleted. The text is for the log.
    """

    def __init__(self, message: str, *, may_not: bool = False, is_gone: bool = False) -> None:
        super().__init__(message)
        self.may_not = may_not
        self.is_gone = is_gone


class FileKind(Enum):
    """Where the bytes of a file are."""

    HOSTED = "hosted"
    """In Slack."""
    STUB = "stub"
    """In Slack; the event of a channel that organisations share gives its id alone (`check_file_info`)."""
    CANVAS = "canvas"
    """Nowhere: a canvas, a list or a post is written in Slack itself."""
    EXTERNAL = "external"
    """In another service, such as Google Drive, whose address Slack shows."""
    GONE = "gone"
    """Deleted, or hidden by the limits of the workspace's plan."""


# Slack docs, file object: `mode`, and the `filetype` of what is written in Slack itself.
_GONE = frozenset({"tombstone", "hidden_by_limit"})
_WRITTEN_IN_SLACK = frozenset({"canvas", "quip", "list", "post", "space", "docs"})
_CLIP = "slack_audio"


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file as a message gives it. `url` is the private address, `size` in bytes; 0 and empty are unknown.

    `team` is the id of the team of whoever uploaded it, `kind` the value of a FileKind. `is_clip`: it was recorded in
    Slack, as a voice clip.
    """

    id: str
    name: str
    mimetype: str = ""
    size: int = 0
    url: str = ""
    team: str = ""
    kind: str = FileKind.HOSTED.value
    is_clip: bool = False


def shared_files(files: object) -> tuple[SharedFile, ...]:
    """The files in the `files` of a message, in order, each once. Never raises."""
    given = [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
    found = {file.id: file for file in map(shared_file, given[:MOST_FILES]) if file.id}
    return tuple(found.values())


def shared_file(file: Mapping[str, object]) -> SharedFile:
    """What a file object of Slack's says; with an empty id where it names none."""
    size = file.get("size")
    file_id = string(file, "id")
    return SharedFile(
        id=file_id if file_id.isascii() and file_id.isalnum() and len(file_id) <= _LONGEST_NAME else "",
        name=(string(file, "name") or string(file, "title"))[:_LONGEST_NAME],
        mimetype=string(file, "mimetype").partition(";")[0].strip().lower()[:_LONGEST_NAME],
        size=size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < _MOST_BYTES else 0,
        url=string(file, "url_private")[:_LONGEST_ADDRESS],
        team=string(file, "user_team"),
        kind=_kind(file).value,
        is_clip=string(file, "subtype") == _CLIP,
    )


def _kind(file: Mapping[str, object]) -> FileKind:
    mode = string(file, "mode")
    if mode in _GONE:
        return FileKind.GONE
    if string(file, "file_access") == "check_file_info":
        return FileKind.STUB
    if mode in _WRITTEN_IN_SLACK or string(file, "filetype") in _WRITTEN_IN_SLACK:
        return FileKind.CANVAS
    if mode == "external" or file.get("is_external") is True:
        return FileKind.EXTERNAL
    return FileKind.HOSTED
