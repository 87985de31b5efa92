"""Defines what Flowise is asked: a question, or to go on after a decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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
class Prediction:
    """A question and the chat that it is asked on; with a `choice`, the run that waits there goes on instead; with a
    `form`, that is sent alone: together with a question it is refused (measured on Flowise 3.1.4).

    `asking` is awaited directly before the request is sent, after the probes that start no run; what it raises ends the
    prediction.
    """

    question: str
    chat_id: str
    asking: Callable[[], Awaitable[None]] | None = None
    choice: Choice | None = None
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
