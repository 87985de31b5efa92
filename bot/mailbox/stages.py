"""Defines the stages of a question, from received to settled, and what leads from one to the next.

What a process that takes over a question must do follows from its stage alone: one that is STORED or LEASED was never
asked, so it is asked; one that is ASKED or STREAMING was, so its answer is looked for and it is never asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Stage(Enum):
    """How far a question has come."""

    RECEIVED = "received"
    """Slack has delivered it and waits for it to be acknowledged."""
    STORED = "stored"
    """It is stored, claimed and acknowledged; it may be waiting for its turn."""
    LEASED = "leased"
    """It is its turn, and one process works on it. Flowise has not been asked."""
    ASKED = "asked"
    """Flowise was asked, or may have been: this is noted directly before the request."""
    STREAMING = "streaming"
    """Part of the answer is in Slack."""
    SETTLED = "settled"
    """The answer has ended in Slack, and nothing is left in the mailbox."""


class Step(Enum):
    """What happens to a question."""

    REFUSE = "the store fails: not acknowledged, Slack delivers again"
    STORE = "claimed and stored in one step"
    LEASE = "its turn comes"
    ASK = "noted as asked"
    SHOW = "Slack accepts a message"
    SETTLE = "the last word stands"
    TAKE_OVER = "lease over or handed over: another process takes it"


TABLE: Final[Mapping[tuple[Stage, Step], Stage]] = {
    (Stage.RECEIVED, Step.REFUSE): Stage.RECEIVED,
    (Stage.RECEIVED, Step.STORE): Stage.STORED,
    (Stage.STORED, Step.LEASE): Stage.LEASED,
    (Stage.STORED, Step.TAKE_OVER): Stage.STORED,
    (Stage.STORED, Step.SETTLE): Stage.SETTLED,
    (Stage.LEASED, Step.ASK): Stage.ASKED,
    (Stage.LEASED, Step.TAKE_OVER): Stage.STORED,
    (Stage.LEASED, Step.SETTLE): Stage.SETTLED,
    (Stage.ASKED, Step.SHOW): Stage.STREAMING,
    (Stage.ASKED, Step.TAKE_OVER): Stage.ASKED,
    (Stage.ASKED, Step.SETTLE): Stage.SETTLED,
    (Stage.STREAMING, Step.SHOW): Stage.STREAMING,
    (Stage.STREAMING, Step.TAKE_OVER): Stage.STREAMING,
    (Stage.STREAMING, Step.SETTLE): Stage.SETTLED,
}


def after(stage: Stage, step: Step) -> Stage:
    """The stage after a step. Raises ValueError for a step that cannot happen there, which is a bug."""
    try:
        return TABLE[stage, step]
    except KeyError:
        raise ValueError(f"{step.name} cannot happen to a question that is {stage.value}") from None


def was_asked(stage: Stage) -> bool:
    """Whether Flowise may have been asked: if so, it is never asked again."""
    return stage in {Stage.ASKED, Stage.STREAMING}


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> received"]
    lines += [f"    {old.value} --> {new.value}: {step.value}" for (old, step), new in TABLE.items()]
    return "\n".join([*lines, "    settled --> [*]"])
