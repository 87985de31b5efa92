"""Shows of a thread's keys what the bot has put into Redis, and nothing of other threads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from bot.errors import StoreUnavailable
from bot.playground.flowise import Script
from bot.playground.page.redis_keys import ITEMS_AT_MOST, KEYS_AT_MOST, LONGEST, of_thread
from bot.playground.sandbox import Sandbox
from bot.store.connections import connect


async def kept(home: Sandbox, channel: str, root: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The keys of a thread by what follows the hash tag, and the chats."""
    found = await of_thread(home.redis_url, home.slack.team_id, channel, root)
    json.dumps(found)
    keys = cast("list[dict[str, Any]]", found["keys"])
    return {row["key"].partition("}:")[2]: row for row in keys}, cast("list[str]", found["chat_ids"])


async def test_the_keys_of_a_thread_are_those_that_the_bot_has_written(home: Sandbox) -> None:
    async with home.bot():
        other = await home.ask(f"{home.mention} other")
        await home.answered(other)
        root = await home.ask(f"{home.mention} Hello")
        await home.answered(root)
        await home.slack.settled()
    keys, chats = await kept(home, home.channel, root)
    conversation = keys[f"chat:{root}"]
    chat_id = home.flowise.predictions[1].chat_id
    assert chats == [chat_id]
    assert (conversation["type"], conversation["value"]["chat_id"]) == ("hash", chat_id)
    assert conversation["value"]["answered"] == "1"
    assert 29 * 86_400 < conversation["ttl"] <= 30 * 86_400
    assert f"chat:{other}" not in keys
    [claim] = [row for name, row in keys.items() if name.startswith("claim:")]
    assert (claim["type"], type(claim["value"])) == ("string", str)


async def test_a_question_under_way_is_seen_with_its_run(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["half"], stalls=True))
    async with home.bot(bot_stop_grace=0):
        root = await home.ask(f"{home.mention} Hello")
        await home.slack.until(lambda: home.answers(root) == ["half"])
        keys, chats = await kept(home, home.channel, root)
    chat_id = home.flowise.predictions[0].chat_id
    assert chats == [chat_id]
    assert keys[f"run:{chat_id}"]["value"]["awaits_decision"] is False
    [(reference, opened)] = keys["open"]["value"].items()
    assert (opened["question"], opened["chat_id"]) == ("Hello", chat_id)
    assert keys["items"]["value"][reference]["line"].endswith(f":{root}")
    assert keys["mail"]["value"] == [[reference, float(root)]]
    assert keys["leases"]["type"] == "zset"
    assert keys["turn"]["value"] == reference


async def test_a_direct_message_is_one_line(home: Sandbox) -> None:
    place = home.slack.dm(home.ada)
    async with home.bot():
        await home.ask("Hello", channel=place)
        await home.slack.until(lambda: len(home.slack.messages(place)) == 2 and home.idle)
        await home.slack.settled()
    keys, chats = await kept(home, place, "")
    assert chats == [home.flowise.predictions[0].chat_id]
    message = next(row for name, row in keys.items() if name.startswith("message:"))
    assert message["value"][0] == chats[0]


async def test_odd_and_long_values_are_shown_within_bounds(own_redis: str) -> None:
    client = connect(own_redis)
    tag = "flowise-slack:{T[1]*:C1:1.0}"
    await client.set(f"{tag}:again:a", json.dumps({"text": "x" * 10_000, "list": list(range(1000))}))
    await client.set(f"{tag}:again:b", "{no json " + "y" * 10_000)
    await client.set(f"{tag}:again:c", "[" * 10_000)
    await client.sadd(f"{tag}:set", "b", "a")
    await client.rpush(f"{tag}:list", *(["[1]"] * 200))
    await client.xadd(f"{tag}:stream", {"a": "1"})
    await client.set("flowise-slack:{T11:C1:1.0}:again:a", "other")
    found = cast("list[dict[str, Any]]", (await of_thread(own_redis, "T[1]*", "C1", "1.0"))["keys"])
    shown = {row["key"].removeprefix(f"{tag}:"): row for row in found}
    assert list(shown) == ["again:a", "again:b", "again:c", "list", "set", "stream"]
    assert shown["again:a"]["value"]["text"] == "x" * LONGEST + "…"
    assert len(shown["again:a"]["value"]["list"]) == ITEMS_AT_MOST
    assert shown["again:b"]["value"].startswith("{no json yyy")
    assert shown["again:c"]["value"] == "[" * LONGEST + "…"
    assert shown["set"]["value"] == ["a", "b"]
    assert shown["list"]["value"] == [[1]] * ITEMS_AT_MOST
    assert (shown["stream"]["type"], shown["stream"]["value"], shown["stream"]["ttl"]) == ("stream", "", None)
    async with client.pipeline(transaction=False) as pipeline:
        for number in range(2 * KEYS_AT_MOST):
            pipeline.set(f"flowise-slack:{{T1:C1:1.0}}:claim:{number}", "1")
        await pipeline.execute()
    assert len(cast("list[object]", (await of_thread(own_redis, "T1", "C1", "1.0"))["keys"])) == KEYS_AT_MOST
    await client.aclose()


async def test_a_store_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Redis cannot be reached"):
        await of_thread(f"unix://{tmp_path}/nobody.sock", "T1", "C1", "1.0")
