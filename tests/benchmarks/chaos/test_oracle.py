"""The oracle of the chaos run, fed with records that are good, and with each way in which they can be bad."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.chaos.answers import answer, asks, question_about
from benchmarks.chaos.oracle import judge, units
from benchmarks.chaos.plan import Surface
from benchmarks.chaos.records import Asked, Decided, Pressed, Record, Regenerated, Shown, Tried
from benchmarks.chaos.verdicts import Outcome, Verdict
from bot.errors import BotError, FlowiseBroke, Interrupted, Postponed, StoreUnavailable
from bot.records.thread import StopOutcome
from bot.slack import wording, wording_of_failures
from bot.slack.help_contact import NOBODY
from bot.slack.wording_of_steps import working

ONE, TWO, LAST = "q01n00x00000a", "q01n01x00000b", "z01n00x00000c"
PLACE = "C1:1.0"


def asked(token: str, at: float, *tries: Tried, last: bool = False, told: str = "") -> Asked:
    """A question that was taken at once, unless `tries` say something else."""
    return Asked(token, PLACE, Surface.MENTION, at, tries or (Tried(at, at + 0.1, True),), last=last, told=told)


def shown(text: str, at: float, *, reference: str = "", place: str = PLACE) -> Shown:
    return Shown(place, f"{at:.6f}", at, at + 1.0, text, reference)


def failed(error: BotError, reference: str = "0a0b0c0d", *, partly: bool = False) -> str:
    return (
        f"{wording_of_failures.failure(error, partly=partly)}\n{wording_of_failures.support(error, reference, NOBODY)}"
    )


POSTPONED = failed(Postponed(""))
INTERRUPTED = failed(Interrupted(""), partly=True)
QUESTIONS = (asked(ONE, 1.0), asked(TWO, 2.0), asked(LAST, 90.0, last=True))
GOOD = Record(
    asked=QUESTIONS,
    shown=(shown(answer(ONE), 3.0), shown(answer(TWO), 4.0), shown(answer(LAST), 91.0)),
    predictions=(ONE, TWO, LAST),
    kept=("flowise-slack:claim:T1:C1:1.0", "flowise-slack:{budget:T1}:bucket", "flowise-slack:{figures:T1}:9:sums"),
)


def rules(verdict: Verdict) -> list[str]:
    return [violation.rule for violation in verdict.violations]


def with_shown(*messages: Shown) -> Record:
    """The good record, with other messages before the last answer."""
    return replace(GOOD, shown=(*messages, GOOD.shown[-1]))


def test_a_good_run_has_no_violation() -> None:
    verdict = judge(GOOD)
    assert rules(verdict) == []
    assert verdict.outcomes == {Outcome.WHOLE: 3}


def test_of_two_presses_one_of_which_was_told_that_it_is_not_taken_the_other_may_be_late() -> None:
    told = asked(ONE, 1.0, Tried(1.0, 1.1, acked=True), Tried(1.0, 4.0, acked=False), told=wording.NOT_TAKEN)
    late = (shown(answer(TWO), 3.0), shown(answer(ONE), 5.0))
    seen = replace(with_shown(*late), asked=(told, *QUESTIONS[1:]), predictions=(TWO, ONE, LAST))
    assert rules(judge(seen)) == []
    assert rules(judge(replace(seen, asked=QUESTIONS))) == ["asked out of order", "stands out of order"]


def test_an_answer_may_go_on_in_another_message_and_be_closed_under_what_it_had_begun() -> None:
    half = answer(TWO)[:200]
    paged = answer(ONE).partition("\n\n")
    messages = (
        shown(paged[0], 3.0, reference="11111111"),
        shown(paged[2], 3.5, reference="11111111"),
        shown(half, 4.0, reference="0a0b0c0d"),
        shown(INTERRUPTED, 20.0),
    )
    verdict = judge(with_shown(*messages))
    assert rules(verdict) == []
    assert [one.outcome for one in verdict.judged] == [Outcome.WHOLE, Outcome.CLOSED, Outcome.WHOLE]


def test_a_stream_that_never_told_its_reference_is_joined_with_the_sentence_under_it() -> None:
    verdict = judge(with_shown(shown(answer(ONE), 3.0), shown(answer(TWO)[:200], 4.0), shown(INTERRUPTED, 20.0)))
    assert rules(verdict) == []
    assert verdict.outcomes[Outcome.CLOSED] == 1


def test_a_sentence_without_a_token_belongs_to_the_question_that_has_no_answer() -> None:
    verdict = judge(with_shown(shown(failed(FlowiseBroke("")), 3.0), GOOD.shown[1]))
    assert rules(verdict) == []
    assert verdict.judged[0].outcome is Outcome.CLOSED


def test_messages_of_one_reference_or_one_token_are_one_answer() -> None:
    parts = [
        shown(f"{ONE}w0", 1.0),
        shown(f"{ONE}w1", 2.0, reference="11111111"),
        shown("…", 3.0, reference="11111111"),
    ]
    [unit] = units(parts)
    assert (unit.token, unit.ts, unit.done_at) == (ONE, "1.000000", 4.0)


STOPPED = shown(f"{ONE}w0 {ONE}w1\n{wording.stopped(StopOutcome.GOES_ON)}", 3.0)


@pytest.mark.parametrize(
    ("message", "press", "rule"),
    [
        (STOPPED, Pressed(ONE, True, (), 2.0, 2), None),
        (STOPPED, Pressed(ONE, True, (), 1.0, 2), "shown after a stop"),
        (GOOD.shown[0], Pressed(ONE, True, (), 900.0, 90), "press lost"),
        (GOOD.shown[0], Pressed(ONE, True, (wording.ENDED_ALREADY,), 900.0, 90), None),
        (GOOD.shown[0], Pressed(ONE, False, (), 900.0, 90), None),
    ],
)
def test_a_press_counts_or_is_told_and_nothing_comes_after_it(message: Shown, press: Pressed, rule: str | None) -> None:
    verdict = judge(replace(with_shown(message, GOOD.shown[1]), presses=(press,)))
    assert rules(verdict) == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("messages", "rule"),
    [
        ([GOOD.shown[1]], "no answer"),
        ([shown(answer(ONE)[:200], 3.0), GOOD.shown[1]], "left unfinished"),
        ([shown(answer(ONE).replace(f" {ONE}w5 ", " "), 3.0), GOOD.shown[1]], "left unfinished"),
        ([shown(answer(ONE) + f" {ONE}w5", 3.0), GOOD.shown[1]], "left unfinished"),
        ([GOOD.shown[0], GOOD.shown[1], shown(answer(ONE), 9.0, reference="22222222")], "left unfinished"),
        ([GOOD.shown[0], GOOD.shown[1], shown(INTERRUPTED, 9.0)], "answered twice"),
        ([shown(answer(TWO), 2.5), shown(answer(ONE), 3.0)], "stands out of order"),
        ([GOOD.shown[0], GOOD.shown[1], shown(wording.NOT_YET, 9.0)], "looks busy"),
        ([GOOD.shown[0], GOOD.shown[1], shown(wording.queued(1, busy=False), 9.0)], "looks busy"),
        ([GOOD.shown[0], GOOD.shown[1], shown(wording.queued(2, busy=True), 9.0)], "looks busy"),
        ([GOOD.shown[0], GOOD.shown[1], shown(POSTPONED, 9.0)], "looks busy"),
        ([shown(f"{answer(ONE)}\n{wording.GROWING}", 3.0), GOOD.shown[1]], "left unfinished"),
        ([GOOD.shown[0], GOOD.shown[1], shown(working(["search"]), 9.0)], "looks busy"),
        ([GOOD.shown[0], GOOD.shown[1], shown("What a nice day.", 9.0)], "unexplained"),
        ([GOOD.shown[0], GOOD.shown[1], shown(answer("q09n00x00000d"), 9.0)], "in the wrong place"),
    ],
)
def test_what_stands_in_slack_is_held_against_what_was_asked(messages: list[Shown], rule: str) -> None:
    assert rule in rules(judge(with_shown(*messages)))


@pytest.mark.parametrize("said", [wording.NOT_YET, failed(StoreUnavailable(""), "11111111")])
def test_an_apology_beside_a_whole_answer_is_seen(said: str) -> None:
    both = (shown(said, 2.5, reference="11111111"), shown(answer(ONE), 3.0, reference="11111111"))
    assert rules(judge(with_shown(*both, GOOD.shown[1]))) == ["apology left"]


def test_two_whole_answers_to_one_question_are_seen() -> None:
    twice = (shown(answer(ONE), 3.0, reference="11111111"), shown(answer(ONE), 3.5, reference="22222222"))
    assert rules(judge(with_shown(*twice, GOOD.shown[1]))) == ["answered twice"]


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (replace(GOOD, shown=GOOD.shown[:2]), "thread blocked"),
        (replace(GOOD, shown=(*GOOD.shown[:2], shown(INTERRUPTED, 91.0))), "thread blocked"),
        (replace(GOOD, predictions=(ONE, TWO, ONE, LAST)), "predicted twice"),
        (replace(GOOD, predictions=(TWO, ONE, LAST)), "asked out of order"),
        (replace(GOOD, mixed=1), "two predictions on one chat"),
        (replace(GOOD, statuses=("C1:1.0 'is thinking…'",)), "status left"),
        (replace(GOOD, streams=("C1:3.0",)), "stream left open"),
        (replace(GOOD, broken=("two chat.update in flight",)), "rule of Slack broken"),
        (replace(GOOD, limited=(("chat.update", 50.0),)), "rate limit met"),
        (replace(GOOD, kept=("flowise-slack:{line:T1:C1:1.0}:waiting",)), "left in Redis"),
    ],
)
def test_every_other_promise_is_looked_at(record: Record, rule: str) -> None:
    assert rule in rules(judge(record))


def test_a_rate_limit_is_excused_while_redis_was_away() -> None:
    away = replace(GOOD, limited=(("chat.update", 50.0),), excused=((40.0, 51.0),))
    assert rules(judge(away)) == []


def test_a_question_that_slack_gave_up_is_owed_nothing_but_told() -> None:
    given_up = asked(ONE, 1.0, Tried(1.0, 4.0, False), Tried(4.0, 7.0, False))
    verdict = judge(replace(GOOD, asked=(given_up, *QUESTIONS[1:]), shown=GOOD.shown[1:]))
    assert rules(verdict) == []
    assert verdict.outcomes[Outcome.UNTAKEN] == 1


def test_a_question_that_was_taken_late_may_be_answered_late() -> None:
    late = asked(ONE, 1.0, Tried(1.0, 4.0, False), Tried(10.0, 10.1, True))
    record = replace(GOOD, asked=(late, *QUESTIONS[1:]), shown=(shown(answer(ONE), 11.0), *GOOD.shown[1:]))
    assert rules(judge(record)) == []


def test_an_answer_may_stand_where_its_apology_stood() -> None:
    put_off = asked(TWO, 2.0, Tried(2.0, 5.0, False), Tried(10.0, 10.1, True))
    early = (shown(answer(TWO), 2.5), shown(answer(ONE), 3.0), GOOD.shown[2])
    assert rules(judge(replace(GOOD, shown=early))) == ["stands out of order"]
    assert rules(judge(replace(GOOD, asked=(QUESTIONS[0], put_off, QUESTIONS[2]), shown=early))) == []


def test_a_command_is_held_to_the_order_from_when_its_answer_begins() -> None:
    """Until its message stands it waits in a line of its own; its process may die just then."""
    swapped = (shown(answer(TWO), 3.0), shown(answer(ONE), 20.0), GOOD.shown[-1])
    command = replace(QUESTIONS[0], is_command=True)
    late = replace(GOOD, asked=(command, *QUESTIONS[1:]), shown=swapped, predictions=(TWO, ONE, LAST))
    assert rules(judge(late)) == []
    begun = replace(late, shown=(shown(answer(ONE), 1.5), *GOOD.shown[1:]))
    assert rules(judge(begun)) == ["asked out of order"]


def test_a_command_that_was_turned_away_at_once_is_closed() -> None:
    told = asked(ONE, 1.0, told=wording.NOT_TAKEN)
    verdict = judge(replace(GOOD, asked=(told, *QUESTIONS[1:]), shown=GOOD.shown[1:]))
    assert rules(verdict) == []
    assert verdict.judged[0].outcome is Outcome.CLOSED


@pytest.mark.parametrize(
    ("presses", "second", "predicted", "found"),
    [
        ([Regenerated(TWO, acked=True)], answer(TWO), 2, []),
        ([Regenerated(TWO, acked=False)], "", 1, []),
        ([Regenerated(TWO, acked=True, told=[wording.NOT_THE_NEWEST])], "", 1, []),
        ([Regenerated(TWO, acked=True)], failed(BotError("")), 1, []),
        ([Regenerated(TWO, acked=True)], "", 1, ["press lost"]),
        ([Regenerated(TWO, acked=True)], answer(TWO)[:200], 2, ["left unfinished"]),
        ([Regenerated(TWO, acked=True)], answer(TWO), 3, ["predicted twice"]),
        ([], answer(TWO), 2, ["answered twice", "predicted twice"]),
    ],
)
def test_a_question_is_asked_anew_once_where_its_asker_has_pressed(
    presses: list[Regenerated], second: str, predicted: int, found: list[str]
) -> None:
    for own, new in (("11111111", "0a0b0c0d"), ("11111111", ""), ("", "")):  # a stream may not tell its reference
        if presses or new:
            again = [shown(second, 5.0, reference=new)] if second else []
            record = with_shown(GOOD.shown[0], shown(answer(TWO), 4.0, reference=own), *again)
            record = replace(record, predictions=(ONE, *[TWO] * predicted, LAST), regenerated=presses)
            assert rules(judge(record)) == found


WAITS = "d01n00x00000d"
OPEN = shown(f"{asks(WAITS)}\nThe person who asked decides.\nProceed Reject", 5.0, reference="11111111")
CHOICE = wording.decision_made("ada", "Proceed")
CHOSEN = shown(f"{asks(WAITS)}\n{CHOICE}", 5.0, reference="11111111")
AGAIN = shown(f"{INTERRUPTED}\nProceed Reject", 6.0)
ANSWERED = shown(answer(WAITS), 7.0)
PRESSED = Decided(WAITS, acked=True)


@pytest.mark.parametrize(
    ("messages", "presses", "resumed", "found"),
    [
        ([CHOSEN, ANSWERED], [PRESSED], 1, []),
        ([OPEN, ANSWERED], [PRESSED], 1, []),  # the buttons may outlive the process that would have taken them away
        ([CHOSEN, shown(INTERRUPTED, 7.0)], [PRESSED], 1, []),
        ([OPEN], [], 0, []),
        ([OPEN], [replace(PRESSED, acked=False)], 0, []),
        ([OPEN], [replace(PRESSED, told=[wording.DECISION_CLOSED])], 0, []),
        ([OPEN], [replace(PRESSED, told=[wording.ENDED_ALREADY])], 0, ["press lost"]),
        ([OPEN], [PRESSED], 0, ["press lost"]),
        ([OPEN, shown(failed(FlowiseBroke("")), 7.0)], [PRESSED], 0, []),
        ([CHOSEN, AGAIN], [PRESSED], 0, []),
        ([CHOSEN, replace(AGAIN, text=f"{INTERRUPTED}\n{CHOICE}"), ANSWERED], [PRESSED], 1, []),
        ([OPEN], [PRESSED], 1, ["no answer"]),
        ([CHOSEN], [PRESSED], 0, ["no answer"]),
        ([CHOSEN, shown(answer(WAITS)[:200], 7.0)], [PRESSED], 1, ["left unfinished"]),
        ([CHOSEN, ANSWERED], [PRESSED], 2, ["decided twice"]),
        ([OPEN, ANSWERED], [], 1, ["decided by nobody"]),
        ([CHOSEN, replace(OPEN, ts="6.0"), ANSWERED], [PRESSED], 1, ["answered twice"]),
        ([shown(asks(WAITS), 5.0)], [], 0, ["left unfinished"]),  # no buttons, and no sentence either
    ],
)
def test_a_decision_counts_once_or_its_person_is_told(
    messages: list[Shown], presses: list[Decided], resumed: int, found: list[str]
) -> None:
    waits = asked(WAITS, 2.5)
    record = replace(
        GOOD,
        asked=(*QUESTIONS[:2], waits, QUESTIONS[2]),
        shown=(*GOOD.shown[:2], *messages, GOOD.shown[2]),
        predictions=(ONE, TWO, WAITS, LAST),
        decided=presses,
        resumed=[(WAITS, True)] * resumed,
    )
    assert rules(judge(record)) == found


def test_the_other_side_of_a_decision_is_seen() -> None:
    record = replace(
        GOOD,
        asked=(*QUESTIONS[:2], asked(WAITS, 2.5), QUESTIONS[2]),
        shown=(*GOOD.shown[:2], CHOSEN, ANSWERED, GOOD.shown[2]),
        predictions=(ONE, TWO, WAITS, LAST),
        decided=[replace(PRESSED, approves=False)],
        resumed=[(WAITS, True)],
    )
    assert rules(judge(record)) == ["decided otherwise"]


SUGGESTED = "s01n01x00000b"
SHOWN = replace(shown(f"ada asked:\n{question_about(SUGGESTED)}", 5.0, reference="11111111"), opens=True)
BUTTONED = replace(GOOD.shown[1], text=f"{answer(TWO)}\n{question_about(SUGGESTED)}")
THEN = shown(answer(SUGGESTED), 6.0)


@pytest.mark.parametrize(
    ("messages", "told", "predicted", "found"),
    [
        ([SHOWN, THEN], "", 1, []),
        ([SHOWN, shown(failed(FlowiseBroke("")), 6.0)], "", 1, []),
        ([], wording.NOT_KEPT, 0, []),
        ([], "", 0, ["no answer"]),
        ([SHOWN], "", 1, ["no answer"]),
        ([SHOWN, replace(SHOWN, ts="5.5"), THEN], "", 1, ["asked twice"]),
        ([SHOWN, THEN], "", 2, ["predicted twice"]),
        ([SHOWN, THEN, shown(answer(SUGGESTED), 7.0, reference="22222222")], "", 1, ["answered twice"]),
    ],
)
def test_what_a_button_asks_is_asked_and_answered_once_or_its_person_is_told(
    messages: list[Shown], told: str, predicted: int, found: list[str]
) -> None:
    record = replace(
        GOOD,
        asked=(*QUESTIONS[:2], asked(SUGGESTED, 4.5, told=told), QUESTIONS[2]),
        shown=(GOOD.shown[0], BUTTONED, *messages, GOOD.shown[2]),
        predictions=(ONE, TWO, *[SUGGESTED] * predicted, LAST),
    )
    assert rules(judge(record)) == found


def test_what_waits_for_a_decision_may_be_answered_below_a_later_question() -> None:
    record = replace(
        GOOD,
        asked=(asked(WAITS, 0.5), *QUESTIONS),
        shown=(CHOSEN, *GOOD.shown[:2], ANSWERED, GOOD.shown[2]),
        predictions=(WAITS, ONE, TWO, LAST),
        decided=[PRESSED],
        resumed=[(WAITS, True)],
    )
    assert rules(judge(record)) == []
