"""What people set in Slack, on a real server: never half, and of each workspace by itself."""

from __future__ import annotations

import asyncio

from bot.store.redis import RedisStore


async def test_of_two_who_change_the_settings_at_once_one_learns_that_it_came_too_late(store: RedisStore) -> None:
    home = store.home
    assert await home.settings("T1") == ""
    won = await asyncio.gather(*(home.replace_settings("T1", "", f"{number}") for number in range(8)))
    assert won.count(True) == 1
    first = await home.settings("T1")
    assert not await home.replace_settings("T1", "", "again")
    assert await home.replace_settings("T1", first, "then")
    assert await home.replace_settings("T1", first, "then"), "repeated because the reply was lost"
    assert await home.settings("T12") == ""


async def test_a_person_chooses_for_themselves_and_is_forgotten_with_the_workspace(store: RedisStore) -> None:
    home = store.home
    await home.choose_flow("T1", "U1", "it")
    assert [await home.flow("T1", user) for user in ("U1", "U2")] == ["it", ""]
    await home.choose_flow("T1", "U2", "it")
    await home.choose_flow("T1", "U2", "")
    await home.opened("T1", "U1", "ours")
    await home.opened("T1", "U1", "theirs")
    assert [await home.opened_by("T1", user) for user in ("U1", "U2")] == ["theirs", ""]
    assert await store.purge("T1") == 2
    assert await home.flow("T1", "U1") == ""
