"""Defines what Flowise is asked: a question, or to go on after a decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.flowise.decisions import Choice, resumption


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that travels with a question. `kind` is Flowise's `type`: "file", "audio" or "file:full".

    `content` is the file's bytes, of the MIME type `type`, or the text that Flowise has read from it.
    """

    kind: str
    name: str
    mime: str
    type: str
    content: bytes | bytearray | str


class Uploads:
    """The files of one prediction, held until Flowise has them. `released` is called then, once."""

    def __init__(self, files: Sequence[Upload] = (), released: Callable[[], None] = lambda: None) -> None:
        self._files = tuple(files)
        self._released: Callable[[], None] | None = released

    @property
    def files(self) -> tuple[Upload, ...]:
        return self._files

    @property
    def are_heard(self) -> bool:
        """Whether Flowise listens to one of them, which takes its time, before it begins to answer."""
        return any(file.kind == VOICE for file in self._files)

    def release(self) -> None:
        """Let go of them: nothing is sent any more."""
        self._files = ()
        released, self._released = self._released, None
        if released is not None:
            released()


IMAGE = "file"
VOICE = "audio"
READ_DOCUMENT = "file:full"


@dataclass(frozen=True, slots=True)
class Prediction:
    """A question, the chat that it is asked on, and the files that go along; with a `choice`, the run that waits there
    goes on instead.

    `asking` is awaited directly before the request is sent, after the probes that start no run; what it raises ends the
    prediction.
    """

    question: str
    chat_id: str
    asking: Callable[[], Awaitable[None]] | None = None
    choice: Choice | None = None
    uploads: Uploads = field(default_factory=Uploads)

    @property
    def asks(self) -> Mapping[str, object]:
        """The part of the request's body that says what is asked."""
        if self.choice is None:
            return {"question": self.question}
        return resumption(self.choice)
