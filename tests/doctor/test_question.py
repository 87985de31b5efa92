"""Tests what the doctor finds by asking a question, on the local Flowise: the key, the flow, the answer."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.doctor.findings import Finding, Verdict
from bot.doctor.flowise import Chatflow, flowise
from bot.doctor.question import QUESTION, with_answer
from bot.flowise.client import Client, new_session
from bot.flowise.limits import Limits
from bot.playground.flowise import LocalFlowise, Script

LIMITS = Limits(connect=5.0, headers=5.0, refused_pause=0.0)


async def seen(local: LocalFlowise, flow: str, key: str | None = None, patience: float = 30.0) -> dict[str, Finding]:
    async with new_session() as session:
        chatflow = Chatflow(local.url, flow, key, LIMITS)
        found = await flowise(session, chatflow, monotonic=time.monotonic, wall=time.time)
        client = Client(session, local.url, flow, key, LIMITS)
        found = await with_answer(found, client, QUESTION, monotonic=time.monotonic, patience=patience)
    assert len({finding.check for finding in found}) == len(found)
    return {finding.check: finding for finding in found}


@pytest.mark.parametrize("key", ["right", None])
async def test_an_answer_settles_the_key(key: str | None) -> None:
    async with LocalFlowise(api_key=key, tokens_per_second=1e6) as local:
        local.script("plain", Script(tokens=["Yes,", " I am", " here.\n"]))
        rows = await seen(local, local.flow("plain"), key)
        [asked] = local.predictions
    assert asked.question == QUESTION
    assert (rows["key"].state, rows["answer"].state) == (Verdict.WELL, Verdict.WELL)
    assert ("not set" in rows["key"].found) == (key is None)
    assert rows["answer"].found.startswith("“Yes, I am here.”, 16 characters in ")


async def test_a_long_answer_is_shown_by_its_beginning() -> None:
    async with LocalFlowise(tokens_per_second=1e6) as local:
        local.script("plain", Script(tokens=["word "] * 500))
        rows = await seen(local, local.flow("plain"))
    assert "…”, 2500 characters in " in rows["answer"].found
    assert len(rows["answer"].found) < 130


@pytest.mark.parametrize(
    ("key", "found"), [(None, "not set, and the chatflow needs one"), ("left", "the chatflow refuses it")]
)
async def test_a_key_that_is_not_the_chatflow_s_is_wrong(key: str | None, found: str) -> None:
    async with LocalFlowise(api_key="right") as local:
        rows = await seen(local, local.flow("plain"), key)
    assert (rows["key"].state, rows["key"].found) == (Verdict.WRONG, found)
    assert "API Endpoint" in rows["key"].do
    assert "answer" not in rows


@pytest.mark.parametrize(("flow", "check"), [("fails", "answer"), ("empty", "answer")])
async def test_a_flow_that_does_not_answer_is_wrong(flow: str, check: str) -> None:
    async with LocalFlowise(tokens_per_second=1e6) as local:
        rows = await seen(local, local.flow(flow))
    assert rows[check].state is Verdict.WRONG
    assert rows[check].do
    assert rows["key"].state is Verdict.UNKNOWN


async def test_an_answer_without_an_end_is_waited_for_so_long() -> None:
    held = asyncio.Event()
    async with LocalFlowise(tokens_per_second=1e6) as local:
        local.script("plain", Script(tokens=["one", " two"], hold=held, hold_after=1))
        rows = await seen(local, local.flow("plain"), patience=0.2)
        held.set()
    assert rows["answer"].found == "its end did not come within 0.2 s"


@pytest.mark.parametrize(
    ("flow", "check", "state"),
    [("gone", "chatflow", Verdict.WRONG), ("webhook", "start", Verdict.WRONG), ("order", "answer", Verdict.UNKNOWN)],
)
async def test_nothing_is_asked_where_nobody_can_ask(flow: str, check: str, state: Verdict) -> None:
    async with LocalFlowise() as local:
        rows = await seen(local, flow if flow == "gone" else local.flow(flow))
        assert local.predictions == []
    assert rows[check].state is state
    assert ("answer" in rows) == (flow == "order")
