"""Judges an answer: what Flowise sent of it and when, beside what stood in Slack and when.

Pure. A word is a run of anything but white space without its punctuation and markup, so that Markdown and what is made
of it can be compared; a run that is markup alone is no word. All times are seconds of one steady clock.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

WRITES = frozenset({"chat.postMessage", "chat.update", "chat.startStream", "chat.appendStream", "chat.stopStream"})


def words(text: str) -> tuple[str, ...]:
    """The words of a text as letters and digits alone."""
    return tuple(word for run in text.split() if (word := "".join(filter(str.isalnum, run))))


@dataclass(frozen=True, slots=True)
class Sent:
    """A word that Flowise has sent."""

    word: str
    at: float


@dataclass(frozen=True, slots=True)
class State:
    """The words of the whole answer as it stood in Slack from `at` on, over all its messages."""

    at: float
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `begun` is when its first token was sent; `until` is when we stopped looking at Slack."""

    begun: float
    sent: Sequence[Sent]
    states: Sequence[State]
    until: float


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


@dataclass(frozen=True, slots=True)
class Figures:
    """What an answer has come to; times in seconds.

    `first` is from the first token to the first word in Slack, `lags` from sent to seen for every word; one that was
    never seen counts with the time we waited for it, so that a bot gains nothing by losing it. `shown_at_end` is the
    share of the words that were seen when the last one was sent, `shown` in the end. `freeze` is the longest time in
    which something new had come and nothing new was seen. `ending` is from the last word to the whole answer, or to
    when we stopped waiting for it; `whole` says which. `lost` words were sent and are not there in their order;
    `repeated` ones are there and were not sent, or not in that place; `back` counts the times at which words that had
    been seen were gone again.
    """

    first: float
    lags: Sequence[float]
    shown_at_end: float
    shown: float
    freeze: float
    ending: float
    whole: bool
    lost: int
    repeated: int
    back: int


def judged(answer: Answer) -> Figures:
    """The figures of an answer that Flowise has sent to its end."""
    final = answer.states[-1].words if answer.states else ()
    matcher = SequenceMatcher(None, [sent.word for sent in answer.sent], final, autojunk=False)
    place = {b.a + n: b.b + n for b in matcher.get_matching_blocks() for n in range(b.size)}
    counts = [(state.at, common(state.words, final)) for state in answer.states]
    times = _seen(counts, len(final))
    seen = [times[place[number]] if number in place else math.inf for number in range(len(answer.sent))]
    last = answer.sent[-1].at
    return Figures(
        first=min([*seen, answer.until]) - answer.begun,
        lags=[min(at, answer.until) - sent.at for at, sent in zip(seen, answer.sent, strict=True)],
        shown_at_end=sum(at <= last for at in seen) / len(seen),
        shown=len(place) / len(seen),
        freeze=_freeze([sent.at for sent in answer.sent], seen, answer.until),
        ending=min(max(seen), answer.until) - last,
        whole=len(place) == len(seen),
        lost=len(seen) - len(place),
        repeated=len(final) - len(place),
        back=sum(1 for (_, before), (_, after) in pairwise(counts) if after < before),
    )


def _seen(counts: Sequence[tuple[float, int]], length: int) -> list[float]:
    """From when on each word of the last state could be read."""
    times: list[float] = []
    for at, count in counts:
        times += [at] * (min(count, length) - len(times))
    return times


def _freeze(sent: Sequence[float], seen: Sequence[float], until: float) -> float:
    """The longest time from when a word could have been shown to when anything new was."""
    longest, shown_at = 0.0, -math.inf
    for came, at in sorted(zip(sent, seen, strict=True), key=lambda pair: (pair[1], pair[0])):
        at_last = min(at, until)
        longest = max(longest, at_last - max(came, shown_at))
        shown_at = at_last
    return longest


@dataclass(frozen=True, slots=True)
class Usage:
    """What a bot's processes took: `cpu` seconds in the run, `idle` and `peak` resident memory in bytes."""

    cpu: float
    idle: int
    peak: int


@dataclass(frozen=True, slots=True)
class Row:
    """A run of n answers. Times in seconds, `cpu` in seconds for 1,000 tokens, memory in MB (10^6 bytes).

    `mean` and `p95` are over all words of all answers, `first` is the mean over the answers, `freeze` and `worst` are
    of the worst answer. `even` is the mean lag that as many writes in even steps would give, `bound` the least that any
    schedule of edits could reach. `writes` counts the calls that posted, edited or streamed; `asked` the answers that
    Flowise was asked for within the time: the times are of those.
    """

    bot: str
    n: int
    asked: int
    first: float
    mean: float
    p95: float
    even: float
    bound: float
    calls: int
    writes: int
    refused: int
    failed: int
    shown_at_end: float
    shown: float
    whole: int
    freeze: float
    ending: float
    worst: float
    lost: int
    repeated: int
    back: int
    cpu: float
    idle: float
    peak: float

    @property
    def ratio(self) -> float:
        return self.mean / self.bound


def summed(
    bot: str,
    n: int,
    answers: Sequence[Answer],
    bound: float,
    calls: Sequence[tuple[str, str]],
    tokens: int,
    usage: Usage,
    latency: float,
) -> Row:
    """The row of a run of n questions, of which `answers` came to Flowise and were given `tokens` in all. `calls` are
    Slack's methods and what Slack answered after `latency` seconds."""
    figures = [judged(answer) for answer in answers]
    lags = sorted(lag for some in figures for lag in some.lags)
    endings = [some.ending for some in figures]
    writes = sum(word == "ok" and method in WRITES for method, word in calls)
    return Row(
        bot=bot,
        n=n,
        asked=len(answers),
        first=statistics.fmean(some.first for some in figures),
        mean=statistics.fmean(lags),
        p95=lags[int(0.95 * len(lags))],
        even=_even(answers, writes) + latency,
        bound=bound,
        calls=len(calls),
        writes=writes,
        refused=sum(word == "429" for _, word in calls),
        failed=sum(word not in {"ok", "429"} for _, word in calls),
        shown_at_end=sum(some.shown_at_end for some in figures) / n,
        shown=sum(some.shown for some in figures) / n,
        whole=sum(some.whole for some in figures),
        freeze=max(some.freeze for some in figures),
        ending=statistics.fmean(endings),
        worst=max(endings),
        lost=sum(some.lost for some in figures),
        repeated=sum(some.repeated for some in figures),
        back=sum(some.back for some in figures),
        cpu=usage.cpu / tokens * 1000,
        idle=usage.idle / 1e6,
        peak=usage.peak / 1e6,
    )


def _even(answers: Sequence[Answer], writes: int) -> float:
    """Half a step, where so many writes are shared out evenly over the time in which the answers came."""
    lasted = sum(answer.sent[-1].at - answer.begun for answer in answers)
    return lasted / (2 * max(1, writes))
