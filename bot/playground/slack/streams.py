"""Knows Slack's native streaming: chat.startStream, appendStream and stopStream, and the cliffs they fall off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.playground.slack import rules
from bot.playground.slack.arguments import Args, text
from bot.playground.slack.elements import Block
from bot.playground.slack.message import Message
from bot.playground.slack.noting import note, note_previews
from bot.playground.slack.rules import Refusal
from bot.playground.slack.wire import message_json
from bot.playground.slack.workspace import Workspace

LASTS = 300.0
"""Seconds after which a stream is over, even while it is appended to (slackapi/python-slack-sdk#1859)."""
MOST_STREAMED = 12_000
"""Characters of one streamed message, all calls together (seen in the field: CopilotKit/CopilotKit#6064)."""


@dataclass(slots=True)
class _Stream:
    since: float
    markdown: str = ""
    blocks: tuple[Block, ...] = ()


class Streams:
    """The streams of a workspace that have not been stopped."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._open: dict[tuple[str, str], _Stream] = {}

    @property
    def open(self) -> list[tuple[str, str]]:
        """The (channel, ts) of every stream that nobody has stopped, also of those that are too old to go on."""
        return list(self._open)

    def running(self, message: Message) -> bool:
        stream = self._open.get((message.channel, message.ts))
        return stream is not None and self._workspace.clock() - stream.since < LASTS

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
        stream = _Stream(self._workspace.clock())
        self._add(stream, args)
        message = self._workspace.by_bot(channel.id, stream.markdown, root)
        message = replace(message, blocks=_shown(stream))
        self._open[channel.id, message.ts] = stream
        note(self._workspace, message, args)
        self._workspace.post(message)
        return {"channel": channel.id, "ts": message.ts}

    def append(self, args: Args) -> dict[str, object]:
        if not args.get("markdown_text") and not args.get("chunks"):
            raise Refusal("no_text")
        message, stream = self._find(args)
        self._add(stream, args)
        grown = replace(message, text=stream.markdown, blocks=_shown(stream))
        note(self._workspace, grown, args)
        self._workspace.change(message, grown, quietly=True)
        return {"channel": message.channel, "ts": message.ts}

    def stop(self, args: Args) -> dict[str, object]:
        message, stream = self._find(args)
        last = rules.draft({"blocks": args.get("blocks"), "metadata": args.get("metadata")})
        rules.check_blocks(last.blocks or ())
        self._add(stream, args)
        blocks = (*_shown(stream), *(last.blocks or ()))
        del self._open[message.channel, message.ts]
        ended = replace(message, text=stream.markdown, blocks=blocks, metadata=last.metadata or message.metadata)
        note(self._workspace, ended, args)
        # No argument switches previews off. The blocks of the end are not judged: their links are the sources.
        note_previews(self._workspace, replace(ended, blocks=_shown(stream)))
        ended = self._workspace.change(message, ended)
        return {"channel": message.channel, "ts": message.ts, "message": message_json(self._workspace, ended)}

    def _find(self, args: Args) -> tuple[Message, _Stream]:
        channel = self._workspace.joined(args.get("channel"))
        message = channel.messages.get(text(args, "ts"))
        if message is None:
            raise Refusal("message_not_found")
        if message.bot_id != self._workspace.bot_id:
            raise Refusal("message_not_owned_by_app")
        if not self.running(message):
            raise Refusal("message_not_in_streaming_state")
        return message, self._open[channel.id, message.ts]

    def _add(self, stream: _Stream, args: Args) -> None:
        added, blocks = _read(args)
        if len(stream.markdown) + len(added) > MOST_STREAMED:
            raise Refusal("msg_too_long")
        rules.check_blocks((*stream.blocks, *blocks))
        stream.markdown += added
        stream.blocks += blocks


def _shown(stream: _Stream) -> tuple[Block, ...]:
    markdown: tuple[Block, ...] = ({"type": "markdown", "text": stream.markdown},) if stream.markdown else ()
    return (*markdown, *stream.blocks)


def _read(args: Args) -> tuple[str, tuple[Block, ...]]:
    chunks, markdown = args.get("chunks"), text(args, "markdown_text")
    if chunks and markdown:
        raise Refusal("invalid_arguments", "[ERROR] markdown_text and chunks exclude one another")
    if isinstance(chunks, str) and chunks:
        try:
            chunks = json.loads(chunks)
        except ValueError:
            raise Refusal("invalid_chunks") from None
    blocks: list[Block] = []
    for chunk in chunks if isinstance(chunks, list) else ():
        added, more = _chunk(chunk)
        markdown += added
        blocks += more
    return markdown, tuple(blocks)


def _chunk(chunk: object) -> tuple[str, list[Block]]:
    """A task or a plan is taken and not shown: the local Slack has no block for them."""
    match chunk:
        case {"type": "markdown_text", "text": str(added)}:
            return added, []
        case {"type": "blocks", "blocks": list(blocks)} if all(isinstance(block, Mapping) for block in blocks):
            return "", blocks
        case {"type": "task_update", "id": str(), "title": str(), "status": str(status)}:
            if status in {"pending", "in_progress", "complete", "error"}:
                return "", []
        case {"type": "plan_update", "title": str()}:
            return "", []
    raise Refusal("invalid_chunks")
