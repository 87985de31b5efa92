"""Tests /metrics of the real bot over the wire: what is counted, where it is served, and that its size is bounded."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import pytest

from bot.metrics.exposition import Metrics
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.records.thread import Hold, Item, OpenAnswer, Thread
from bot.slack import wording
from bot.slack.payload import IncomingMessage
from bot.store.embedded import EmbeddedValkey
from bot.store.redis import RedisStore
from tests.metrics.scraping import Scraped, get, scraped
from tests.serving.test_startup import free_port


async def asked(home: Sandbox, text: str = "why?") -> str:
    root = await home.ask(f"{home.mention} {text}")
    await home.answered(root, timeout=20)
    return root


@pytest.mark.documented_limits
async def test_one_answer_from_end_to_end(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["one ", "two ", "three"]))
    async with home.bot() as bot:
        await asked(home)
        seen = await scraped(bot)
    assert seen("answers_total", outcome="finished", error="") == 1
    assert seen("answers_under_way") == 0
    assert seen("answer_first_text_seconds_count") == 1
    assert seen("answer_text_age_seconds_count") == 3
    assert seen("flowise_first_event_seconds_count") == seen("flowise_answer_seconds_count") == 1
    assert seen("slack_calls_total", method="chat.postMessage", result="ok") == 1
    assert seen("slack_call_seconds_count", method="chat.postMessage") == 1
    assert seen("slack_budget_size", method="chat.postMessage") == 150
    assert seen("slack_budget_waiting", method="chat.postMessage") == 0
    assert seen("redis_seconds_count") > 5
    assert seen("socket_connected") == 1
    assert seen("socket_connections_total") == 1


async def test_an_answer_that_is_being_written_and_one_that_waits_for_it(home: Sandbox) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["one ", "two"], hold=held, hold_after=1))
    async with home.bot() as bot:
        root = await home.ask(f"{home.mention} one")
        await home.slack.until(lambda: home.answers(root) == ["one"])
        await home.ask(f"{home.mention} two", thread_ts=root)
        await home.slack.until(lambda: wording.queued(1, busy=False) in home.answers(root))
        seen = await scraped(bot)
        assert seen("answers_under_way") == 2
        assert seen("queue_depth", why="turn") == 1
        held.set()
        await home.answered(root, 2)
        seen = await scraped(bot)
    assert seen("answers_under_way") == seen("queue_depth", why="turn") == 0
    assert seen("queue_wait_seconds_count", why="turn") == 1
    assert seen("queue_wait_seconds_sum", why="turn") > 0


async def test_a_flow_that_fails(home: Sandbox) -> None:
    async with home.bot(flowise_chatflow_id=home.flowise.flow("fails_midway")) as bot:
        await asked(home)
        seen = await scraped(bot)
    assert seen("answers_total", outcome="failed", error="FlowiseFailed") == 1
    assert seen("flowise_errors_total", error="FlowiseFailed") == 1
    assert seen("flowise_answer_seconds_count") == 0
    assert seen("answer_first_text_seconds_count") == 1


@pytest.mark.documented_limits
async def test_slack_refuses_limits_and_loses(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=[f"word{number} " for number in range(20)], token_wait=0.05))
    async with home.bot() as bot:
        home.slack.refuse("chat.postMessage", "restricted_action")
        await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: len(home.slack.ephemerals(home.channel, home.ada)) == 1 and home.idle)
        home.slack.drop_reply("chat.postMessage")
        home.slack.limit("chat.update", 1)
        await asked(home)
        seen = await scraped(bot)
    assert seen("answers_total", outcome="not_delivered", error="") == 1
    assert seen("answers_total", outcome="finished", error="") == 1
    for method, result in (("chat.postMessage", "refused"), ("chat.postMessage", "lost"), ("chat.update", "limited")):
        assert seen("slack_calls_total", method=method, result=result) == 1
    assert seen("slack_calls_total", method="chat.postEphemeral", result="ok") == 1
    assert seen("answer_repairs_total", how="found") == 1
    assert seen("slack_budget_size", method="chat.update") < 24  # a 429 has taught a lower limit


async def test_a_socket_that_is_lost_and_comes_back(home: Sandbox) -> None:
    async with home.bot() as bot:
        await home.slack.close_sockets()
        assert (await scraped(bot))("socket_connected") == 0
        await home.slack.until(lambda: home.slack.sockets == 1, 20)
        await asked(home)
        seen = await scraped(bot)
    assert seen("socket_connected") == 1
    assert seen("socket_connections_total") == 2


async def test_a_question_that_another_replica_has_left(home: Sandbox) -> None:
    root = await home.ask("hello")
    store = RedisStore.at(home.redis_url)
    team, thread = home.slack.team_id, Thread(home.slack.team_id, home.channel, root)
    message = IncomingMessage(home.channel, "channel", home.ada, "hello", root, "", (), (), edited=False)
    heard = json.dumps({"message": asdict(message), "addressed": True})
    left = Hold(Item(team, thread.line, "abc12345", root, "message", heard), "gone")
    assert await store.mailboxes.accept(left, 0.001, opens=thread, opened=OpenAnswer())
    await store.aclose()
    async with home.bot() as bot:
        await home.answered(root)
        assert (await scraped(bot))("take_overs_total") == 1


async def test_redis_goes_away(home: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> None:
    server = EmbeddedValkey(tmp_path_factory.mktemp("store"))
    async with home.bot(redis_url=await server.start()) as bot:
        assert sum(failures(await scraped(bot))) == 0
        await server.stop()
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: home.answers(root) == [wording.NOT_YET])
        assert sum(failures(await scraped(bot))) > 0


def failures(seen: Scraped) -> list[float]:
    return [one.value for one in seen.samples if one.name == "flowise_slack_redis_errors_total"]


async def test_neither_ids_nor_words_are_in_it_and_it_does_not_grow_with_use(home: Sandbox) -> None:
    """A thousand people are as many series as one: only what can go wrong, or be called, is in a label."""
    async with home.bot() as bot:
        root = await asked(home, "first")
        before = await scraped(bot)
        roots = [root]
        for number in range(4):
            person = home.slack.user(f"person-{number}")
            channel = home.slack.channel(f"room-{number}", members=[person])
            ts = await home.ask(f"{home.mention} secretword{number}", channel=channel, user=person)
            await home.answered(ts, channel=channel)
            roots += [person, channel, ts]
        after = await scraped(bot)
    assert after.series == before.series
    private = [*roots, home.ada, home.channel, home.slack.team_id, "secretword", "person", home.flowise.chatflow_id]
    assert [word for word in private if word in after.text] == []
    assert not [token for token in (home.slack.bot_token, home.slack.app_token, "redis://") if token in after.text]


async def test_what_a_server_says_is_no_label() -> None:
    metrics = Metrics()
    before = Scraped((await metrics.text()).decode()).series
    for number in range(50):
        metrics.redis(0.1, f"Error{number}")
    after = Scraped((await metrics.text()).decode())
    assert after.series == before
    assert after("redis_errors_total", error="other") == 50


async def test_there_are_not_many_series(home: Sandbox) -> None:
    """Prometheus' own advice is to stay under ten values a label where that can be; ours have errors and methods."""
    async with home.bot() as bot:
        await asked(home)
        seen = await scraped(bot)
    values: dict[str, set[str]] = {}
    for one in seen.samples:
        for label, value in one.labels.items():
            if one.name in seen.ours:
                values.setdefault(label, set()).add(value)
    assert set(values) == {
        *("outcome", "error", "why", "how", "method", "result", "by", "rating", "le"),
        *("version", "python", "loop"),
    }
    assert max(len(found) for found in values.values()) < 50
    assert len(seen.series) < 400


async def test_two_bots_in_one_process_count_apart(home: Sandbox) -> None:
    async with home.bot(bot_stop_grace=2) as one, home.bot(bot_stop_grace=2) as other:
        await asked(home)
        both = [(await scraped(bot))("answers_total", outcome="finished", error="") for bot in (one, other)]
    assert sorted(both) == [0, 1]


# Where it is served ---------------------------------------------------------------------------------------------------


def by_http(home: Sandbox) -> dict[str, object]:
    return {"slack_app_token": None, "slack_signing_secret": home.slack.signing_secret}


async def test_by_http_slack_s_port_does_not_tell(home: Sandbox) -> None:
    async with home.bot(**by_http(home)) as bot:
        assert (await get(bot.port))[0] == 404
        assert (await get(bot.port, "/healthz"))[0] == 200


async def test_a_port_of_its_own_serves_the_health_checks_beside_it_and_nothing_else(home: Sandbox) -> None:
    port = free_port()
    async with home.bot(**by_http(home), metrics_port=port) as bot:
        status, _, text = await get(port)
        assert (status, "flowise_slack_build_info" in text) == (200, True)
        assert "socket_connected" not in text  # there is no socket, so none is down
        assert [(await get(port, path))[0] for path in ("/healthz", "/readyz", "/slack/events")] == [200, 200, 404]
        assert (await get(bot.port))[0] == 404


async def test_who_wants_it_on_slack_s_port_says_so(home: Sandbox) -> None:
    port = free_port()
    async with home.bot(**by_http(home), port=port, metrics_port=port):
        assert (await get(port))[0] == 200
