"""The bot as an agent: threads of a direct message, their sessions, prompts and Slack's own Stop; over the wire."""

from __future__ import annotations

import asyncio

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.playground.slack.changes import Session
from bot.slack import wording
from tests.handlers.test_stop import FORGOTTEN

pytestmark = pytest.mark.program

HOSTILE = "Tell <!channel> https://evil.example"


async def test_each_thread_is_a_conversation_and_a_session_of_its_own(home: Sandbox) -> None:
    home.slack.is_agent = True
    direct = home.slack.dm(home.ada)
    home.flowise.script("rag", *(Script(tokens=[word]) for word in ("one", "two", "three")))
    async with home.bot(bot_agent_view=True):
        first = await home.ask(HOSTILE, channel=direct)
        second = await home.ask("and?", channel=direct)
        for root in (first, second):
            await home.answered(root, channel=direct)
        await home.ask("more?", channel=direct, thread_ts=first)
        assert len(await home.answered(first, 2, channel=direct)) == 2
        sessions = [home.slack.session(direct, root) for root in (first, second)]
    chats = {prediction.question: prediction.chat_id for prediction in home.flowise.predictions}
    asked = [chats[next(text for text in chats if text.startswith(word))] for word in ("Tell", "more?", "and?")]
    assert (asked[0] == asked[1], asked[0] == asked[2]) == (True, False)
    assert sessions[1] == Session("active", "and?")
    assert sessions[0] is not None
    assert sessions[0].status == "active"
    assert sessions[0].title.startswith("Tell ")
    assert home.slack.violations == []
    assert home.slack.pings == []
    assert "assistant.threads.setStatus" not in {call.method for call in home.slack.calls}


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_slack_s_own_stop_ends_an_answer_as_the_button_does(home: Sandbox, delivery: str) -> None:
    home.slack.is_agent = True
    direct = home.slack.dm(home.ada)
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["half\n\n", "more"], hold=held, hold_after=1, agentflow=True))
    async with home.bot(bot_agent_view=True, slack_delivery=delivery):
        root = await home.ask("tell me", channel=direct)
        await home.slack.until(lambda: "half" in "".join(home.answers(root, channel=direct)))
        await home.slack.stop_session(home.ada, direct, root)
        await home.slack.until(lambda: home.slack.session(direct, root) == Session("active", "tell me"))
        [answer] = await home.answered(root, channel=direct)
        await home.slack.settled()
        # A session that is at work although no answer is: it is reset.
        home.slack.core.workspace.set_session(direct, root, "processing")
        await home.slack.stop_session(home.ada, direct, root)
        await home.slack.until(lambda: home.slack.session(direct, root) == Session("active", "tell me"))
    assert answer.split() == f"half {FORGOTTEN}".split()
    assert len(home.flowise.aborts) == 1


async def test_the_pane_shows_the_starter_prompts_of_the_flow(home: Sandbox) -> None:
    home.slack.is_agent = True
    direct = home.slack.dm(home.ada)
    home.flowise.configure("rag", starters=("What can you do?", f"{HOSTILE} " + "more " * 30))
    async with home.bot(bot_agent_view=True):
        await home.slack.open_home(home.ada, "messages")
        await home.slack.until(lambda: bool(home.slack.prompts(direct)))
        await home.slack.settled()
    shown = [call for call in home.slack.calls if call.method == "assistant.threads.setSuggestedPrompts"]
    assert len(shown) == 1
    first, second = home.slack.prompts(direct)
    assert first == {"title": "What can you do?", "message": "What can you do?"}
    assert (len(second["title"]), "<!channel>" in second["title"]) == (75, False)


async def test_what_people_look_at_and_call_a_thread_is_taken_without_harm(home: Sandbox) -> None:
    home.slack.is_agent = True
    direct = home.slack.dm(home.ada)
    envelope: dict[str, object] = {"type": "event_callback", "team_id": home.slack.team_id, "api_app_id": "A0LOCALAPP"}
    envelope |= {"authorizations": [{"team_id": home.slack.team_id, "user_id": home.slack.bot_user_id}]}
    async with home.bot(bot_agent_view=True):
        for kind in ("app_context_changed", "agent_session_title_changed", "agent_session_stopped"):
            event = {"type": kind, "channel": direct, "user": home.ada, "context": {"entities": [None]}}
            assert (await home.slack.deliver(envelope | {"event_id": kind, "event": event})).acked
        root = await home.ask("still there?", channel=direct)
        await home.answered(root, channel=direct)


async def test_a_bot_whose_app_is_no_agent_answers_all_the_same(home: Sandbox) -> None:
    direct = home.slack.dm(home.ada)
    async with home.bot(bot_agent_view=True):
        root = await home.ask("hello?", channel=direct)
        assert await home.answered(root, channel=direct)
    assert {call.answer for call in home.slack.calls if call.method == "agents.sessions.setStatus"} == {"not_agent_app"}


async def test_a_command_s_question_begins_a_thread(home: Sandbox) -> None:
    home.slack.is_agent = True
    direct = home.slack.dm(home.ada)
    async with home.bot(bot_agent_view=True):
        done = await home.slack.command(home.ada, direct, "/flowise", "what is it?")
        await home.slack.until(lambda: len(home.slack.messages(direct)) == 2 and home.idle)
        stop = await home.slack.command(home.ada, direct, "/flowise", "stop")
    root, answer = home.slack.messages(direct)
    assert done.acked
    assert answer.thread_ts == root.ts
    assert (stop.payload or {})["text"] == wording.STOP_ONLY_IN_THREADS
