"""Judges a chaos run: turns its records into outcomes and violations. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from benchmarks.chaos.answers import decides
from benchmarks.chaos.flow_rules import of_flows
from benchmarks.chaos.press_rules import of_presses
from benchmarks.chaos.records import Asked, Record, Shown
from benchmarks.chaos.sentences import (
    apologises,
    is_asking,
    is_closed,
    is_open,
    looks_busy,
    reference,
    tokens,
)
from benchmarks.chaos.verdicts import Judged, Outcome, Unit, Verdict, Violation, short

# What Redis may hold when all is quiet, by a word of the key: what makes questions unique, which chat belongs to what,
# runs not seen to end (kept for a day), what buttons need, who is alive, the write budget, and what admins see of use.
_KEPT = frozenset(
    (
        *("claim", "chat", "message", "run", "budget", "again", "newest", "processes"),
        *("answer", "passages", "decision", "figures"),
    )
)
# What was stopped of late, which is told for a minute.
_TOLD = "{lines}:stopped"
_WORDS = re.compile(r"[:{}]+")


def judge(record: Record) -> Verdict:
    """Hold the records against every promise."""
    anew = Counter(press.token for press in record.regenerated)
    found = units([message for message in record.shown if not is_asking(message.text)], anew)
    places: defaultdict[str, list[Asked]] = defaultdict(list)
    for asked in sorted(record.asked, key=lambda asked: asked.at):
        places[asked.place].append(asked)
    judged: list[Judged] = []
    violations = list(_strangers(found, places))
    open_at = {message.place for message in record.shown if is_open(message.text)}
    waiting = {asked.token for asked in record.asked if decides(asked.token) and asked.place in open_at}
    waiting -= {token for token, _ in record.resumed}
    for place, questions in places.items():
        mine = [unit for unit in found if unit.place == place]
        judged += _matched(questions, mine, waiting)
        violations += _surplus(questions, mine, anew)
    violations += [violation for one in judged for violation in _owed(one)]
    violations += _order(judged, record.predictions)
    violations += _slack(record)
    violations += _flowise(record, anew)
    violations += of_flows(record)
    violations += of_presses(record, judged, found, waiting)
    left = [key for key in record.kept if _KEPT.isdisjoint(_WORDS.split(key)) and not key.endswith(_TOLD)]
    violations += [Violation("left in Redis", key) for key in left]
    return Verdict(judged, violations)


def units(shown: Sequence[Shown], anew: Container[str] = ()) -> list[Unit]:
    """The messages put together to answers, in the order in which each was begun.

    Messages belong together by the reference in their metadata or sentence, or by the token in their text: a native
    stream tells its reference only at its end. So of a question that was asked `anew`, a message that begins an answer
    and tells none begins another one.
    """
    references: dict[str, str] = {}
    for message in shown:
        for token in tokens(message.text)[:1]:
            if message.reference or reference(message.text):
                references.setdefault(token, message.reference or reference(message.text))
    parts: defaultdict[tuple[str, str], list[Shown]] = defaultdict(list)
    begun: Counter[str] = Counter()
    for message in sorted(shown, key=lambda message: float(message.ts)):
        token = next(iter(tokens(message.text)), "")
        begun[token] += message.text.startswith(f"Answer to {token}:")
        later = token in anew and begun[token] > 1 and not message.reference and not reference(message.text)
        name = f"{token} {begun[token]}" if later else _name(message, references)
        if not message.opens:
            parts[message.place, name].append(message)
    return sorted((_unit(messages) for messages in parts.values()), key=lambda unit: float(unit.ts))


def _name(message: Shown, references: Mapping[str, str]) -> str:
    token = next(iter(tokens(message.text)), "")
    return message.reference or reference(message.text) or references.get(token, token) or message.ts


def _unit(messages: list[Shown]) -> Unit:
    messages.sort(key=lambda message: float(message.ts))
    text = "\n".join(message.text for message in messages)
    token = next(iter(tokens(text)), "")
    done_at = max(message.changed_at for message in messages)
    return Unit(messages[0].place, messages[0].ts, messages[0].at, done_at, text, token)


def _matched(questions: Sequence[Asked], found: Sequence[Unit], waiting: Container[str]) -> Iterator[Judged]:
    """Each question of a place with its answer. A sentence that names no question is the next one's that has none."""
    own: dict[str, Unit] = {}
    for unit in sorted(found, key=lambda unit: (unit.whole, unit.closed, -float(unit.ts))):
        if unit.token:
            own[unit.token] = unit  # the best of several, of those that were asked anew the first
    spare = [unit for unit in found if not unit.token and unit.closed]
    for asked in questions:
        begun = own.get(asked.token)
        if begun is None and asked.token in waiting:
            yield Judged(asked, Outcome.WAITING)
            continue
        if begun is None:
            waits = asked.accepted_at is not None and not is_closed(asked.told)
            begun = spare.pop(0) if waits and spare else None
        elif not begun.whole and not begun.closed and spare:
            # What it had begun, and the sentence under it.
            said = spare.pop(0)
            begun = replace(begun, text=f"{begun.text}\n{said.text}", done_at=said.done_at)
        yield Judged(asked, _outcome(asked, begun), begun)


def _outcome(asked: Asked, unit: Unit | None) -> Outcome:
    if unit is not None and unit.whole:
        return Outcome.WHOLE
    if (unit is not None and unit.closed) or is_closed(asked.told):
        return Outcome.CLOSED
    if unit is not None:
        return Outcome.UNFINISHED
    return Outcome.UNTAKEN if asked.accepted_at is None else Outcome.NONE


def _owed(one: Judged) -> Iterator[Violation]:
    who = f"{one.asked.token} ({one.asked.surface.value}, {one.asked.place})"
    if one.outcome is Outcome.NONE:
        yield Violation("no answer", who)
    if one.outcome is Outcome.UNFINISHED and one.unit is not None:
        yield Violation("left unfinished", f"{who}: {short(one.unit.text)}")
    if one.asked.last and one.outcome is not Outcome.WHOLE:
        yield Violation("thread blocked", f"{who}: {one.outcome.value}")


def _surplus(questions: Sequence[Asked], found: Sequence[Unit], anew: Mapping[str, int]) -> Iterator[Violation]:
    """More answers than questions, each counted once more for a press that asks it anew."""
    counts = Counter(unit.token for unit in found if unit.token)
    for token, count in counts.items():
        if count > 1 + anew.get(token, 0):
            texts = " / ".join(short(unit.text) for unit in found if unit.token == token)
            yield Violation("answered twice", f"{token}: {texts}")
    open_ = sum(
        not any(unit.token == asked.token and (unit.whole or unit.closed) for unit in found) for asked in questions
    )
    open_ += sum(anew.get(asked.token, 0) for asked in questions)
    spare = [unit for unit in found if not unit.token and unit.closed]
    if len(spare) > open_:
        texts = " / ".join(short(unit.text) for unit in spare)
        yield Violation("answered twice", f"{len(spare)} sentences for {open_} questions in {spare[0].place}: {texts}")


def _strangers(found: Sequence[Unit], places: Mapping[str, Sequence[Asked]]) -> Iterator[Violation]:
    """What stands where nobody asked for it, or says nothing that is known."""
    for unit in found:
        asked = {question.token for question in places.get(unit.place, ())}
        if unit.token and unit.token not in asked:
            yield Violation("in the wrong place", f"{unit.token} in {unit.place}")
        if unit.whole and apologises(unit.text):
            yield Violation("apology left", f"{unit.place} {unit.ts}: {short(unit.text)}")
        if looks_busy(unit.text) and not unit.whole:
            yield Violation("looks busy", f"{unit.place} {unit.ts}: {short(unit.text)}")
        elif not unit.token and not unit.closed:
            yield Violation("unexplained", f"{unit.place} {unit.ts}: {short(unit.text)}")


def _order(judged: Sequence[Judged], predictions: Sequence[str]) -> Iterator[Violation]:
    """Asked or standing before an earlier question, where that was taken before the later one was delivered."""
    # One that is asked anew has its first place.
    asked = {token: number for number, token in reversed(list(enumerate(predictions)))}
    places: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        places[one.asked.place].append(one)
    for place, line in places.items():
        for earlier, later in combinations(line, 2):
            if not _was_in_line(earlier, before=later.asked.first_try):
                continue
            seen = f"{later.asked.token} before {earlier.asked.token} in {place}"
            first, second = earlier.asked.token, later.asked.token
            if first in asked and second in asked and asked[first] > asked[second]:
                yield Violation("asked out of order", seen)
            # An apology is posted while nobody can know what else waits in the thread, and its answer stands there.
            # What waits for a decision is answered after it.
            if later.asked.was_put_off or decides(earlier.asked.token) or not (earlier.unit and later.unit):
                continue
            if float(earlier.unit.ts) > float(later.unit.ts):
                yield Violation("stands out of order", seen)


def _was_in_line(one: Judged, *, before: float) -> bool:
    """Whether a question was surely in the line of its thread by then. Order is promised among those that were.

    A command waits in a line of its own until its message stands; nothing that Slack sees tells when it has moved,
    before its answer begins. Where one of two presses that ask was told that it is not taken, nothing tells when the
    other one was.
    """
    if one.asked.is_command or one.asked.told:
        return one.unit is not None and one.unit.at < before
    return one.asked.accepted_at is not None and one.asked.accepted_at < before


def _slack(record: Record) -> Iterator[Violation]:
    yield from (Violation("status left", place) for place in record.statuses)
    yield from (Violation("stream left open", place) for place in record.streams)
    yield from (Violation("rule of Slack broken", what) for what in record.broken)
    for method, at in record.limited:
        if not any(begin <= at <= end for begin, end in record.excused):
            yield Violation("rate limit met", f"{method} at {at:.1f} s")


def _flowise(record: Record, anew: Mapping[str, int]) -> Iterator[Violation]:
    for token, count in Counter(record.predictions).items():
        if count > 1 + anew.get(token, 0):
            yield Violation("predicted twice", f"{token or 'a question without a token'}: {count} times")
    if record.mixed:
        yield Violation("two predictions on one chat", f"{record.mixed} times")
