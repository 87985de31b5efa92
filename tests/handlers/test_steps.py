"""The steps of a flow, over the wire: what people see of them by edits and by streams, and what nobody ever sees."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.playground.slack import Message

START, APPEND, STOP, EDIT = "chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update"
CANARY = "canary-7f3a"
SECRET = {"prompt": CANARY, "credential": CANARY, "state": {"key": CANARY}}
MODES = pytest.mark.parametrize("mode", ["edit", "stream"])


def node(label: str, status: str, **more: object) -> tuple[str, object]:
    data = {
        "nodeId": "startAgentflow_0" if label == "Start" else f"llmAgentflow_{label}",
        "nodeLabel": label,
        "status": status,
        **more,
    }
    return "nextAgentFlow", data


def executed(*labels: str) -> tuple[str, object]:
    return "agentFlowExecutedData", [
        {"nodeLabel": label, "data": {"input": SECRET, "output": SECRET}} for label in labels
    ]


TOOL = {"tool": "search", "toolInput": SECRET, "toolOutput": CANARY}
SPOKEN = {"agentName": "Helper", "messages": [CANARY], "state": SECRET, "usedTools": [TOOL], "sourceDocuments": []}
BEFORE: list[tuple[str, object]] = [
    ("agentFlowEvent", "INPROGRESS"),
    node("Start", "INPROGRESS", input=SECRET),
    node("Understand", "INPROGRESS"),
    node("Understand", "ERROR", error=CANARY),
    executed("Understand"),
    *[
        event
        for _ in range(7)
        for event in (node("Summarise", "INPROGRESS"), node("Summarise", "FINISHED"), executed("Summarise"))
    ],
    ("agentReasoning", [SPOKEN]),
    ("nextAgent", "Helper"),
    node("Answer", "INPROGRESS"),
    ("calledTools", [TOOL]),
    ("tool", "search"),
    ("agent_trace", {"step": "tool_start", "name": "search", "input": CANARY}),
    (
        "agent_trace",
        {"step": "agent_action", "action": json.dumps({"tool": "search", "toolInput": CANARY, "log": CANARY})},
    ),
    ("agent_trace", {"step": "tool_end", "output": CANARY}),
    ("calledTools", []),
    ("thinking", CANARY),
    ("thinking", f" {CANARY}"),
    ("thinking", ""),
    ("somethingNew", SECRET),
]
AFTER: list[tuple[str, object]] = [
    ("usedTools", [TOOL]),
    ("usageMetadata", SECRET),
    node("Answer", "FINISHED"),
    executed("Understand", "Answer"),
    ("agentFlowEvent", "FINISHED"),
]
WORDS = [f" word{number}" for number in range(40)]


def called(home: Sandbox, *methods: str) -> list[Mapping[str, object]]:
    return [call.args for call in home.slack.calls if call.method in methods and call.answer == "ok"]


def statuses(home: Sandbox) -> list[str]:
    return [str(call["status"]) for call in called(home, "assistant.threads.setStatus")]


async def kept(home: Sandbox) -> str:
    """All that the store holds now."""
    store: Any = Redis.from_url(home.redis_url, decode_responses=True, encoding_errors="replace")  # one is no text
    readers = {"string": store.get, "hash": store.hgetall, "set": store.smembers, "stream": store.xrange}
    readers |= {"list": lambda key: store.lrange(key, 0, -1), "zset": lambda key: store.zrange(key, 0, -1)}
    try:
        return "\n".join([f"{key} {await readers[await store.type(key)](key)}" async for key in store.scan_iter()])
    finally:
        await store.aclose()


async def noted(home: Sandbox) -> str:
    """The same, as soon as what has come of the answer is noted."""
    for _ in range(500):
        if "word3" in (held := await kept(home)):
            return held
        await asyncio.sleep(0.02)
    raise AssertionError("the answer is not noted")


async def answered(home: Sandbox, mode: str, **settings: object) -> tuple[Message, str]:
    """The bot's message when it is whole, and what the store held when half of it had come."""
    begins, goes_on = asyncio.Event(), asyncio.Event()
    holds = {0: begins, 20: goes_on}
    home.flowise.script("rag", Script(tokens=WORDS, before=BEFORE, after=AFTER, holds=holds, metadata={"x": SECRET}))
    async with home.bot(slack_delivery=mode, **settings):
        root = await home.ask(f"{home.mention} go")
        await home.slack.until(lambda: len(statuses(home)) > 0 or settings.get("bot_show_steps") == "off", 10)
        begins.set()
        await home.slack.until(lambda: len(home.slack.thread(home.channel, root)) > 1, 10)
        held = await noted(home)
        goes_on.set()
        await home.answered(root)
    [message] = home.slack.thread(home.channel, root)[1:]
    assert [*home.slack.pings, *home.slack.previews, *home.slack.violations] == []
    return message, held


def plans(blocks: Any) -> list[dict[str, Any]]:
    return [block for block in blocks if block["type"] == "plan"]


FOLDED = "4 steps, 1 failed, 1 tool (search), 1 s"


async def test_by_edits_a_plan_stands_under_the_text_that_grows(home: Sandbox) -> None:
    message, _ = await answered(home, "edit")
    [post] = called(home, "chat.postMessage")
    titles = [(task["title"], task["status"]) for plan in plans(post["blocks"]) for task in plan["tasks"]]
    assert titles[:2] == [("Understand: failed", "error"), ("Summarise, 7th time: done", "complete")]
    assert ("Answer", "in_progress") in titles
    assert ("Used search", "complete") in titles or ("Used search, 2nd time", "complete") in titles
    assert FOLDED in message.plain
    assert plans(message.blocks) == []


async def test_by_streams_tasks_are_told_and_none_is_left_in_progress(home: Sandbox) -> None:
    message, _ = await answered(home, "stream")
    [start] = called(home, START)
    assert start["task_display_mode"] == "plan"
    [plan] = plans(message.blocks)
    assert plan["title"] == FOLDED
    assert {task["status"] for task in plan["tasks"]} == {"complete", "error"}
    assert message.plain.count(FOLDED) == 1


async def test_where_slack_refuses_the_block_one_grey_line_takes_its_place(home: Sandbox) -> None:
    home.slack.refuse_blocks(times=1)
    message, _ = await answered(home, "edit")
    [refused] = [call for call in home.slack.calls if call.answer == "invalid_blocks"]
    assert "plan" in str(refused.args["blocks"])
    [post] = called(home, "chat.postMessage")
    assert "Understand: failed · Summarise, 7th time: done" in str(post["blocks"])
    assert [plan for call in called(home, EDIT) for plan in plans(call["blocks"])] == []
    assert FOLDED in message.plain


async def test_off_shows_no_step(home: Sandbox) -> None:
    message, _ = await answered(home, "edit", bot_show_steps="off")
    assert "Summarise" not in str([call.args for call in home.slack.calls])
    assert message.plain.count("Used: search") == 1
    assert "steps" not in message.plain


@MODES
async def test_nothing_but_labels_is_in_any_call_log_or_key(
    home: Sandbox, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as lines:
        message, held = await answered(home, mode)
    stored = held + await kept(home)
    seen = [*map(str, home.slack.calls), str(message), *map(str, lines), caplog.text, stored]
    assert [text for text in seen if CANARY in text] == []
    assert any("Summarise" in text for text in seen)  # what is looked through does hold the labels
    assert "Summarise" not in stored
