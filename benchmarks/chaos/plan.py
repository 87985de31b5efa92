"""Plans a chaos run from a seed: who asks what where, and which fault strikes whom, and when. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

LEASE = 15.0
"""Seconds after which a replica that is not heard of loses what it holds (docs/design.md)."""


class Surface(Enum):
    """Where a thread is begun."""

    MENTION = "mention"
    DIRECT = "direct message"
    COMMAND = "slash command"


class Kind(Enum):
    """What goes wrong; or changes, as the routes do, and must not disturb what goes on."""

    KILL = "kill"
    PAUSE = "pause"
    ROLL = "roll"
    REDIS_KILL = "redis_kill"
    REDIS_PAUSE = "redis_pause"
    REDIS_CUT = "redis_cut"
    REDIS_STALL = "redis_stall"
    SOCKETS = "sockets"
    REFRESH = "refresh"
    SLACK_5XX = "slack_5xx"
    SLACK_429 = "slack_429"
    SLACK_LOST = "slack_lost"
    SLACK_BROKEN = "slack_broken"
    SLACK_STALL = "slack_stall"
    FLOWISE_CUT = "flowise_cut"
    FLOWISE_STALL = "flowise_stall"
    TWICE = "twice"
    ROUTES = "routes"


@dataclass(frozen=True, slots=True)
class Shape:
    """How often a fault comes (once in `every` seconds), and how long it lasts, in seconds.

    `holds` says that it takes a replica out of work, so that no other one meets the same replica meanwhile; `after` is
    what the replica needs to come back.
    """

    every: float
    least: float = 0.0
    most: float = 0.0
    holds: bool = False
    after: float = 0.0


SHAPES: Mapping[Kind, Shape] = {
    Kind.KILL: Shape(25, 0.2, 4.0, holds=True, after=3.0),
    # Longer than the lease, so that somebody else has taken over when it wakes up.
    Kind.PAUSE: Shape(60, LEASE + 1, LEASE + 5, holds=True, after=1.0),
    # BOT_STOP_GRACE, and the last words after it.
    Kind.ROLL: Shape(60, 0.0, 0.5, holds=True, after=34.0),
    Kind.REDIS_KILL: Shape(80, 0.2, 3.0),
    Kind.REDIS_PAUSE: Shape(80, 1.0, 6.0),
    Kind.REDIS_CUT: Shape(30),
    Kind.REDIS_STALL: Shape(60, 1.0, 5.0),
    Kind.SOCKETS: Shape(45),
    Kind.REFRESH: Shape(45),
    Kind.SLACK_5XX: Shape(20),
    Kind.SLACK_429: Shape(30, 1.0, 4.0),
    Kind.SLACK_LOST: Shape(15),
    Kind.SLACK_BROKEN: Shape(20),
    Kind.SLACK_STALL: Shape(45, 1.0, 6.0),
    Kind.FLOWISE_CUT: Shape(30),
    Kind.FLOWISE_STALL: Shape(60, 1.0, 6.0),
    Kind.TWICE: Shape(4),
    Kind.ROUTES: Shape(6),
}

_METHODS = (
    *("chat.postMessage", "chat.update"),
    *("chat.startStream", "chat.appendStream", "chat.stopStream"),
    "assistant.threads.setStatus",
)
# A 429 far below a limit teaches the bot for minutes that the limit is far lower, and a second one lower still
# (bot/pacing/budget.py). Slack gives none there; here it would make every end of an answer wait for minutes, so it
# meets the one method that no answer needs, once.
_LIMITED = "assistant.threads.setStatus"


# So many of the questions are stopped by their askers; and the answers to so many are rated, up to three times.
_STOPPED = 1 / 4
_RATED = 1 / 4
# So many of the others are asked anew, and of so many the asker goes on with what is suggested.
_REGENERATED = 1 / 4
_GOES_ON = 2 / 3
# In so many threads the flow waits for a decision on the last question that is asked while faults come.
_DECIDED = 1 / 2


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is made of. `seconds` is how long people ask and faults come; the settling is not in it."""

    seed: int
    seconds: float = 240.0
    questions: int = 200
    threads: int = 40
    replicas: int = 3
    kinds: frozenset[Kind] = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Question:
    """`token` is in the question and in its answer, and nowhere else. `at` is in seconds from the start of the run."""

    token: str
    at: float
    plainly: bool = False
    """A follow-up without a mention, where the bot has answered before."""
    stop_after: float | None = None
    """How many seconds after it was asked its asker looks for the button that stops its answer, and presses it."""
    ratings: tuple[bool, ...] = ()
    """How its asker rates the whole answer: good or not, one after the other."""
    regenerate_after: float | None = None
    """The same for the button that asks the question anew, once it is answered."""
    go_on_after: float | None = None
    """The same for the button that asks what the flow suggests after the answer, if it suggests something."""
    decide_after: float | None = None
    """The same for the buttons of a decision, for which the flow waits on this question."""
    approves: bool = True
    """What its asker decides."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One thread: its questions in order."""

    number: int
    surface: Surface
    questions: tuple[Question, ...]
    last: Question
    """Asked when the faults are over, so that it shows whether the thread still goes on."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault. `method` and `times` are of faults in Slack's answers."""

    kind: Kind
    at: float
    seconds: float
    replica: int
    method: str = ""
    times: int = 1


def talks(options: Options) -> tuple[Talk, ...]:
    """Who asks what: of five threads three begin with a mention, one with a command, one is a direct message."""
    chance = random.Random(f"talks {options.seed}")  # noqa: S311 (a plan, not a secret)
    stops = random.Random(f"stops {options.seed}")  # noqa: S311 (a plan, not a secret)
    rates = random.Random(f"rates {options.seed}")  # noqa: S311 (a plan, not a secret)
    anew = random.Random(f"anew {options.seed}")  # noqa: S311 (a plan, not a secret)
    goes_on = random.Random(f"goes on {options.seed}")  # noqa: S311 (a plan, not a secret)
    decisions = random.Random(f"decisions {options.seed}")  # noqa: S311 (a plan, not a secret)
    surfaces = (Surface.MENTION, Surface.DIRECT, Surface.MENTION, Surface.COMMAND, Surface.MENTION)
    homes = [*range(options.threads), *chance.choices(range(options.threads), k=options.questions)]
    times: dict[int, list[float]] = {number: [] for number in range(options.threads)}
    for home in homes[: options.questions]:
        burst = times[home] and chance.random() < 0.3
        at = times[home][-1] + chance.uniform(0.02, 0.6) if burst else chance.uniform(0.5, options.seconds * 0.92)
        times[home].append(at)
    return tuple(
        Talk(
            number,
            surfaces[number % len(surfaces)],
            _deciding(
                tuple(
                    _pressed(
                        Question(
                            _token(chance, "q", number, place),
                            at,
                            plainly=chance.random() < 0.7,
                            stop_after=stops.uniform(0.3, 4.0) if stops.random() < _STOPPED else None,
                            ratings=tuple(rates.choices((True, False), k=rates.randint(1, 3)))
                            if rates.random() < _RATED
                            else (),
                        ),
                        anew,
                        goes_on,
                    )
                    for place, at in enumerate(sorted(times[number]))
                ),
                surfaces[number % len(surfaces)],
                decisions,
            ),
            Question(_token(chance, "z", number, 0), options.seconds),
        )
        for number in range(options.threads)
    )


def _pressed(question: Question, regenerates: random.Random, goes_on: random.Random) -> Question:
    """The question, to be asked anew or gone on with if chance has it, and its answer is neither stopped nor rated."""
    anew = regenerates.uniform(1.0, 6.0) if regenerates.random() < _REGENERATED else None
    go_on = goes_on.uniform(1.0, 6.0) if goes_on.random() < _GOES_ON else None
    if question.stop_after is not None or question.ratings:
        return question
    return replace(question, regenerate_after=anew, go_on_after=go_on if anew is None else None)


def _deciding(questions: tuple[Question, ...], surface: Surface, chance: random.Random) -> tuple[Question, ...]:
    """The questions, the last of which waits for its asker's decision, if chance has it; but none of a thread that a
    command opens, for it may never be there."""
    is_decided, after, approves = chance.random() < _DECIDED, chance.uniform(0.5, 6.0), chance.random() < 0.7
    if surface is Surface.COMMAND or not is_decided:
        return questions
    *before, last = questions
    token = f"d{last.token[1:]}"
    return (*before, Question(token, last.at, last.plainly, decide_after=after, approves=approves))


def _token(chance: random.Random, letter: str, thread: int, place: int) -> str:
    return f"{letter}{thread:02d}n{place:02d}x{chance.randrange(16**6):06x}"


def troubles(options: Options) -> tuple[Trouble, ...]:
    """Which fault comes when: each is over when `seconds` are."""
    chance = random.Random(f"troubles {options.seed}")  # noqa: S311 (a plan, not a secret)
    changes = random.Random(f"routes {options.seed}")  # noqa: S311 (a plan, not a secret)
    held: dict[int, list[tuple[float, float]]] = {replica: [] for replica in range(options.replicas)}
    found: list[Trouble] = []
    # Those that hold a replica for longest find their places first.
    for kind in sorted(options.kinds, key=lambda kind: (-SHAPES[kind].most * SHAPES[kind].holds, kind.value)):
        for _ in range(max(1, round(options.seconds / SHAPES[kind].every))):
            trouble = _trouble(changes if kind is Kind.ROUTES else chance, kind, options, held)
            if trouble is not None:
                found.append(trouble)
    return tuple(sorted(found, key=lambda trouble: trouble.at))


def _trouble(
    chance: random.Random, kind: Kind, options: Options, held: dict[int, list[tuple[float, float]]]
) -> Trouble | None:
    """A fault with its time; None where no replica is free for it."""
    shape = SHAPES[kind]
    for _ in range(50):
        seconds, replica = chance.uniform(shape.least, shape.most), chance.randrange(options.replicas)
        latest = options.seconds - seconds
        at = chance.uniform(min(2.0, latest), latest)
        method, times = chance.choice(_METHODS), chance.randint(1, 3)
        if kind is Kind.SLACK_429:
            method, times = _LIMITED, 1
        if latest <= 0.0:
            continue
        span = (at, at + seconds + shape.after)
        if shape.holds and _overlaps(span, held[replica]):
            continue
        if shape.holds:
            held[replica].append(span)
        return Trouble(kind, at, seconds, replica, method, times)
    return None


def _overlaps(span: tuple[float, float], others: Iterable[tuple[float, float]]) -> bool:
    return any(span[0] < end and begin < span[1] for begin, end in others)
