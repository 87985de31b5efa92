"""Counts answers: how each ended, what it waited for, and how soon its text was shown.

The time to first text starts at the message's `ts`, so that it includes Slack's delivery and take-overs.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter

from bot.errors import BotError, FlowiseError, StoreUnavailable
from bot.metrics.ages import Ages
from bot.metrics.families import NAMESPACE, WAITS, Children, Families
from bot.reply.observed import AnswerContext, Outcome, Repair, Waiting

# In seconds. Edits of one answer are at least 0.6 s apart; with many answers, text is some seconds late.
_AGES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0)


class AnswerMetrics:
    """Counts every answer of one process. Implements `bot.reply.observed.Observers`."""

    def __init__(self, families: Families) -> None:
        answers = families.counter(
            "answers", "Answers that have ended, by outcome and, if they failed, by error.", ["outcome", "error"]
        )
        self.ended: Children[tuple[Outcome, str], Counter] = Children(
            lambda key: answers.labels(outcome=key[0].value, error=key[1])
        )
        for outcome in set(Outcome) - {Outcome.FAILED}:  # an outcome that has not occurred yet is 0, not absent
            _ = self.ended[outcome, ""]
        kinds: tuple[type[BotError], ...] = (BotError, StoreUnavailable, *FlowiseError.__subclasses__())
        for kind in kinds:
            _ = self.ended[Outcome.FAILED, kind.__name__]
        self.under_way = families.gauge("answers_under_way", "Questions accepted whose answers have not ended yet.")
        self.first_shown = families.histogram(
            "answer_first_text_seconds",
            "Time from a question to the first text of its answer being shown in Slack.",
            WAITS,
        )
        self.ages = Ages(
            f"{NAMESPACE}_answer_text_age_seconds",
            "Time from each piece of text's arrival from Flowise to its being shown in Slack.",
            _AGES,
            families.registry,
        )
        waiting = families.gauge("queue_depth", "Questions waiting to be sent to Flowise, by reason.", ["why"])
        waited = families.histogram(
            "queue_wait_seconds", "Time that questions waited before being sent to Flowise, by reason.", WAITS, ["why"]
        )
        self.waiting = {why: waiting.labels(why=why.value) for why in Waiting}
        self.waited = {why: waited.labels(why=why.value) for why in Waiting}
        repairs = families.counter(
            "answer_repairs", "Messages whose response from Slack was lost, by what was done about it.", ["how"]
        )
        self.repairs = {how: repairs.labels(how=how.value) for how in Repair}
        self._take_overs = families.counter(
            "take_overs", "Answers taken over from another replica that left them unfinished."
        )

    def answer(self, asked: AnswerContext) -> AnswerCount:
        return AnswerCount(self)

    def took_over(self) -> None:
        self._take_overs.inc()


class AnswerCount:
    """Counts one answer. Implements `bot.reply.observed.Observer`."""

    def __init__(self, metrics: AnswerMetrics) -> None:
        self._metrics = metrics
        metrics.under_way.inc()

    def waiting(self, why: Waiting) -> None:
        self._metrics.waiting[why].inc()

    def waited(self, why: Waiting, seconds: float) -> None:
        self._metrics.waiting[why].dec()
        self._metrics.waited[why].observe(seconds)

    def first_token(self) -> None:
        """Flowise's latency is counted in `bot.metrics.flowise`."""

    def first_shown(self, seconds: float) -> None:
        self._metrics.first_shown.observe(seconds)

    def shown(self, arrived: Sequence[float], now: float) -> None:
        self._metrics.ages.observe(arrived, now)

    def repaired(self, how: Repair) -> None:
        self._metrics.repairs[how].inc()

    def ended(self, outcome: Outcome, error: BotError | None) -> None:
        self._metrics.under_way.dec()
        # The label's values are the classes in bot/errors.py, so their number is limited.
        self._metrics.ended[outcome, type(error).__name__ if error else ""].inc()
