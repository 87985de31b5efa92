"""Assembles what a native stream holds: text, tasks and blocks in the order they came, as chunks make it grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.playground.slack.elements import Block
from bot.playground.slack.rules import Refusal

MOST_IN_FIELD = 256
"""Characters of a field of a task or a plan (Slack docs, chat.appendStream). Slack was seen to take more
(vercel/chat#886)."""
_STATUSES = frozenset({"pending", "in_progress", "complete", "error"})

Source: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Task:
    """A task by its id. An update brings a new title and status, and adds to the rest (openclaw/openclaw#125168)."""

    id: str
    title: str
    status: str
    details: str = ""
    output: str = ""
    sources: tuple[Source, ...] = ()

    def updated(self, new: Task) -> Task:
        sources = (*self.sources, *(source for source in new.sources if source not in self.sources))
        return replace(new, details=self.details + new.details, output=self.output + new.output, sources=sources)

    @property
    def block(self) -> Block:
        """The task as a task_card block."""
        told: dict[str, object] = {
            "type": "task_card",
            "task_id": self.id,
            "title": self.title,
            "status": self.status,
            "details": _rich(self.details),
            "output": _rich(self.output),
            "sources": list(self.sources),
        }
        return {key: value for key, value in told.items() if value}


def _rich(text: str) -> Block | None:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]} if text else None


@dataclass(frozen=True, slots=True)
class Content:
    """All that has been streamed. `as_plan`: the tasks stand together in a plan, not between the words."""

    as_plan: bool = False
    pieces: tuple[str | Task | Block, ...] = ()
    title: str = ""

    @property
    def markdown(self) -> str:
        return "".join(piece for piece in self.pieces if isinstance(piece, str))

    @property
    def given(self) -> tuple[Block, ...]:
        """The blocks that were streamed as blocks."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Mapping))

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that the message shows."""
        shown: list[Block] = []
        planned = False
        for piece in self.pieces:
            match piece:
                case str():
                    shown.append({"type": "markdown", "text": piece})
                case Task() if not self.as_plan:
                    shown.append(piece.block)
                case Task():
                    shown += [] if planned else [self._plan]
                    planned = True
                case _:
                    shown.append(piece)
        return tuple(shown)

    @property
    def _plan(self) -> Block:
        tasks = [piece for piece in self.pieces if isinstance(piece, Task)]
        return {"type": "plan", "title": self.title or tasks[-1].title, "tasks": [task.block for task in tasks]}

    def grown(self, chunk: object) -> Content:
        """The content with one more chunk.

        Raises:
            Refusal: invalid_chunks.
        """
        match chunk:
            case {"type": "markdown_text", "text": str(added)}:
                return self.written(added)
            case {"type": "blocks", "blocks": list(blocks)} if all(isinstance(block, Mapping) for block in blocks):
                return replace(self, pieces=(*self.pieces, *blocks))
            case {"type": "plan_update", "title": str(title)} if title:
                return replace(self, title=title)
            case Mapping() if chunk.get("type") == "task_update":
                return self._with(_task(chunk))
        raise Refusal("invalid_chunks")

    def written(self, added: str) -> Content:
        """The content with more text, which continues the last text unless something else came between."""
        if not added:
            return self
        *before, last = self.pieces or ("",)
        kept = (*before, last + added) if isinstance(last, str) else (*before, last, added)
        return replace(self, pieces=tuple(kept))

    def _with(self, new: Task) -> Content:
        pieces = list(self.pieces)
        for index, piece in enumerate(pieces):
            if isinstance(piece, Task) and piece.id == new.id:
                pieces[index] = piece.updated(new)
                return replace(self, pieces=tuple(pieces))
        return replace(self, pieces=(*pieces, new))


def _task(chunk: Mapping[str, object]) -> Task:
    texts = {key: chunk.get(key) or "" for key in ("id", "title", "status", "details", "output")}
    sources = chunk.get("sources") or []
    if not all(isinstance(value, str) for value in texts.values()) or not isinstance(sources, list):
        raise Refusal("invalid_chunks")
    known = [source for source in sources if isinstance(source, Mapping) and _is_source(source)]
    task = Task(**{key: str(value) for key, value in texts.items()}, sources=tuple(known))
    if not task.id or not task.title or task.status not in _STATUSES or len(known) < len(sources):
        raise Refusal("invalid_chunks")
    return task


def _is_source(source: Source) -> bool:
    match source:
        case {"type": "url", "url": str(url), "text": str(text)}:
            return bool(url and text)
    return False


def too_long(chunk: object) -> list[str]:
    """The fields of a task or a plan that are longer than they should be."""
    if not isinstance(chunk, Mapping) or chunk.get("type") not in ("task_update", "plan_update"):
        return []
    return [key for key, value in chunk.items() if isinstance(value, str) and len(value) > MOST_IN_FIELD]
