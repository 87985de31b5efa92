"""Compares answers of agent flows with their steps and a Stop button, and without, in invented time: n at once, in one
workspace.

    .venv/bin/python -m benchmarks.steps

The replies are the bot's own, as are the policy and the budget; Slack is the judge of benchmarks/simulation.py, and it
also counts status lines. Before its first word each flow takes ten steps of a second, and while its words come another
one of five seconds, in which none does. Lag is from a word's arrival to its being seen, ending from the last word to
the whole.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.crowd import POST, UPDATE, Stream, streams
from benchmarks.replicas import Run
from bot.flowise.events import Step, StepState, Token
from bot.pacing.permits import Want
from bot.reply.contract import Finished, Place, ReplyEvent, Thinking
from bot.reply.edited import EditedReply
from bot.reply.steps import Steps
from bot.reply.steps_support import ShowSteps, StepsSupport
from bot.slack.calls import Accepted, Call, Posted, PostMessage, SetStatus

STATUS = "assistant.threads.setStatus"
_BEFORE, _STEP, _BETWEEN = 10, 1.0, 5.0


@dataclass(slots=True, eq=False)
class Stepped(Stream):
    """An answer whose words come after steps, and around one. Its reply says what to call, and when."""

    reply: EditedReply = field(init=False)
    due: Iterator[tuple[float, ReplyEvent]] = field(init=False)
    calls: list[Call] = field(default_factory=list)
    next: tuple[float, ReplyEvent] | None = None
    offered: Call | None = None
    whole_at: float = 0.0

    def prepare(self, show: ShowSteps) -> None:
        """Begin anew, with so much shown of its steps; if anything is, with the button too."""
        place = Place(self.channel, "1.0", "U1", team="T1")
        steps = Steps(StepsSupport(show))
        stop = "" if show is ShowSteps.OFF else f"T1:{self.channel}:1.0 {self.ticket}"
        self.reply = EditedReply(place, reference=self.ticket, interval=1.2, has_status=True, stop=stop, steps=steps)
        self.due = iter(sorted(self._events(), key=lambda event: event[0]))
        self.next = next(self.due, None)

    def _events(self) -> Iterator[tuple[float, ReplyEvent]]:
        yield self.begin, Thinking()
        for number in range(_BEFORE):
            yield from self._step(f"Step {number}", self.begin + number * _STEP, _STEP)
        middle = len(self.words) // 2
        yield from self._step("Look again", self.words[middle] + 0.01, _BETWEEN - 0.01)
        for word in self.words[1:]:
            yield word, Token("word ")
        yield self.end, Finished()

    def _step(self, name: str, at: float, lasts: float) -> Iterator[tuple[float, ReplyEvent]]:
        yield at, Step(name, name, StepState.RUNNING)
        yield at + lasts, Step(name, name, StepState.FINISHED)

    def want(self, now: float) -> Want | None:
        if self.in_flight or now < self.begin:
            return None
        while self.next is not None and self.next[0] <= now:
            self.reply.receive(self.next[1], self.next[0])
            self.next = next(self.due, None)
        self.offered = self.reply.next_call(now)
        return None if self.offered is None else self.reply.want(now)

    def written(self, granted: float, now: float) -> bool:
        call = self.offered
        assert call is not None  # noqa: S101 (it was granted)
        self.calls.append(call)
        self.reply.answered(call, Posted("1.5") if isinstance(call, PostMessage) else Accepted(), now)
        if not isinstance(call, SetStatus):
            Stream.written(self, granted, now)
            self.whole_at = now
        self.reply.next_call(now)  # tells it that all stands
        return self.reply.done


def answers(n: int, seed: int, show: ShowSteps) -> list[Stepped]:
    """n answers, the same ones whatever is shown of their steps."""
    found = []
    for plain in streams(n, 1, seed):
        # The first entry is when the question is asked; the words come when the steps before them are over.
        middle, later = len(plain.words) // 2, _BEFORE * _STEP
        words = [plain.begin] + [
            at + later + (_BETWEEN if number > middle else 0.0) for number, at in enumerate(plain.words)
        ]
        answer = Stepped(plain.ticket, plain.channel, 0, words, seen=1)
        answer.prepare(show)
        found.append(answer)
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """Times in seconds; calls are those of one answer."""

    refused: int
    mean: float
    ending: float
    writes: float
    statuses: float


def measured(answers: Sequence[Stepped]) -> Row:
    run = Run(answers, replicas=1, told=1.0, real=1.0, methods=(POST, UPDATE, STATUS))
    run.go()
    lags = [lag for answer in answers for lag in answer.lags]
    endings = [answer.whole_at - answer.end for answer in answers]
    statuses = sum(isinstance(call, SetStatus) for answer in answers for call in answer.calls)
    writes = sum(answer.writes for answer in answers)
    return Row(
        len(run.refused),
        statistics.fmean(lags),
        statistics.fmean(endings),
        writes / len(answers),
        statuses / len(answers),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="runs of each row (default 5)")
    asked = parser.parse_args()
    print("   n  steps  429s   mean ending writes statuses")
    for n in (1, 10, 40):
        for show in (ShowSteps.OFF, ShowSteps.FULL):
            rows = [measured(answers(n, seed, show)) for seed in range(asked.seeds)]
            mean, ending, writes, statuses = (
                statistics.fmean(getattr(row, name) for row in rows)
                for name in ("mean", "ending", "writes", "statuses")
            )
            refused = sum(row.refused for row in rows)
            print(f"{n:>4} {show.value:>6} {refused:>5} {mean:>6.3f} {ending:>6.3f} {writes:>6.1f} {statuses:>8.1f}")


if __name__ == "__main__":
    main()
