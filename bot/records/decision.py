"""Defines what is stored of a decision that a flow waits for: what is asked, who asked for it, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass

from bot.records.thread import Thread


@dataclass(frozen=True, slots=True)
class PendingTool:
    """A tool that a decision allows, as far as Flowise wants it back: its name, and the id of its call."""

    name: str
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class PendingDecision:
    """A decision that the run on a chat waits for.

    `reference` names it in Redis, and with its line in the value of its buttons. `asker` is the user whose question led
    to it, `row` the row in which Flowise stored the pause; empty: not told. `action_id`, the two labels, `node_id`,
    `asks_feedback` and `tools` are those of `bot.flowise.events.Decision`. `has_failed`: it was made before, and the
    run failed after it. `asker_is_external`: the asker is of another organisation. `flow` is the name of its flow.
    """

    reference: str
    thread: Thread
    chat_id: str
    asker: str
    action_id: str
    approve: str
    reject: str
    node_id: str = ""
    asks_feedback: bool = False
    tools: tuple[PendingTool, ...] = ()
    row: str = ""
    has_failed: bool = False
    asker_is_external: bool = False
    flow: str = ""

    def label(self, *, approves: bool) -> str:
        """The label of one of its two sides."""
        return self.approve if approves else self.reject


@dataclass(frozen=True, slots=True)
class MadeDecision:
    """What a person has decided, and where: `message` is the `ts` of the message with the buttons, `ts` orders it among
    the questions of its line. `teams` are the ids that Slack gave for that person's organisation."""

    reference: str
    user: str
    approves: bool
    message: str
    ts: str
    feedback: str = ""
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """What is kept of a decision; `made` is None where nobody has decided yet."""

    asked: PendingDecision
    made: MadeDecision | None = None
