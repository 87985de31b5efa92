"""Defines what an answer needs of its text, however it is laid out."""

from __future__ import annotations

from typing import Protocol, TypeVar


class Text(Protocol):
    """An answer's Markdown, growing."""

    def append(self, markdown: str) -> None:
        """Add the next piece: any text, cut anywhere."""
        ...

    def paragraph_break(self) -> None:
        """Let what follows start a new paragraph. Twice is once."""
        ...

    def begin_anew(self) -> None:
        """Forget all that was added."""
        ...

    def shows(self, *, growing: bool) -> bool:
        """Whether there is anything to see. While it grows, half-open Markdown is not."""
        ...

    def rest(self) -> str:
        """The end of the finished text that is not shown because the messages are full."""
        ...


T_co = TypeVar("T_co", bound=Text, covariant=True)
