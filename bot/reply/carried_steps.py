"""Holds the steps of an answer as its messages show them: they change with a write that is made anyway.

There is one exception. Where no status line is, a message says "Thinking…" until there is text; it is edited once for
the sake of a step, and only if an edit is to be had at once.
"""

from __future__ import annotations

import math
from typing import Final

from bot.reply.steps import Steps
from bot.slack.calls import Call, PostMessage, Refused, UpdateMessage
from bot.slack.text.block import Blocks
from bot.slack.text.steps_blocks import is_plan

ALONE_AFTER: Final = 2.0
"""Seconds after which a message that says "Thinking…" may be edited for a step: text often comes sooner."""


class CarriedSteps:
    """The steps as they are shown; `version` counts the changes of that. Times are seconds of one clock.

    They are `alone` while a message is to be edited for them and nothing else.
    """

    def __init__(self, steps: Steps) -> None:
        self.version = 0
        self.blocks: Blocks = ()
        self.status = ""
        """What a message says of the step that runs, where it stands for the status line."""
        self.alone = False
        self._steps = steps
        self._of = 0
        self._may_go_alone = True

    def take(self, now: float) -> bool:
        """A message is written now: it shows the steps as they are. Whether that is something new."""
        self.alone = False
        if self._of == self._steps.version:
            return False
        self._of, self.blocks, self.status = self._steps.version, self._steps.under_text(now), self._steps.status
        self.version += 1
        return True

    def alone_at(self, wrote_at: float) -> float:
        """When a message that was written last at that time may be edited for a step; never: infinity."""
        return wrote_at + ALONE_AFTER if self._may_go_alone and self._steps.status else math.inf

    def go_alone(self, now: float) -> None:
        """Let the message be edited for the step that runs."""
        self.take(now)
        self.alone, self._may_go_alone = True, False

    def stay(self) -> None:
        """No edit was to be had for a step alone: the message stays as it is."""
        self.alone, self.status, self._of = False, "", 0
        self.version += 1

    def refused(self, call: Call, result: Refused, now: float) -> bool:
        """Slack has refused a message; whether that may be for the plan in it. It has a grey line from now on."""
        has_plan = isinstance(call, PostMessage | UpdateMessage) and any(map(is_plan, call.blocks))
        if not has_plan or not self._steps.support.plan_refused(result.error, now):
            return False
        self.blocks = self._steps.under_text(now)
        self.version += 1
        return True
