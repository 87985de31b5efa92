"""Implements native streaming, with its limits: chat.startStream, chat.appendStream and chat.stopStream."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.playground.slack import behaviours, rules
from bot.playground.slack.arguments import Args, text
from bot.playground.slack.message import Message
from bot.playground.slack.rules import Refusal
from bot.playground.slack.side_effects import note, note_previews
from bot.playground.slack.stream_content import MOST_IN_FIELD, Content, too_long
from bot.playground.slack.wire import message_json
from bot.playground.slack.workspace import LocalWorkspace

MOST_STREAMED = 12_000
"""Characters of one streamed message, all calls together (seen in the field: CopilotKit/CopilotKit#6064)."""


@dataclass(slots=True)
class _Stream:
    since: float
    content: Content


class Streams:
    """The streams of a workspace that have not been stopped."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self._workspace = workspace
        self._open: dict[tuple[str, str], _Stream] = {}
        self._ended_by_hand: set[tuple[str, str]] = set()

    @property
    def open(self) -> list[tuple[str, str]]:
        """The (channel, ts) of every stream that nobody has stopped, also of those that are too old to go on."""
        return list(self._open)

    def running(self, message: Message) -> bool:
        stream = self._open.get((message.channel, message.ts))
        share = behaviours.SHORT_LIFE if "stream_life" in self._workspace.reported else 1.0
        lasts = self._workspace.stream_seconds * share
        return stream is not None and self._workspace.clock() - stream.since < lasts

    def end_by_hand(self, message: Message) -> None:
        """End a stream as a person does with Slack's own Stop: the app's next call for it is refused."""
        del self._open[message.channel, message.ts]
        self._ended_by_hand.add((message.channel, message.ts))
        self._workspace.change(message, replace(message, streaming_state="completed"))

    def start(self, args: Args) -> dict[str, object]:
        """`thread_ts` is asked for here although Slack's pages disagree on it: nobody has seen what happens without."""
        channel = self._workspace.joined(args.get("channel"))
        if channel.archived:
            raise Refusal("is_archived")
        if channel.kind != "im":
            for key in ("recipient_user_id", "recipient_team_id"):
                if not args.get(key):
                    raise Refusal(f"missing_{key}")
            if text(args, "recipient_user_id") not in self._workspace.people:
                raise Refusal("user_not_found")
        root = self._workspace.thread_root(channel, args.get("thread_ts"))
        stream = _Stream(self._workspace.clock(), Content(as_plan=_as_plan(args)))
        self._add(stream, args)
        message = self._workspace.by_bot(channel.id, stream.content.markdown, root)
        message = replace(message, blocks=stream.content.blocks, streaming_state="in_progress")
        self._open[channel.id, message.ts] = stream
        note(self._workspace, message, args)
        self._workspace.post(message)
        self._tell_session(message, "processing")
        return {"channel": channel.id, "ts": message.ts}

    def append(self, args: Args) -> dict[str, object]:
        if not args.get("markdown_text") and not args.get("chunks"):
            raise Refusal("no_text")
        message, stream = self._find(args)
        self._add(stream, args)
        grown = replace(message, text=stream.content.markdown, blocks=stream.content.blocks)
        note(self._workspace, grown, args)
        self._workspace.change(message, grown, quietly=True)
        return {"channel": message.channel, "ts": message.ts}

    def stop(self, args: Args) -> dict[str, object]:
        message, stream = self._find(args)
        last = rules.draft({"blocks": args.get("blocks"), "metadata": args.get("metadata")})
        rules.check_blocks(last.blocks or ())
        self._add(stream, args)
        shown = stream.content.blocks
        del self._open[message.channel, message.ts]
        ended = replace(
            message,
            text=stream.content.markdown,
            blocks=(*shown, *(last.blocks or ())),
            metadata=last.metadata or message.metadata,
            streaming_state="completed",
        )
        note(self._workspace, ended, args)
        # No argument switches previews off. The blocks of the end are not judged: their links are the sources.
        note_previews(self._workspace, replace(ended, blocks=shown))
        ended = self._workspace.change(message, behaviours.stopped(self._workspace, ended))
        self._tell_session(message, "active")
        return {"channel": message.channel, "ts": message.ts, "message": message_json(self._workspace, ended)}

    def _tell_session(self, message: Message, status: str) -> None:
        """An agent's stream begins a session, and ends its work (Slack docs, Agent sessions)."""
        if self._workspace.is_agent and message.thread_ts:
            self._workspace.set_session(message.channel, message.thread_ts, status)

    def _find(self, args: Args) -> tuple[Message, _Stream]:
        channel = self._workspace.joined(args.get("channel"))
        message = channel.messages.get(text(args, "ts"))
        if message is None:
            raise Refusal("message_not_found")
        if message.bot_id != self._workspace.bot_id:
            raise Refusal("message_not_owned_by_app")
        if (channel.id, message.ts) in self._ended_by_hand:
            raise Refusal("stopped_by_user")
        if not self.running(message):
            raise Refusal("message_not_in_streaming_state")
        return message, self._open[channel.id, message.ts]

    def _add(self, stream: _Stream, args: Args) -> None:
        """Let a stream grow by what a call brings, or refuse all of it."""
        chunks = _chunks(self._workspace, args)
        content = stream.content
        for chunk in chunks:
            content = content.grown(chunk)
        if "buttons_in_stream" in self._workspace.reported and len(content.given) > len(stream.content.given):
            raise Refusal("invalid_chunks")
        small = "stream_size" in self._workspace.reported
        if len(content.markdown) > (behaviours.SMALL_STREAM if small else MOST_STREAMED):
            raise Refusal("msg_too_long")
        rules.check_blocks(content.given)
        stream.content = content
        for field in (field for chunk in chunks for field in too_long(chunk)):
            self._workspace.blame(f"the {field} of a chunk has more than {MOST_IN_FIELD} characters")


def _as_plan(args: Args) -> bool:
    mode = text(args, "task_display_mode") or "timeline"
    if mode not in ("timeline", "plan"):
        raise Refusal("invalid_arguments", "[ERROR] must be timeline or plan [json-pointer:/task_display_mode]")
    return mode == "plan"


def _chunks(workspace: LocalWorkspace, args: Args) -> list[object]:
    chunks, markdown = args.get("chunks"), behaviours.streamed(workspace, text(args, "markdown_text"))
    if chunks and markdown:
        # The word is told in NousResearch/hermes-agent#104173.
        raise Refusal("cannot_provide_both_markdown_text_and_chunks")
    if markdown:
        return [{"type": "markdown_text", "text": markdown}]
    if isinstance(chunks, str) and chunks:
        raise Refusal("invalid_chunks")
    return list(chunks) if isinstance(chunks, list) else []
