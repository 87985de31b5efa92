"""Tests the limit on predictions: who is admitted, who waits behind how many, and that none is forgotten."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from bot.conversation.admission import Admission


def test_the_first_are_let_in_and_the_others_know_how_many_come_before() -> None:
    admission = Admission(2)
    with ExitStack() as stack:
        places = [stack.enter_context(admission.place()) for _ in range(5)]
        assert [place.before for place in places] == [0, 0, 1, 2, 3]
        assert admission.waiting == 3
    assert admission.waiting == 0


@pytest.mark.parametrize("goes", [0, 1])
def test_one_that_is_done_lets_the_next_in_whoever_it_is(goes: int) -> None:
    admission = Admission(2)
    with ExitStack() as stack:
        ends = [ExitStack() for _ in range(4)]
        places = [stack.enter_context(end).enter_context(admission.place()) for end in ends]
        ends[goes].close()
        assert [place.before for at, place in enumerate(places) if at != goes] == [0, 0, 1]


def test_one_that_gives_up_waiting_moves_those_behind_it_alone() -> None:
    admission = Admission(1)
    with ExitStack() as stack:
        ends = [ExitStack() for _ in range(4)]
        places = [stack.enter_context(end).enter_context(admission.place()) for end in ends]
        ends[2].close()
        assert [places[at].before for at in (0, 1, 3)] == [0, 1, 2]


async def test_all_who_wait_hear_of_each_change() -> None:
    admission = Admission(1)
    first = ExitStack()
    first.enter_context(admission.place())
    with admission.place() as second, admission.place() as third:
        waiting = [asyncio.create_task(place.moved()) for place in (second, third)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        first.close()
        async with asyncio.timeout(1):
            await asyncio.gather(*waiting)
        assert (second.before, third.before) == (0, 1)
        again = asyncio.create_task(third.moved())
        await asyncio.sleep(0)
        assert not again.done()  # what has moved already wakes nobody twice
        again.cancel()


async def test_100_questions_are_never_more_than_seven_at_a_time_and_go_in_order() -> None:
    admission = Admission(7)
    running, most, order = 0, 0, []

    async def one(number: int) -> None:
        nonlocal running, most
        with admission.place() as place:
            while place.before:
                await place.moved()
            running, most = running + 1, max(most, running + 1)
            order.append(number)
            for _ in range(number % 3):
                await asyncio.sleep(0)
            running -= 1

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(one(number))
    assert (most, admission.waiting) == (7, 0)
    assert sorted(order) == list(range(100))
    assert all(abs(at - number) < 7 for at, number in enumerate(order))


def test_a_question_that_breaks_gives_its_place_up() -> None:
    admission = Admission(1)
    with pytest.raises(RuntimeError), admission.place():
        raise RuntimeError
    with admission.place() as place:
        assert place.before == 0


def admitted_in_order(most: int, askers: str) -> str:
    """Who is admitted, in order, of those who come at once and of whom one at a time is done."""
    admission, order = Admission(most), ""
    with ExitStack() as stack:
        ends = [(ExitStack(), asker) for asker in askers]
        waiting = [(stack.enter_context(end).enter_context(admission.place(asker)), end, asker) for end, asker in ends]
        running: list[ExitStack] = []
        while waiting:
            for one in [one for one in waiting if one[0].before == 0]:
                waiting.remove(one)
                running.append(one[1])
                order += one[2]
            running.pop(0).close()
    return order


@pytest.mark.parametrize(
    ("most", "askers", "expected"),
    [
        (1, "aaaab", "abaaa"),
        (1, "aaaabbc", "abcabaa"),
        (2, "aaaabbc", "aabcaba"),
        (1, "abab", "abab"),
        (2, "aaaaaa", "aaaaaa"),
    ],
)
def test_people_take_turns(most: int, askers: str, expected: str) -> None:
    assert admitted_in_order(most, askers) == expected


def test_who_comes_later_moves_those_back_who_have_asked_more() -> None:
    admission = Admission(1)
    with ExitStack() as stack:
        first, second, third = [stack.enter_context(admission.place("a")) for _ in range(3)]
        assert [first.before, second.before, third.before] == [0, 1, 2]
        other = stack.enter_context(admission.place("b"))
        assert [first.before, other.before, second.before, third.before] == [0, 1, 2, 3]


def test_a_place_that_is_kept_is_left_when_it_is_given_up() -> None:
    admission, left = Admission(1), []
    with admission.place("a", lambda: left.append("a")) as kept:
        kept.keep()
    assert left == []
    kept.give_up()
    assert left == ["a"]
