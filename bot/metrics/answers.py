"""Knows what is counted of answers: how each ended, what it waited for, when its text was seen."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter

from bot.errors import BotError, FlowiseError, StoreUnavailable
from bot.metrics.ages import Ages
from bot.metrics.families import NAMESPACE, WAITS, Children, Families
from bot.reply.observed import AnswerContext, Outcome, Repair, Waiting

# The pace of edits is 0.6 s at the closest, and a lag of some seconds is what a crowd has.
_AGES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0)


class AnswerMetrics:
    """`bot.reply.observed.Observers`: counts every answer of one bot."""

    def __init__(self, families: Families) -> None:
        answers = families.counter("answers", "Answers that have ended, by how.", ["outcome", "error"])
        self.ended: Children[tuple[Outcome, str], Counter] = Children(
            lambda key: answers.labels(outcome=key[0].value, error=key[1])
        )
        for outcome in set(Outcome) - {Outcome.FAILED}:  # what has not happened yet is 0 and not unknown
            _ = self.ended[outcome, ""]
        kinds: tuple[type[BotError], ...] = (BotError, StoreUnavailable, *FlowiseError.__subclasses__())
        for kind in kinds:
            _ = self.ended[Outcome.FAILED, kind.__name__]
        self.under_way = families.gauge("answers_under_way", "Answers that are being written or wait to be.")
        self.first_shown = families.histogram(
            "answer_first_text_seconds", "From the question to the first text of its answer that Slack took.", WAITS
        )
        self.ages = Ages(
            f"{NAMESPACE}_answer_text_age_seconds",
            "How long each piece of text from Flowise waited until Slack took the call that shows it.",
            _AGES,
            families.registry,
        )
        waiting = families.gauge("queue_depth", "Questions that wait before Flowise is asked, by why.", ["why"])
        waited = families.histogram("queue_wait_seconds", "How long they waited, by why.", WAITS, ["why"])
        self.waiting = {why: waiting.labels(why=why.value) for why in Waiting}
        self.waited = {why: waited.labels(why=why.value) for why in Waiting}
        repairs = families.counter(
            "answer_repairs", "Messages of which Slack's word was lost, by what was done.", ["how"]
        )
        self.repairs = {how: repairs.labels(how=how.value) for how in Repair}
        self._take_overs = families.counter("take_overs", "Answers taken over that another replica had left open.")

    def answer(self, asked: AnswerContext) -> AnswerCount:
        return AnswerCount(self)

    def took_over(self) -> None:
        self._take_overs.inc()


class AnswerCount:
    """`bot.reply.observed.Observer`: one answer, counted."""

    def __init__(self, metrics: AnswerMetrics) -> None:
        self._metrics = metrics
        metrics.under_way.inc()

    def waiting(self, why: Waiting) -> None:
        self._metrics.waiting[why].inc()

    def waited(self, why: Waiting, seconds: float) -> None:
        self._metrics.waiting[why].dec()
        self._metrics.waited[why].observe(seconds)

    def first_token(self) -> None:
        """Flowise's own latency is counted where Flowise is asked."""

    def first_shown(self, seconds: float) -> None:
        self._metrics.first_shown.observe(seconds)

    def shown(self, arrived: Sequence[float], now: float) -> None:
        self._metrics.ages.observe(arrived, now)

    def repaired(self, how: Repair) -> None:
        self._metrics.repairs[how].inc()

    def ended(self, outcome: Outcome, error: BotError | None) -> None:
        self._metrics.under_way.dec()
        # The names of our own tree of errors: there are no more of them than are written in bot/errors.py.
        self._metrics.ended[outcome, type(error).__name__ if error else ""].inc()
