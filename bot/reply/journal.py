"""Writes down what an answer has said so far, so that another process can show the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError

from bot.flowise.events import CalledTools, StepEvent, Token
from bot.reply.beside import Beside
from bot.reply.contract import LONGEST, MOST_BREAKS, ArrivedEvent, BeganAnew, KeptEvent, ProgressEvent, ReplyEvent
from bot.slack.text.escaping import clean

_KINDS: Final[dict[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(KeptEvent)}


class Journal:
    """The kept events of one answer, in as few as show the same: its text first, divided by tool calls, then the rest.

    Text that was serialised once is not serialised again when more comes.
    """

    def __init__(self) -> None:
        self._begin_anew()
        self._beside = Beside()
        self._beside_written: list[str] | None = []

    def _begin_anew(self) -> None:
        """Forget the text, and the tool calls that divide it."""
        self._written: list[str] = []
        """The JSON of tool calls, and of the text before the last one."""
        self._words: list[str] = []
        """The text since then, escaped for a JSON string."""
        self._new: list[str] = []
        """The text that is not serialised yet."""
        self._half = ""
        self._length = 0
        self._has_words = False
        self._breaks = 0
        self._tools: tuple[str, ...] = ()

    @property
    def has_words(self) -> bool:
        """Whether there is text to be read."""
        return self._has_words

    def receive(self, event: ArrivedEvent) -> None:
        """Note an event. Text beyond LONGEST is not shown, so it is not kept either."""
        if isinstance(event, Token):
            if event.text and self._length <= LONGEST:
                self._say(event.text)
        elif isinstance(event, BeganAnew):
            self._begin_anew()
        elif isinstance(event, ProgressEvent | StepEvent):
            pass  # whoever goes on did not see when the steps began, and would tell wrong times
        elif isinstance(event, CalledTools):
            self._tools = event.names or self._tools  # the text before and after a call are two paragraphs
        else:
            self._beside.add(event)
            self._beside_written = None

    def _say(self, text: str) -> None:
        if self._tools and self._breaks < MOST_BREAKS:
            self._written += [*self._paragraph(), _json(CalledTools(self._tools[:1]))]
            self._words, self._half = [], ""
            self._breaks += 1
        self._tools = ()
        self._length += len(text)
        self._has_words = self._has_words or not text.isspace()
        # One character too many says that there was more.
        self._new.append(text[: len(text) - max(0, self._length - LONGEST - 1)])

    def _paragraph(self, held: str = "") -> list[str]:
        """The text since the last tool call as JSON, and what is held back after it: whoever reads it decides."""
        text = self._half + "".join(self._new)
        # Half a surrogate pair, whose other half has not come yet, has no UTF-8: it becomes U+FFFD.
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        self._new = []
        whole = text.removesuffix(self._half).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if whole:
            self._words.append(json.dumps(whole, ensure_ascii=False)[1:-1])
        if not self._words and not self._half and not held:
            return []
        return [_token("".join(self._words) + ("\ufffd" if self._half else "") + _escaped(held))]

    def written(self, held: str = "") -> str:
        """All of it as JSON; `held` is the end of the text that is held back, as it came."""
        if self._beside_written is None:
            self._beside_written = [_json(event) for event in self._beside.events]
        if self._tools:
            after = [_token(_escaped(held))] if held else []
            ends = [*self._paragraph(), _json(CalledTools(self._tools)), *after]
        else:
            ends = self._paragraph(held)
        return f"[{', '.join((*self._written, *ends, *self._beside_written))}]"


def _escaped(text: str) -> str:
    return json.dumps(clean(text), ensure_ascii=False)[1:-1]


def _token(escaped: str) -> str:
    return f'["Token", {{"text": "{escaped}"}}]'


def _json(event: ReplyEvent) -> str:
    return json.dumps((type(event).__name__, asdict(event)), ensure_ascii=False)


def read(written: str) -> tuple[ReplyEvent, ...]:
    """The events of a journal; those that cannot be read are left out, as another version may have written them."""
    try:
        kept = json.loads(written or "[]")
    except (ValueError, RecursionError):
        return ()
    return tuple(_events(kept)) if isinstance(kept, list) else ()


def _events(kept: list[object]) -> Iterator[ReplyEvent]:
    for entry in kept:
        match entry:
            case [str(name), dict(fields)] if name in _KINDS:
                try:
                    yield _KINDS[name].validate_python(fields)
                except ValidationError:
                    continue
