"""Defines what Flowise is asked: a question, or to go on after a decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.flowise.decisions import Choice, resumption


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a request has in place of the flow's own values, where the flow lets it: its `variables`, which only
    JavaScript gets, as `$vars` (measured on Flowise 3.1.4), and what the `state` of an agent flow begins with."""

    variables: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> Mapping[str, object]:
        """The part of the request's body that has them; empty for none."""
        overridden: dict[str, object] = {}
        if self.variables:
            overridden["vars"] = dict(self.variables)
        if self.state:
            # As an object it breaks the run (measured on Flowise 3.1.4).
            overridden["startState"] = [{"key": key, "value": value} for key, value in self.state.items()]
        return {"overrideConfig": overridden} if overridden else {}


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
    goes on instead; with a `form`, that is sent alone: with a question it is refused (measured on Flowise 3.1.4).

    `asking` is awaited directly before the request is sent, after the probes that start no run; what it raises ends the
    prediction.
    """

    question: str
    chat_id: str
    asking: Callable[[], Awaitable[None]] | None = None
    choice: Choice | None = None
    uploads: Uploads = field(default_factory=Uploads)
    overrides: Overrides = field(default_factory=Overrides)
    form: Mapping[str, object] = field(default_factory=dict)

    @property
    def asks(self) -> Mapping[str, object]:
        """The part of the request's body that says what is asked, and by whom."""
        return {**self._asked, **self.overrides.body}

    @property
    def _asked(self) -> Mapping[str, object]:
        if self.choice is not None:
            return resumption(self.choice)
        return {"form": dict(self.form)} if self.form else {"question": self.question}
