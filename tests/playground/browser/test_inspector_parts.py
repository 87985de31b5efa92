"""The pure parts of the inspector: turns and their calls, runs of frames, differences of texts, marks, faults."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.playground.browser.modules import Modules, modules_in

pytestmark = pytest.mark.browser

BOT, ADA = "UBOT", "UADA"
ROOT = "1000.000001"

_TURNS = """
    const { State } = await import("/static/app/state.js");
    const state = new State();
    state.apply({
        kind: "hello", team: {}, bot: { user_id: "UBOT" }, commands: [], people: [], ephemerals: [], statuses: [],
        channels: [{ id: "C1", name: "general", kind: "channel", members: [] }], views: {}, homes: {}, pings: [],
        violations: [], frames: [], controls: null, deliveries: [], ...given.hello,
    });
    const chats = { isOf: (place, id) => given.chats[id] ?? null };
    const place = { channel: "C1", thread: given.root, flat: false };
    return module.turnsOf(state, place, chats).map((turn) => ({
        asked: turn.text, prediction: turn.prediction?.id ?? 0, calls: turn.calls.map(({ n }) => n), start: turn.start,
        deliveries: turn.deliveries.map(({ n }) => n),
    }));
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def modules(chromium: Browser) -> AsyncIterator[Modules]:
    """One page for all tests here: what they run is pure."""
    async with modules_in(chromium) as found:
        yield found


def _message(ts: str, text: str, user: str = ADA) -> dict[str, object]:
    return {"channel": "C1", "ts": ts, "thread_ts": ROOT, "user": user, "text": text, "blocks": []}


def _prediction(number: int, at: float, question: str, ended: float | None, chat: str = "a") -> dict[str, object]:
    return {"id": number, "chat_id": chat, "question": question, "at": at, "ended_at": ended, "ended": "closed"}


def _call(n: int, method: str, at: float, ts: str = "", mark: str = "") -> dict[str, object]:
    args = {"metadata": {"event_payload": {"mark": mark}}} if mark else {}
    call = {"n": n, "method": method, "at": at, "took": 0.1, "answer": "ok", "args": args}
    return call | {"channel": "C1", "thread_ts": ROOT, "ts": ts}


async def _turns(modules: Modules, chats: Mapping[str, bool] | None = None, **hello: object) -> list[dict[str, Any]]:
    given = {"hello": {"calls": [], "predictions": [], **hello}, "chats": chats or {}, "root": ROOT}
    found: list[dict[str, Any]] = await modules.run("inspector/turns.js", _TURNS, given)
    return found


async def test_each_question_has_its_prediction_and_the_calls_of_its_answer(modules: Modules) -> None:
    turns = await _turns(
        modules,
        messages=[_message(ROOT, f"<@{BOT}> How &amp; why?"), _message("1010.000001", "And then?")],
        predictions=[_prediction(1, 1000.1, "How & why?", 1002.0), _prediction(2, 1010.1, "And then?", 1012.0)],
        calls=[
            _call(1, "assistant.threads.setStatus", 1000.2),
            _call(2, "chat.postMessage", 1000.5, "1000.5", "aa-0-0"),
            _call(3, "chat.update", 1002.1, "1000.5"),
            _call(4, "chat.postMessage", 1010.5, "1010.5", "bb-0-0"),
            _call(5, "chat.update", 1012.1, "1010.5"),
        ],
    )
    assert [(turn["asked"], turn["prediction"], turn["calls"]) for turn in turns] == [
        ("@UBOT How & why?", 1, [1, 2, 3]),
        ("And then?", 2, [4, 5]),
    ]


async def test_a_question_that_waits_in_line_does_not_take_the_calls_of_the_one_before(modules: Modules) -> None:
    turns = await _turns(
        modules,
        messages=[_message(ROOT, "First?"), _message("1001.000001", "Second?")],
        predictions=[_prediction(1, 1000.1, "First?", 1004.0), _prediction(2, 1004.2, "Second?", 1006.0)],
        calls=[
            _call(1, "chat.postMessage", 1000.5, "1000.5", "aa-0-0"),
            _call(2, "chat.postMessage", 1001.2, "1001.2", "bb-0-0"),
            _call(3, "chat.update", 1002.0, "1000.5"),
            _call(4, "assistant.threads.setStatus", 1002.5),
            _call(5, "chat.postMessage", 1003.0, "1003.0", "aa-1-0"),
            _call(6, "chat.update", 1005.0, "1001.2"),
        ],
    )
    assert [(turn["prediction"], turn["calls"]) for turn in turns] == [(1, [1, 3, 4, 5]), (2, [2, 6])]


async def test_asked_again_is_a_turn_of_its_own_though_it_writes_into_the_old_message(modules: Modules) -> None:
    turns = await _turns(
        modules,
        messages=[_message(ROOT, "Why?")],
        predictions=[_prediction(1, 1000.1, "Why?", 1001.0), _prediction(2, 1020.3, "Why?", 1022.0)],
        deliveries=[{"n": 7, "kind": "interactive", "channel": "C1", "at": 1020.0, "payload": {}}],
        calls=[
            _call(1, "chat.postMessage", 1000.5, "1000.5", "aa-0-0"),
            _call(2, "chat.update", 1001.1, "1000.5"),
            _call(3, "chat.update", 1020.8, "1000.5"),
        ],
    )
    assert [(turn["start"], turn["calls"], turn["deliveries"]) for turn in turns] == [
        (1000.000001, [1, 2], []),
        (1020.0, [3], [7]),
    ]


async def test_what_people_say_to_each_other_is_no_turn_and_a_failure_without_a_prediction_is(modules: Modules) -> None:
    messages = [_message(ROOT, "Why?"), _message("1010.000001", "Lunch?"), _message("1020.000001", "Again?")]
    calls = [_call(1, "chat.postMessage", 1000.5, "1000.5", "aa-0-0"), _call(2, "chat.postMessage", 1021.0, "1021.0")]
    turns = await _turns(modules, messages=messages, calls=calls)
    assert [(turn["asked"], turn["prediction"], turn["calls"]) for turn in turns] == [
        ("Why?", 0, [1]),
        ("Again?", 0, [2]),
    ]


@pytest.mark.parametrize(("known", "turns"), [({"a": True}, 1), ({"a": False}, 0), ({}, 0)])
async def test_a_chat_that_is_known_says_more_than_the_words(
    modules: Modules, known: Mapping[str, bool], turns: int
) -> None:
    predictions = [_prediction(1, 1000.1, "of a command", 1001.0)]
    assert len(await _turns(modules, known, messages=[_message(ROOT, "Why?")], predictions=predictions)) == turns


def _frame(n: int, event: str, data: str = "") -> dict[str, object]:
    return {"n": n, "at": float(n), "event": event, "data": json.dumps({"event": event, "data": data})}


async def test_tokens_in_a_row_are_one_run_that_grows(modules: Modules) -> None:
    frames = [_frame(1, "start"), _frame(2, "token", "ab"), _frame(3, "token", "c")]
    more = [*frames, _frame(4, "token", "d"), _frame(5, "usedTools"), _frame(6, "usedTools"), _frame(7, "end")]
    body = """
        const runs = new module.Runs();
        const told = ({ event, frames, characters }) => [event, frames.length, characters];
        return given.map((frames) => {
            const { fresh, grown } = runs.follow(frames);
            return [grown && told(grown), fresh.map(told)];
        });
    """
    first, second, third = await modules.run("inspector/runs.js", body, [frames, more, more])
    assert first == [None, [["start", 1, 0], ["token", 2, 3]]]
    assert second == [["token", 3, 4], [["usedTools", 1, 0], ["usedTools", 1, 0], ["end", 1, 0]]]
    assert third == [None, []]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "new"),
        ("one two", "one two three"),
        ("one two three", "one three"),
        ("the end (held", "the end **held** back"),
        ("a b c d", "x b y d z"),
        ("word " * 900, "other " * 900),
        ("gone", ""),
    ],
)
async def test_a_difference_leads_from_the_one_text_to_the_other(modules: Modules, before: str, after: str) -> None:
    parts = await modules.run("inspector/diff.js", "return module.difference(given[0], given[1]);", [before, after])
    assert "".join(part["text"] for part in parts if part["kind"] != "new") == before
    assert "".join(part["text"] for part in parts if part["kind"] != "gone") == after


async def test_a_difference_keeps_what_is_the_same(modules: Modules) -> None:
    given = ["The bot keeps it for 30 days.", "The bot keeps it for 3 days, no more."]
    parts = await modules.run("inspector/diff.js", "return module.difference(given[0], given[1]);", given)
    same = "".join(part["text"] for part in parts if part["kind"] == "same")
    assert same == "The bot keeps it for  days."


@pytest.mark.parametrize(
    ("most", "marks"),
    [
        (0, [0]),
        (0.9, [0, 0.2, 0.4, 0.6, 0.8]),
        (8.2, [0, 2, 4, 6, 8]),
        (1500, [0, 500, 1000, 1500]),
        (61, [0, 20, 40, 60]),
    ],
)
async def test_marks_stand_at_round_values(modules: Modules, most: float, marks: Sequence[float]) -> None:
    assert await modules.run("inspector/scale.js", "return module.ticks(given, 5);", most) == marks


async def test_steps_keep_their_height_until_the_next_point_and_points_too_close_are_one(modules: Modules) -> None:
    points = [[0, 10], [5, 8], [5.01, 7], [9, 2]]
    path = await modules.run("inspector/scale.js", "return module.steps(given, 12);", points)
    assert path == "M0 10H5V7H9V2H12"


async def test_what_is_switched_on_is_said_and_nothing_else(modules: Modules) -> None:
    calm = {
        "latency": 0.1,
        "limits": "on",
        "twice": False,
        "server_errors": 0,
        "sockets": 1,
        "flowise": {"fault": "none"},
    }
    wild = {"latency": 0.8, "limits": "tight", "twice": True, "server_errors": 2, "flowise": {"fault": "cut"}}
    body = "return given.map(module.faultsOn);"
    assert await modules.run("inspector/faults.js", body, [calm, None, calm | wild | {"sockets": 0}]) == [
        [],
        [],
        [
            "Slack takes 800 ms",
            "Tight rate limits",
            "Events come twice",
            "2 calls will get 500",
            "No socket is open",
            "Flowise's answers are cut off",
        ],
    ]
