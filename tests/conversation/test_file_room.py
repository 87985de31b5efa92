"""What is held of people's files has a bound, and room is given in order."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.file_room import MOST_HELD, Room
from bot.flowise.uploads import MOST_IN_BODY
from tests.examples import examples


def test_there_is_room_for_the_files_of_any_question() -> None:
    assert MOST_IN_BODY <= MOST_HELD


@settings(max_examples=examples(50))
@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 3), st.booleans()), max_size=20))
def test_no_more_is_ever_held_and_nobody_waits_for_ever(asked: list[tuple[int, int, bool]]) -> None:
    async def all_of_them() -> None:
        room, most, order = Room(10), 0, list[int]()

        async def one(number: int, size: int, turns: int) -> None:
            nonlocal most
            await room.take(size)
            order.append(number)
            most = max(most, room.held)
            for _ in range(turns):
                await asyncio.sleep(0)
            room.give(size)

        tasks = [asyncio.create_task(one(number, size, turns)) for number, (size, turns, _) in enumerate(asked)]
        await asyncio.sleep(0)
        for task, (_, _, leaves) in zip(tasks, asked, strict=True):
            if leaves and not order.count(tasks.index(task)):
                task.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert order == sorted(order)
        assert most <= 10
        assert room.held == 0

    asyncio.run(all_of_them())


async def test_what_never_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        await Room(10).take(11)
