"""Holds the presses of a chaos run against what was promised: each counts once, or its person is told. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence

from benchmarks.chaos.records import Record
from benchmarks.chaos.sentences import (
    is_asking,
    is_closed,
    is_not_decided,
    is_not_regenerated,
    is_stopped,
    is_told,
    tokens,
)
from benchmarks.chaos.verdicts import Judged, Unit, Violation, short


def of_presses(
    record: Record, judged: Sequence[Judged], found: Sequence[Unit], waiting: Container[str]
) -> Iterator[Violation]:
    """What became of presses that should not have. `found` are all answers, `waiting` the questions that still wait for
    a decision."""
    yield from _openings(record)
    yield from _regenerations(record, found)
    yield from _presses(record, judged)
    yield from _ratings(record)
    yield from _decisions(record, waiting)


def _openings(record: Record) -> Iterator[Violation]:
    """Who asked what by a command or a button is shown once."""
    opened = Counter(token for message in record.shown if message.opens for token in tokens(message.text))
    yield from (Violation("asked twice", f"{token}: {count} messages") for token, count in opened.items() if count > 1)


def _presses(record: Record, judged: Sequence[Judged]) -> Iterator[Violation]:
    """A press that was acknowledged has stopped the answer, or its person was told; no word came after it."""
    ends = {one.asked.token: one.unit.text for one in judged if one.unit is not None}
    for press in record.presses:
        text = ends.get(press.token, "")
        if press.acked and not is_stopped(text) and not any(is_told(told) for told in press.told):
            yield Violation("press lost", f"{press.token}: {short(text)}")
        if is_stopped(text) and press.acked and press.shown > press.sent:
            yield Violation("shown after a stop", f"{press.token}: {press.shown} words of {press.sent:.0f}")


def _ratings(record: Record) -> Iterator[Violation]:
    """Flowise has one rating of an answer, and it is that of the last press, unless the person was told otherwise."""
    for rated in record.rated:
        if len(rated.rows) > 1:
            yield Violation("rated twice", f"{rated.token}: {len(rated.rows)} rows")
        elif rated.is_sure and list(rated.rows) != ["THUMBS_UP" if rated.good else "THUMBS_DOWN"]:
            yield Violation("rating lost", f"{rated.token}: {rated.rows}")


def _regenerations(record: Record, found: Sequence[Unit]) -> Iterator[Violation]:
    """A press that was acknowledged has asked the question anew, or its person was told; what it began has ended."""
    predictions, places = Counter(record.predictions), {asked.token: asked.place for asked in record.asked}
    for press in record.regenerated:
        mine = [unit for unit in found if unit.place == places.get(press.token)]
        if any(not unit.token and unit.closed for unit in mine):
            continue  # a sentence that names no question may be its end
        answers = [unit for unit in mine if unit.token == press.token]
        is_told = any(is_not_regenerated(told) for told in press.told)
        if press.acked and predictions[press.token] < 2 and not is_told and len(answers) < 2:
            yield Violation("press lost", f"{press.token}: asked anew")
        for unit in answers:
            if not (unit.whole or unit.closed):
                yield Violation("left unfinished", f"{press.token}, asked anew: {short(unit.text)}")


def _decisions(record: Record, waiting: Container[str]) -> Iterator[Violation]:
    """Flowise is told what was decided, once, if somebody has pressed, or they were told; it is asked for once."""
    pressed = {press.token: press.approves for press in record.decided}
    for token, approves in record.resumed:
        if approves is not pressed.get(token, approves):
            yield Violation("decided otherwise", f"{token}: {'approved' if approves else 'rejected'}")
    for token, count in Counter(token for token, _ in record.resumed).items():
        if count > 1 or token not in pressed:
            yield Violation("decided twice" if count > 1 else "decided by nobody", f"{token}: {count} times")
    asking = [token for message in record.shown if is_asking(message.text) for token in tokens(message.text)]
    for token, count in Counter(asking).items():
        if count > 1:
            yield Violation("answered twice", f"{token}: {count} messages that ask for a decision")
    # A sentence that names no question may be what came of it.
    unsure = {message.place for message in record.shown if is_closed(message.text) and not tokens(message.text)}
    sure = {asked.token for asked in record.asked if asked.place not in unsure and asked.token in waiting}
    for press in record.decided:
        if press.acked and press.token in sure and not any(is_not_decided(told) for told in press.told):
            yield Violation("press lost", f"{press.token}: decided")
