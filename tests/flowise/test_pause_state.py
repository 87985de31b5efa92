"""A local Flowise tells by its rows whether a run still waits for a decision, and which one a decision resumes."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from bot import errors
from bot.conversation.decisions import failure
from bot.errors import FlowiseError
from bot.flowise.client import Client, Limits, new_session
from bot.flowise.decisions import Choice, PauseState
from bot.flowise.events import Decision, End, Event, Metadata, Token
from bot.flowise.prediction import Prediction
from bot.playground.flowise import LocalFlowise

pytestmark = pytest.mark.program

KEY = "k" * 43


@dataclass
class Chats:
    """Chats of a local Flowise, asked with its key."""

    server: LocalFlowise
    session: aiohttp.ClientSession

    def client(self, flow: str, key: str | None = KEY) -> Client:
        return Client(self.session, self.server.url, self.server.flow(flow), key, Limits())

    async def events(self, flow: str, question: str, *, choice: Choice | None = None) -> list[Event]:
        return [event async for event in self.client(flow).predict(Prediction(question, "chat", choice=choice))]

    async def stopped(self, flow: str, question: str = "what is 21*2?") -> tuple[Decision, str]:
        """Ask, up to the stop: what is to be decided, and its row."""
        return told(await self.events(flow, question))


def told(events: list[Event]) -> tuple[Decision, str]:
    [decision] = [event for event in events if isinstance(event, Decision)]
    [row] = [event.chat_message_id for event in events if isinstance(event, Metadata)]
    return decision, row


def text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


@pytest.fixture
async def chats() -> AsyncIterator[Chats]:
    async with LocalFlowise(api_key=KEY, tokens_per_second=math.inf) as server, new_session() as session:
        yield Chats(server, session)


async def test_a_stop_is_open_until_it_was_decided(chats: Chats) -> None:
    client = chats.client("human")
    decision, row = await chats.stopped("human")
    assert decision.asks_feedback
    assert await client.pause_state("chat", row, decision.id) is PauseState.OPEN
    assert await client.pause_state("chat", row, "another") is PauseState.OVER
    assert await client.pause_state("chat", "no such row", decision.id) is PauseState.OVER
    went_on = await chats.events("human", "", choice=Choice(decision, approves=True, feedback="mind the gap"))
    assert text(went_on) == "Approved, done."
    assert went_on[-1] == End()
    assert await client.pause_state("chat", row, decision.id) is PauseState.OVER
    assert ("userMessage", "mind the gap") in chats.server.turns("chat")


async def test_a_newer_stop_closes_an_older_one_although_flowise_would_resume(chats: Chats) -> None:
    first, row = await chats.stopped("human")
    second, newer = await chats.stopped("human")
    client = chats.client("human")
    assert first.node_id == second.node_id
    assert await client.pause_state("chat", row, first.id) is PauseState.OVER
    assert await client.pause_state("chat", newer, second.id) is PauseState.OPEN
    await chats.events("human", "", choice=Choice(first, approves=True))  # as measured, it resumes the second
    assert await client.pause_state("chat", newer, second.id) is PauseState.OVER


async def test_two_approvals_in_a_row_are_two_stops_of_one_run(chats: Chats) -> None:
    first, row = await chats.stopped("two_approvals")
    went_on = await chats.events("two_approvals", "", choice=Choice(first, approves=True))
    second, newer = told(went_on)
    assert (first.node_id, first.asks_feedback) != (second.node_id, True)
    client = chats.client("two_approvals")
    assert await client.pause_state("chat", row, first.id) is PauseState.OVER
    assert await client.pause_state("chat", newer, second.id) is PauseState.OPEN
    rejected = await chats.events("two_approvals", "", choice=Choice(second, approves=False))
    assert text(rejected) == "Stopped here, as you wish."


async def test_a_tool_that_failed_after_it_was_allowed_may_be_allowed_again(chats: Chats) -> None:
    decision, row = await chats.stopped("tool_approval", "what is 21*2? and fail")
    assert [(tool.name, tool.arguments) for tool in decision.tools] == [("calculator", (("input", "21*2"),))]
    with pytest.raises(errors.FlowiseFailed):
        await chats.events("tool_approval", "", choice=Choice(decision, approves=True))
    client = chats.client("tool_approval")
    assert await client.pause_state("chat", row, decision.id) is PauseState.FAILED
    again = await chats.events("tool_approval", "", choice=Choice(decision, approves=True))
    assert "42" in text(again)


async def test_without_the_right_key_no_row_is_read(chats: Chats) -> None:
    for key in (None, "wrong"):
        with pytest.raises(errors.KeyRefused):
            await chats.client("human", key).pause_state("chat", "row", "action")


@pytest.mark.parametrize(
    ("before", "expected"),
    [("nothing", errors.DecisionRunLost), ("decided", errors.DecisionClosed), ("another node", errors.DecisionRunLost)],
)
async def test_a_decision_that_comes_too_late_fails_in_its_own_way(
    before: str, expected: type[FlowiseError], chats: Chats
) -> None:
    choice = Choice(Decision("1", "Yes", "No", node_id="humanInputAgentflow_0"), approves=True)
    if before != "nothing":
        decision, _ = await chats.stopped("human")
        choice = Choice(decision, approves=True)
    if before == "decided":
        await chats.events("human", "", choice=choice)
    if before == "another node":
        choice = Choice(Decision("1", "Yes", "No", node_id="humanInputAgentflow_9"), approves=True)
    with pytest.raises(errors.FlowiseFailed) as raised:
        await chats.events("human", "", choice=choice)
    assert type(failure(raised.value)) is expected
