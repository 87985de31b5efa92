"""Shows a conversation on a terminal while it grows: redrawn in place, or, in a pipe, line after line."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO

from bot.playground.slack import Message
from bot.playground.terminal import BOLD, DIM, Look, StyledSpan, laid_out, message_lines

# Longer lines are hard to read, however wide the window is.
_WIDEST = 100
_IN_THREAD = "    "


@dataclass(frozen=True, slots=True)
class ScreenView:
    """What stands under a question at this moment: the status line (empty: none) and the bot's messages, in order."""

    status: str
    messages: tuple[Message, ...]


class Screen(Protocol):
    """The output that a person watches."""

    def remark(self, text: str) -> None:
        """Write a line of the demo's own, which is no message."""
        ...

    def said(self, message: Message) -> None:
        """Write a person's message."""
        ...

    def show(self, view: ScreenView) -> None:
        """Show the current state, which may still change."""
        ...

    def finish(self, view: ScreenView) -> None:
        """Show the final state."""
        ...


def open_screen(out: TextIO, environment: Mapping[str, str], names: Mapping[str, str]) -> Screen:
    """The screen that fits the stream: NO_COLOR (no-color.org) takes the colour, TERM=dumb also the redrawing."""
    if not out.isatty() or environment.get("TERM", "dumb") == "dumb":
        return Appended(out, Look(width=_WIDEST, names=names))
    colour = not environment.get("NO_COLOR")

    def size() -> os.terminal_size:
        return shutil.get_terminal_size()

    return Redrawn(out, colour=colour, names=names, size=size)


def _head(message: Message, look: Look) -> str:
    name = look.paint(look.names.get(message.user, message.user), BOLD)
    at = time.strftime("%H:%M", time.localtime(float(message.ts)))
    private = "  only you can see this" if message.to else ""
    return f"{name}  {look.paint(at + private, DIM)}"


def _indented(lines: Sequence[str], indent: str) -> list[str]:
    return [f"{indent}{line}".rstrip() for line in lines]


def bubble(message: Message, look: Look) -> list[str]:
    """A message with its author and time; what stands in a thread is set in."""
    indent = _IN_THREAD if message.thread_ts else ""
    narrower = Look(look.width - len(indent), look.colour, look.names)
    return _indented([_head(message, look), *message_lines(message.text, message.blocks, narrower)], indent)


def _all(view: ScreenView, look: Look) -> list[str]:
    lines = [line for message in view.messages for line in (*bubble(message, look), "")]
    return [*lines, *laid_out([StyledSpan(view.status, DIM)], look, before=_IN_THREAD)] if view.status else lines


def _common(old: str, new: str) -> int:
    """How many characters two texts begin with in common."""
    return next((place for place, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(old))


class Redrawn:
    """A terminal: what still changes is drawn again in its place.

    What has left the top of the window cannot be drawn again, so a growing text that is too tall is shown by its end;
    the whole of it is written once it is finished.
    """

    def __init__(
        self, out: TextIO, *, colour: bool, names: Mapping[str, str], size: Callable[[], os.terminal_size]
    ) -> None:
        self._out, self._colour, self._names, self._size = out, colour, names, size
        self._drawn: list[str] = []

    @property
    def _look(self) -> Look:
        # One column is left free: some terminals begin a new line as soon as one is full.
        return Look(min(_WIDEST, self._size().columns - 1), self._colour, self._names)

    def remark(self, text: str) -> None:
        self._replace([*laid_out([StyledSpan(text, DIM)], self._look), ""], stays=True)

    def said(self, message: Message) -> None:
        self._replace([*bubble(message, self._look), ""], stays=True)

    def show(self, view: ScreenView) -> None:
        lines = _all(view, self._look)
        height = max(3, self._size().lines - 2)
        if len(lines) > height:
            above = len(lines) - height + 1
            lines = [self._look.paint(f"{_IN_THREAD}⋮ {above} lines above", DIM), *lines[above:]]
        if lines != self._drawn:
            self._replace(lines, stays=False)

    def finish(self, view: ScreenView) -> None:
        self._replace(_all(view, self._look), stays=True)

    def _replace(self, lines: list[str], *, stays: bool) -> None:
        # Cursor up, to the line's start, erase all below (ECMA-48: CUU, CR, ED), in one write against flicker.
        erase = f"\x1b[{len(self._drawn)}A\r\x1b[J" if self._drawn else ""
        self._out.write(erase + "".join(f"{line}\n" for line in lines))
        self._out.flush()
        self._drawn = [] if stays else lines


class Appended:
    """A pipe or a log: nothing can be taken back, so each edit shows what it has added, and the end shows the whole."""

    def __init__(self, out: TextIO, look: Look) -> None:
        self._out, self._look = out, look
        self._status = ""
        self._seen: dict[str, str] = {}

    def remark(self, text: str) -> None:
        self._write([*laid_out([StyledSpan(text)], self._look), ""])

    def said(self, message: Message) -> None:
        self._write([*bubble(message, self._look), ""])

    def show(self, view: ScreenView) -> None:
        if view.status and view.status != self._status:
            self._write(laid_out([StyledSpan(view.status)], self._look, before=_IN_THREAD))
        self._status = view.status
        for message in view.messages:
            self._grow(message)

    def _grow(self, message: Message) -> None:
        old, new = self._seen.get(message.ts, ""), " ".join(message.plain.split())
        if new == old:
            return
        self._seen[message.ts] = new
        same = _common(old, new)
        indent = _IN_THREAD if message.thread_ts else ""
        sign = "+ " if message.edits else "first: "
        self._write(laid_out([StyledSpan(new[same:].strip())], self._look, before=f"{indent}{sign}"))

    def finish(self, view: ScreenView) -> None:
        self.show(view)
        for message in view.messages:
            times = len(message.edits)
            edited = (
                f"edited {times} time{'s' if times > 1 else ''}; now it reads" if times else "never edited; it reads"
            )
            indent = _IN_THREAD if message.thread_ts else ""
            self._write([f"{indent}({edited}:)", "", *bubble(message, self._look), ""])
        self._status = ""
        self._seen.clear()

    def _write(self, lines: Sequence[str]) -> None:
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()
