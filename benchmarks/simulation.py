"""Simulates how the policy spends the write budget: n answers at once, in invented time, beside the best possible.

    .venv/bin/python -m benchmarks.simulation

The policy and the budget are the bot's own; Slack is a judge with sliding windows of its own (60 s a method, 5 s a
channel for posts, as the documentation has them). A call takes 120 ms, half of it on the way there. Words come at 10
to 40 a second, their number is log-normal around 250, all answers begin within 2 s; half are asked in direct messages,
the others in n / 4 channels. Lag is from a word's arrival to its being seen; ending is from the last word to the whole.

The bound is what the best schedule with the same buckets could reach if it knew all answers beforehand and let none
end late. An answer of w words in T seconds that is written k times has a mean lag of T / (2 k) at best, by even spacing
with the last write at its end. The first write is a post; edits are shared out where the next one saves most, which is
area / k - area / (k + 1) with area = w T / 2, so that by the end of any answer no more have gone than burst + rate * t.
Where posts are scarcer than edits, the bound is the posts' instead: one post for each answer, no sooner than the
buckets give them (of a channel, of the workspace), the longest answers first. To either, one call is added. An ending
is unavoidably late where posting every answer whole and nothing else, first come first served, would be late.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.bounds import bound, unavoidable, whole
from benchmarks.crowd import Stream, streams
from benchmarks.replicas import CALL, NO_CHANCE, Run


@dataclass(frozen=True, slots=True)
class Row:
    """What one run or the mean of several has given. Times in seconds; `crowded` is the most refusals of a method in a
    minute, `alike` those of one limit."""

    refused: float
    crowded: float
    alike: float
    mean: float
    p95: float
    ending: float
    worst: float
    excess: float
    whole: float
    bound: float
    writes: float

    @property
    def ratio(self) -> float:
        return self.mean / self.bound


def measured(
    answers: list[Stream],
    *,
    replicas: int,
    told: float,
    real: float,
    by_chance: Mapping[int, float] = NO_CHANCE,
) -> Row:
    run = Run(answers, replicas=replicas, told=told, real=real, by_chance=by_chance)
    run.go()
    lost = [answer.ticket for answer in answers if answer.done_at is None]
    if lost:
        raise RuntimeError(f"answers that never became whole: {lost}")
    lags = sorted(lag for answer in answers for lag in answer.lags)
    late = {answer.ticket: (answer.done_at or 0.0) - answer.end for answer in answers}
    least = unavoidable(answers, min(told, real))
    return Row(
        refused=len(run.refused),
        crowded=_crowded([(method, at) for method, _, at in run.refused]),
        alike=_crowded([(limit, at) for _, limit, at in run.refused]),
        mean=statistics.fmean(lags),
        p95=lags[int(0.95 * len(lags))],
        ending=statistics.fmean(late.values()),
        worst=max(late.values()),
        excess=max(late[ticket] - least[ticket] for ticket in late),
        whole=whole(answers, min(told, real)),
        bound=bound(answers, min(told, real)),
        writes=sum(answer.writes for answer in answers) / len(answers),
    )


def _crowded(refused: Sequence[tuple[str, float]]) -> int:
    """The most refusals of one kind in a minute."""
    crowds = [sum(1 for other, at in refused if other == kind and 0 <= at - now < 60) for kind, now in refused]
    return max(crowds, default=0)


def averaged(rows: Sequence[Row]) -> Row:
    """The mean of runs; of `crowded`, `alike`, `worst` and `excess` the worst."""
    worst = {"crowded", "alike", "worst", "excess"}
    names = Row.__dataclass_fields__
    values = {name: [float(getattr(row, name)) for row in rows] for name in names}
    return Row(**{name: max(some) if name in worst else statistics.fmean(some) for name, some in values.items()})


def one_answer() -> str:
    """A single answer of 8 s: its lag beside that of as many calls in even steps."""
    answer = Stream("0", "C0", 0, [number / 40 for number in range(8 * 40 + 1)])
    row = measured([answer], replicas=1, told=1.0, real=1.0)
    even = 8.0 / (2 * row.writes)
    return (
        f"one answer of 8 s: {row.writes:.0f} calls, mean lag {row.mean:.3f} s, p95 {row.p95:.3f} s; "
        f"1.1 * T / (2 * calls) + one call = {1.1 * even + CALL:.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="runs of each row (default 10)")
    parser.add_argument("--most", type=int, default=200, help="the largest number of answers at once (default 200)")
    asked = parser.parse_args()
    print(one_answer())
    heads = "limits       replicas    n  429s  /min alike   mean    p95 ending  worst excess  whole  bound ratio writes"
    for name, told, real, by_chance in (
        ("documented", 1.0, 1.0, NO_CHANCE),
        ("a tenth", 0.1, 0.1, NO_CHANCE),
        ("hidden half", 1.0, 0.5, NO_CHANCE),
        ("hidden 1/10", 1.0, 0.1, NO_CHANCE),
        # One refusal without meaning, of an edit that meets no limit.
        ("by chance", 1.0, 1.0, {5: 2.0}),
    ):
        print(f"\n{heads}")
        for replicas in (1, 3):
            for n in (n for n in (1, 3, 10, 40, 200) if n <= asked.most):
                runs = [streams(n, replicas, seed) for seed in range(asked.seeds)]
                rows = [measured(run, replicas=replicas, told=told, real=real, by_chance=by_chance) for run in runs]
                row = averaged(rows)
                print(
                    f"{name:<12} {replicas:>8} {n:>4} {row.refused:>5.1f} {row.crowded:>5.0f} {row.alike:>5.0f} "
                    f"{row.mean:>6.2f} {row.p95:>6.2f} {row.ending:>6.2f} {row.worst:>6.2f} {row.excess:>6.2f} "
                    f"{row.whole:>6.2f} {row.bound:>6.2f} {row.ratio:>5.2f} {row.writes:>6.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
