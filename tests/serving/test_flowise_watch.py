"""Tests that a Flowise that cannot be asked is told in /readyz and in the log until it can, over a real connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs

from bot.errors import FlowiseError
from bot.flowise.client import Limits, new_session
from bot.flowise.prediction import Prediction
from bot.metrics.exposition import Metrics
from bot.network.outgoing import DIRECT
from bot.playground.flowise import LocalFlowise
from bot.serving.flowise_watch import WatchedFlowise


@asynccontextmanager
async def watched(url: str, chatflow_id: str, key: str | None = None) -> AsyncIterator[WatchedFlowise]:
    async with new_session(DIRECT) as session:
        yield WatchedFlowise(session, url, chatflow_id, key, Limits(), Metrics().flowise.of(""))


async def asked(flowise: WatchedFlowise) -> None:
    async with aclosing(flowise.predict(Prediction("hello", "chat-1"))) as events:
        async for _ in events:
            pass


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def test_what_was_down_at_the_start_is_looked_for_until_it_is_there() -> None:
    port = free_port()
    local, slept = LocalFlowise(port=port), asyncio.Event()
    over = asyncio.get_running_loop().create_future()

    async def sleep(_: float) -> None:
        if slept.is_set():
            await over  # the third pause: nothing is left to look for
        if flowise.state() == "ok":
            slept.set()
        elif not local.url:
            await local.__aenter__()

    async with watched(f"http://127.0.0.1:{port}", local.chatflow_id) as flowise:
        with capture_logs() as lines:
            watching = asyncio.create_task(flowise.watch(sleep))
            async with asyncio.timeout(10):
                await slept.wait()
            watching.cancel()
            await asyncio.wait([watching])
        assert [(line["event"], line.get("reason")) for line in lines] == [
            ("Flowise not ready", "no connection: connection refused (ClientConnectorError)"),
            ("Flowise ready again", None),
        ]
        await local.__aexit__(None, None, None)


async def test_a_refused_key_is_told_until_a_question_is_answered() -> None:
    async with LocalFlowise(api_key="right", tokens_per_second=1e6) as local:
        async with watched(local.url, local.chatflow_id, "wrong") as flowise:
            await flowise.check()
            assert flowise.state() == "ok"
            with pytest.raises(FlowiseError):
                await asked(flowise)
            await flowise.check()  # which shows nothing about the key
            assert flowise.state("not asked yet").startswith("failing: Flowise refused the key. Set FLOWISE_API_KEY")
        async with watched(local.url, local.chatflow_id, "right") as flowise:
            await asked(flowise)
            assert flowise.state() == "ok"


async def test_an_unknown_chatflow_is_told_and_a_flow_s_own_failure_is_not() -> None:
    async with LocalFlowise(tokens_per_second=1e6) as local:
        for flow, state in (("gone", "error: There is no chatflow with the id"), (local.flow("fails"), "ok")):
            async with watched(local.url, flow) as flowise:
                with pytest.raises(FlowiseError):
                    await asked(flowise)
                assert flowise.state().startswith(state)


async def test_an_unknown_chatflow_is_an_error_at_the_start() -> None:
    looked = asyncio.Event()

    async def sleep(_: float) -> None:
        looked.set()
        await asyncio.get_running_loop().create_future()

    async with LocalFlowise() as local, watched(local.url, "gone") as flowise:
        with capture_logs() as lines:
            watching = asyncio.create_task(flowise.watch(sleep))
            async with asyncio.timeout(10):
                await looked.wait()
            watching.cancel()
            await asyncio.wait([watching])
        [line] = lines
        assert (line["event"], line["log_level"], line["error"]) == ("Flowise not ready", "error", "UnknownChatflow")
        assert line["do"].startswith("There is no chatflow with the id")
        assert flowise.state("not asked yet") == f"error: {line['do']}"


@pytest.mark.parametrize("flow", ["plain", "fails", "empty"])
async def test_a_flow_that_runs_ends_what_was_wrong(flow: str) -> None:
    port = free_port()
    local = LocalFlowise(port=port, tokens_per_second=1e6)
    async with watched(f"http://127.0.0.1:{port}", local.flow(flow)) as flowise:
        with pytest.raises(FlowiseError):
            await asked(flowise)
        assert flowise.state().startswith("failing: Flowise cannot be reached")
        async with local:
            with suppress(FlowiseError):
                await asked(flowise)
        assert flowise.state("resting") == "resting"
