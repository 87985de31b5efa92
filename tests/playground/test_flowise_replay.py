"""A replayed recording is what was recorded, byte for byte, with its end and its timing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.playground.flowise import LocalFlowise
from bot.playground.flowise.recordings import load

RECORDINGS = Path(__file__).parents[1] / "recordings"

STREAMS = [
    "chat_first",
    "rag_first",
    "rag_big_documents",
    "text_unicode",
    "text_slack",
    "af_agent_calculator",
    "llm_mid_drop",
]
PIECES = ["nostream_llmchain_parser", "unknown_flow_nonstreaming", "ratelimit_3_streaming", "auth_missing_nonstreaming"]
CUT = ["server_dies_sigterm", "disconnect_chat_1_killed"]
OPEN = ["same_chatid_A", "queue_no_worker"]

ASK = {"question": "?", "streaming": True, "chatId": "a chat"}


@pytest.fixture
async def flowise() -> AsyncIterator[LocalFlowise]:
    # The request for heartbeats must not reach a replay: they would be bytes that were never recorded.
    async with LocalFlowise(heartbeat=0.001) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


def recorded(name: str) -> tuple[str, bytes]:
    """The head and the body of a recording, read without the code under test."""
    lines = [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").split("\n") if line]
    body = "".join(line.get("frame", "") or line.get("tail", "") for line in lines)
    return next((line["head"] for line in lines if "head" in line), ""), body.encode()


@pytest.mark.parametrize("name", [*STREAMS, *PIECES])
async def test_a_replay_is_the_recording_byte_for_byte(
    flowise: LocalFlowise, http: aiohttp.ClientSession, name: str
) -> None:
    head, body = recorded(name)
    url = f"{flowise.url}/api/v1/prediction/{flowise.replay(RECORDINGS / f'{name}.jsonl')}"
    for _ in range(2):
        async with http.post(url, json=ASK) as response:
            assert await response.read() == body
    status, *headers = head.strip().split("\r\n")
    assert response.status == int(status.split()[1])
    sent = {key.lower(): value for key, value in response.headers.items()}
    assert sent == {key.lower(): value for key, value in (line.split(": ", 1) for line in headers)}


async def test_every_recorded_stream_and_reply_is_sent_as_it_was(
    flowise: LocalFlowise, http: aiohttp.ClientSession
) -> None:
    closed = [path for path in sorted(RECORDINGS.glob("*.jsonl")) if '"by server"' in path.read_text("utf-8")]
    assert len(closed) > 100
    for path in closed:
        async with http.post(f"{flowise.url}/api/v1/prediction/{flowise.replay(path)}", json=ASK) as response:
            assert await response.read() == recorded(path.stem)[1], path.stem


@pytest.mark.parametrize("name", CUT)
async def test_a_stream_that_was_cut_is_cut(flowise: LocalFlowise, http: aiohttp.ClientSession, name: str) -> None:
    url = f"{flowise.url}/api/v1/prediction/{flowise.replay(RECORDINGS / f'{name}.jsonl')}"
    async with http.post(url, json=ASK) as response:
        body = recorded(name)[1]
        assert await response.content.readexactly(len(body)) == body
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.readany()


@pytest.mark.parametrize("name", OPEN)
async def test_a_stream_that_stayed_open_stays_open(
    flowise: LocalFlowise, http: aiohttp.ClientSession, name: str
) -> None:
    body = recorded(name)[1]
    url = f"{flowise.url}/api/v1/prediction/{flowise.replay(RECORDINGS / f'{name}.jsonl')}"
    async with http.post(url, json=ASK) as response:
        assert await response.content.readexactly(len(body)) == body
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.05)


async def test_a_recording_without_a_head_never_sends_one(flowise: LocalFlowise, http: aiohttp.ClientSession) -> None:
    url = f"{flowise.url}/api/v1/prediction/{flowise.replay(RECORDINGS / 'unknown_flow_streaming.jsonl')}"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(http.post(url, json=ASK), 0.05)


@pytest.mark.parametrize(
    ("name", "expected"), [("chat_first", True), ("nostream_custom_function", False), ("ratelimit_3_streaming", True)]
)
async def test_the_probe_follows_the_recording(
    flowise: LocalFlowise, http: aiohttp.ClientSession, name: str, expected: bool
) -> None:
    flow = flowise.replay(RECORDINGS / f"{name}.jsonl")
    async with http.get(f"{flowise.url}/api/v1/chatflows-streaming/{flow}") as response:
        assert await response.json() == {"isStreaming": expected}


async def test_every_recorded_prediction_can_be_read() -> None:
    paths = sorted(RECORDINGS.glob("*.jsonl"))
    assert len(paths) > 100
    for path in paths:
        plan = load(path, speed=1).plan
        sent = plan.reply.body if plan.reply else b"".join(step.data for step in plan.steps)
        assert sent == recorded(path.stem)[1]


@pytest.mark.parametrize(("speed", "seconds"), [(1, 70.1659), (2, 70.1659 / 2), (0, 0)])
def test_the_timing_is_as_recorded(speed: float, seconds: float) -> None:
    plan = load(RECORDINGS / "heartbeat_stall_70s.jsonl", speed=speed).plan
    assert plan.head_wait + sum(step.wait for step in plan.steps) == pytest.approx(seconds, abs=0.001)


async def test_a_replay_waits_as_long_as_the_recording(flowise: LocalFlowise, http: aiohttp.ClientSession) -> None:
    loop = asyncio.get_running_loop()
    flow = flowise.replay(RECORDINGS / "chat_first.jsonl", speed=1)
    begun = loop.time()
    async with http.post(f"{flowise.url}/api/v1/prediction/{flow}", json=ASK) as response:
        await response.read()
    # 157.7 ms in the recording; never faster, whatever the machine is busy with.
    assert loop.time() - begun >= 0.157


def test_a_recording_without_an_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.jsonl"
    path.write_text('{"t_ms": 1, "bytes": 3, "frame": ":x\\n"}\n')
    with pytest.raises(ValueError, match=r"half\.jsonl"):
        load(path, speed=0)
