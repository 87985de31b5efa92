"""Defines the Slack calls that an answer is made of, and their results, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bot.slack.text.block import Blocks
from bot.slack.text.steps_blocks import Task


@dataclass(frozen=True, slots=True)
class PostMessage:
    """chat.postMessage. `thread_ts` None posts outside threads. `mark` finds the message again if the reply was lost.

    With `look`, another process may have posted it already: it is searched for first. Where it is not found, but a
    message is whose mark begins with `adopts`, that one is taken over instead of posting. The search begins at `since`,
    the `ts` of an older message; empty: at the beginning.
    """

    channel: str
    text: str
    blocks: Blocks
    thread_ts: str | None = None
    mark: str = ""
    look: bool = False
    adopts: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class UpdateMessage:
    """chat.update of one of our own messages; the blocks replace all earlier ones."""

    channel: str
    ts: str
    text: str
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class DeleteMessage:
    """chat.delete of one of our own messages."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class StartStream:
    """chat.startStream: a message in a thread that grows by Slack's own streaming, begun with some `markdown`.

    `user` and `team` are the person who asked, and that person's workspace. `mark` is the call's own name, by which it
    is recognised when its reply was lost; `since` is as in PostMessage. With `tasks`, all those of the message
    stand in a plan with the title `plan`; else each stands where it came in the text.
    """

    channel: str
    thread_ts: str
    user: str
    team: str
    markdown: str
    mark: str
    since: str = ""
    tasks: tuple[Task, ...] = ()
    plan: str = ""


@dataclass(frozen=True, slots=True)
class AppendStream:
    """chat.appendStream: more `markdown` for a message that is being streamed, and the `tasks` that have changed."""

    channel: str
    ts: str
    markdown: str
    tasks: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True)
class StopStream:
    """chat.stopStream: the last `markdown` of a streamed message, if any, and the blocks under it.

    `tasks` are those that have changed; `plan` is the last title of the plan they stand in, empty where it stays.
    """

    channel: str
    ts: str
    markdown: str = ""
    blocks: Blocks = ()
    tasks: tuple[Task, ...] = ()
    plan: str = ""


@dataclass(frozen=True, slots=True)
class FindStream:
    """conversations.replies: a stream of ours in a thread that nobody has noted, as its process died right after it had
    begun it. `mark` names the search; `since` is as in PostMessage; `known` are the messages that were noted.

    There is at most one: a thread's answers are written one at a time. Whether it still runs, only its stop tells.
    """

    channel: str
    thread_ts: str
    mark: str
    since: str = ""
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetStatus:
    """assistant.threads.setStatus: the line under a thread ("<bot> is thinking…"); an empty status removes it."""

    channel: str
    thread_ts: str
    status: str


@dataclass(frozen=True, slots=True)
class SetSession(SetStatus):
    """agents.sessions.setStatus: whether an agent is at work in a thread; an empty status says that it no longer is.

    Slack shows words of its own. `title` names the thread; empty leaves its name.
    """

    title: str = ""


@dataclass(frozen=True, slots=True)
class PostEphemeral:
    """chat.postEphemeral: seen by one person only, cannot be edited."""

    channel: str
    user: str
    text: str
    blocks: Blocks
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True)
class Respond:
    """A POST to a command's response URL: five in 30 minutes, also where the bot is no member. Ephemeral."""

    response_url: str
    text: str
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class SendFile:
    """files.getUploadURLExternal, and the bytes to the address that it gives: nobody sees the file before it is shared.

    `key` tells it from the other files of its answer, `name` is its name with its ending. Without `content`, both are
    put in by whoever makes the call: it is a file that the flow has made. Needs the scope files:write. Making it twice
    does no harm.
    """

    key: str
    name: str = ""
    content: bytes | bytearray | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ShareFile:
    """files.completeUploadExternal: a file that was sent, in a thread, or outside threads if `thread_ts` is None.

    `key` is as in SendFile, `title` what Slack shows above it; empty: its name. With `look`, it may have been shared
    already: it is searched for first. `since` is as in PostMessage.
    """

    channel: str
    thread_ts: str | None
    key: str
    file_id: str
    title: str = ""
    look: bool = False
    since: str = ""


Call: TypeAlias = (
    PostMessage
    | UpdateMessage
    | DeleteMessage
    | StartStream
    | AppendStream
    | StopStream
    | FindStream
    | SetStatus
    | SetSession
    | PostEphemeral
    | Respond
    | SendFile
    | ShareFile
)


_METHODS: Final[Mapping[type[Call], str]] = {
    PostMessage: "chat.postMessage",
    UpdateMessage: "chat.update",
    DeleteMessage: "chat.delete",
    StartStream: "chat.startStream",
    AppendStream: "chat.appendStream",
    StopStream: "chat.stopStream",
    SetStatus: "assistant.threads.setStatus",
    SetSession: "agents.sessions.setStatus",
    PostEphemeral: "chat.postEphemeral",
    SendFile: "files.getUploadURLExternal",
    ShareFile: "files.completeUploadExternal",
    Respond: "",
    FindStream: "",
}


def method_of(call: Call) -> str:
    """The Web API method whose limit a call counts for; empty for one that needs no permit: a response URL has a limit
    of its own, and reading is not shared."""
    return _METHODS[type(call)]


@dataclass(frozen=True, slots=True)
class Posted:
    """A message stands in Slack under `ts`.

    `found`: it is from an earlier try whose reply was lost, and may show an older text.
    """

    ts: str
    found: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """Slack has accepted the call."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file has arrived, and nobody sees it yet."""

    file_id: str


@dataclass(frozen=True, slots=True)
class Limited:
    """Too many calls: try again in `retry_after` seconds. The call had no effect."""

    retry_after: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Slack refused the call with its error code; it would refuse the same call again. The call had no effect."""

    error: str


NOT_FETCHED: Final = "not_fetched"
"""The error of a SendFile whose content could not be had. Slack was not asked."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No usable reply came back (connection lost, server error): the call may have had its effect or not."""

    reason: str


Result: TypeAlias = Posted | Accepted | Uploaded | Limited | Refused | Lost
