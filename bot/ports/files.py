"""Declares where the bytes of the files come from that a flow has made for an answer, as a protocol."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file as it goes to Slack: its name there, and its bytes."""

    name: str
    content: bytes | bytearray = field(repr=False)


class FilesToSend(Protocol):
    """The files that the flow of one answer has made."""

    def fetched(self, key: str) -> AbstractAsyncContextManager[FetchedFile | None]:
        """A file by its key, which is held in memory until the context is left; None where it cannot be had."""
        ...
