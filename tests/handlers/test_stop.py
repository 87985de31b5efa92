"""A person stops an answer: by its button, by a word, by deleting the question; the real bot, over the wire."""

from __future__ import annotations

import asyncio

import pytest

from bot.conversation import runs, unseen
from bot.mailbox.lease import Lease
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.records.thread import StopOutcome, UnansweredQuestion
from bot.slack import wording

pytestmark = pytest.mark.program

GOES_ON, FORGOTTEN = wording.stopped(StopOutcome.GOES_ON), wording.stopped(StopOutcome.FORGOTTEN)
FINISHED, NOT_ASKED = wording.stopped(StopOutcome.FINISHED), wording.stopped(StopOutcome.NOT_ASKED)


def buttons(home: Sandbox, root: str, channel: str = "") -> list[str]:
    """The `ts` of the bot's messages with the button, in order."""
    thread = home.slack.thread(channel or home.channel, root)
    return [message.ts for message in thread if wording.STOP in message.plain.splitlines()]


async def growing(home: Sandbox, text: str = "why?", *, part: str = "half") -> tuple[str, str]:
    """Ada asks, and sees a part of the answer; the `ts` of the question and of the answer's message."""
    root = await home.ask(f"{home.mention} {text}")
    await home.slack.until(lambda: any(part in answer for answer in home.answers(root)))
    await home.slack.until(lambda: bool(buttons(home, root)))
    return root, buttons(home, root)[-1]


async def test_a_chatflow_that_is_stopped_is_read_on_unseen_and_its_thread_goes_on_in_the_same_chat(
    home: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next question waits for longer than it takes to see that whoever reads on is gone."""
    monkeypatch.setattr(unseen, "RENEWAL", 0.2)
    monkeypatch.setattr(runs, "_READER_GONE", 1.5)
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["half", " and more"], hold=held, hold_after=1), Script(tokens=["two"]))
    async with home.bot():
        root, ts = await growing(home)
        assert (await home.slack.press(home.ada, home.channel, ts, wording.STOP)).acked
        [answer] = await home.answered(root)
        assert answer == f"half\n{GOES_ON}"
        assert buttons(home, root) == []
        await home.ask("two?", thread_ts=root)
        await home.slack.until(lambda: "was stopped, but isn't over yet" in " ".join(home.answers(root)))
        assert len(home.flowise.predictions) == 1
        held.set()
        assert (await home.answered(root, 2))[1].startswith("two")
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1
    assert home.flowise.collisions == 0
    assert home.slack.violations == []


async def test_an_agent_flow_that_is_stopped_forgets_the_question_and_its_thread_goes_on_at_once(home: Sandbox) -> None:
    home.flowise.script(
        "rag",
        Script(tokens=["half", " and more"], agentflow=True, hold=asyncio.Event(), hold_after=1),
        Script(tokens=["two"]),
    )
    async with home.bot():
        root, ts = await growing(home)
        assert (await home.slack.press(home.ada, home.channel, ts, wording.STOP)).acked
        [answer] = await home.answered(root)
        assert answer == f"half\n{FORGOTTEN}"
        [message] = [message for message in home.slack.thread(home.channel, root) if message.ts == ts]
        assert len(home.flowise.aborts) == 1
        before = len(message.edits)
        await home.ask("two?", thread_ts=root)
        await home.answered(root, 2)
        [message] = [message for message in home.slack.thread(home.channel, root) if message.ts == ts]
        assert len(message.edits) == before
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1
    assert home.slack.violations == []


async def test_an_abort_waits_for_the_first_event_for_earlier_ones_are_lost(home: Sandbox) -> None:
    """Nothing stands yet, so that the question is stopped by a word."""
    head = 0.5
    home.flowise.script("rag", Script(tokens=["late"], agentflow=True, head_wait=head, hold=asyncio.Event()))
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: len(home.flowise.predictions) == 1)
        await home.ask(f"{home.mention} stop", thread_ts=root)
        assert await home.answered(root) == [FORGOTTEN]
        assert len(home.flowise.predictions) == 1
        assert home.slack.ephemerals(home.channel, home.ada) == []


@pytest.mark.parametrize("ends_soon", [True, False])
async def test_what_comes_after_the_stop_of_a_run_that_hears_it_late_stays_hidden(
    home: Sandbox, ends_soon: bool
) -> None:
    tool = asyncio.Event()
    script = Script(tokens=["half", " secret"], agentflow=True, hold=tool, hold_after=1, deaf=[1])
    home.flowise.script("rag", script, Script(tokens=["two"]))
    async with home.bot():
        root, ts = await growing(home)
        await home.slack.press(home.ada, home.channel, ts, wording.STOP)
        if ends_soon:
            await home.slack.until(lambda: bool(home.flowise.aborts))
            tool.set()
        [answer] = await home.answered(root)
        assert answer == f"half\n{FINISHED if ends_soon else GOES_ON}"
        tool.set()
        await home.ask("two?", thread_ts=root)
        await home.answered(root, 2)
        assert home.answers(root)[0] == answer
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1
    assert home.flowise.collisions == 0


async def test_a_question_that_is_stopped_while_it_waits_is_never_asked(home: Sandbox) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["one", " done"], hold=held, hold_after=1), Script(tokens=["three"]))
    async with home.bot():
        root, _ = await growing(home, "one?", part="one")
        for text in ("two?", "three?"):
            await home.ask(f"{home.mention} {text}", thread_ts=root)
        await home.slack.until(lambda: len(buttons(home, root)) == 3)
        await home.slack.press(home.ada, home.channel, buttons(home, root)[1], wording.STOP)
        await home.slack.until(lambda: home.answers(root)[1] == NOT_ASKED)
        held.set()
        assert (await home.answered(root, 3))[1:] == [NOT_ASKED, "three"]
    assert [prediction.question.splitlines()[-1] for prediction in home.flowise.predictions] == ["one?", "three?"]


async def test_a_stopped_run_keeps_its_place_among_the_predictions_until_it_ends(home: Sandbox) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["half", " more"], hold=held, hold_after=1), Script(tokens=["other"]))
    async with home.bot(bot_most_predictions=1):
        root, ts = await growing(home)
        other = await home.ask(f"{home.mention} other?")
        await home.slack.until(lambda: home.answers(other) == [wording.queued(1, busy=True)])
        await home.slack.press(home.ada, home.channel, ts, wording.STOP)
        await home.slack.until(lambda: home.answers(root) == [f"half\n{GOES_ON}"])
        await asyncio.sleep(0.2)
        assert len(home.flowise.predictions) == 1
        held.set()
        assert await home.answered(other) == ["other"]


@pytest.mark.parametrize("setting", ["asker", "everyone"])
async def test_only_the_asker_stops_an_answer_unless_everyone_may(home: Sandbox, setting: str) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["half", " more"], hold=held, hold_after=1))
    bob = home.slack.user("bob")
    home.slack.invite(home.ada, home.channel, bob)
    async with home.bot(bot_stop=setting):
        root, ts = await growing(home)
        assert (await home.slack.press(bob, home.channel, ts, wording.STOP)).acked
        await home.ask(f"{home.mention} stop", thread_ts=root, user=bob)
        if setting == "everyone":
            await home.slack.until(lambda: home.answers(root) == [f"half\n{GOES_ON}"])
        else:
            await home.slack.until(lambda: len(home.slack.ephemerals(home.channel, bob)) == 2)
            told = {message.plain for message in home.slack.ephemerals(home.channel, bob)}
            assert told == {wording.ONLY_THE_ASKER_STOPS}
            assert buttons(home, root) == [ts]
        held.set()
        await home.answered(root)
    assert len(home.flowise.predictions) == 1


async def test_a_second_press_does_nothing_and_one_on_an_older_answer_is_told_so(home: Sandbox) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["half", " more"], hold=held, hold_after=1))
    async with home.bot():
        root, ts = await growing(home)
        press = [home.ada, home.channel, ts, wording.STOP]
        assert all(done.acked for done in await asyncio.gather(*(home.slack.press(*press) for _ in range(3))))
        assert await home.answered(root) == [f"half\n{GOES_ON}"]
        assert home.slack.ephemerals(home.channel, home.ada) == []
        held.set()
        await home.slack.until(lambda: home.flowise.predictions[0].ended is not None)
        # Somebody still sees the message as it was: the same payload comes again.
        payload = next(made.payload for made in home.slack.attempts if made.kind == "interactive")
        assert (await home.slack.deliver(payload, kind="interactive")).acked
        await home.slack.until(lambda: len(home.slack.ephemerals(home.channel, home.ada)) == 1)
    [told] = home.slack.ephemerals(home.channel, home.ada)
    assert told.plain == wording.ENDED_ALREADY
    assert home.answers(root) == [f"half\n{GOES_ON}"]
    assert home.slack.violations == []


async def test_a_deleted_question_is_stopped_and_one_that_waited_is_never_asked(home: Sandbox) -> None:
    held = asyncio.Event()
    home.flowise.script("rag", Script(tokens=["half", " more"], hold=held, hold_after=1))
    async with home.bot():
        root, _ = await growing(home)
        second = await home.ask(f"{home.mention} two?", thread_ts=root)
        await home.slack.until(lambda: len(buttons(home, root)) == 2)
        for ts in (second, root):
            home.slack.delete(home.channel, ts, user=home.ada)
        await home.slack.until(lambda: home.answers(root) == [f"half\n{GOES_ON}", NOT_ASKED])
        held.set()
        await home.slack.until(lambda: home.idle)
    assert len(home.flowise.predictions) == 1


async def test_in_a_direct_message_the_placeholder_has_the_button_and_the_word_needs_no_mention(home: Sandbox) -> None:
    for _ in range(2):
        home.flowise.script("rag", Script(tokens=["half", " more"], agentflow=True, hold=asyncio.Event()))
    dm = home.slack.dm(home.ada)

    def said() -> list[str]:
        return [message.plain for message in home.slack.messages(dm) if message.user == home.slack.bot_user_id]

    async with home.bot():
        await home.ask("why?", channel=dm)
        await home.slack.until(lambda: bool(said()) and wording.STOP in said()[0].splitlines())
        await home.ask("stop", channel=dm)
        await home.slack.until(lambda: said() == [FORGOTTEN] and home.idle)
        await home.ask("stop", channel=dm)
        await home.slack.until(lambda: len(home.slack.ephemerals(dm, home.ada)) == 1)
        await home.ask("again?", channel=dm)
        await home.slack.until(lambda: len(said()) == 2)
        await home.slack.command(home.ada, dm, "/flowise", "stop")
        await home.slack.until(lambda: said() == [FORGOTTEN, FORGOTTEN] and home.idle)
    assert [prediction.question for prediction in home.flowise.predictions] == ["why?", "again?"]


@pytest.mark.parametrize("how", ["new conversation", "wait", "left"])
async def test_a_question_after_a_stopped_one_is_asked_on_a_new_chat(home: Sandbox, how: str) -> None:
    """At once where the thread is started over, or the process that read on is gone without a key; else in a while."""
    held = asyncio.Event()
    first = Script(tokens=["one"])
    home.flowise.script("rag", first, Script(tokens=["half", " more"], hold=held, hold_after=1), Script(tokens=["two"]))
    async with home.bot(flowise_left_run_wait=60 if how == "new conversation" else 1):
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        await home.ask("why?", thread_ts=root)
        await home.slack.until(lambda: len(buttons(home, root)) == 1)
        await home.slack.press(home.ada, home.channel, buttons(home, root)[0], wording.STOP)
        await home.slack.until(lambda: home.answers(root)[1] == f"half\n{GOES_ON}")
        if how != "left":
            await home.ask("two?", thread_ts=root)
        if how == "new conversation":
            await home.ask(f"{home.mention} new conversation", thread_ts=root)
        if how != "left":
            await home.slack.until(lambda: len(home.flowise.predictions) == 3)
    if how == "left":
        async with home.bot(flowise_left_run_wait=60):
            await home.ask("two?", thread_ts=root)
            await home.slack.until(lambda: len(home.flowise.predictions) == 3)
    chats = [prediction.chat_id for prediction in home.flowise.predictions]
    assert chats[0] == chats[1] != chats[2]
    answer = next(answer for answer in home.answers(root) if answer.startswith("two"))
    assert (wording.NOT_REMEMBERED_BEFORE in answer) == (how == "left")
    assert (wording.NOT_REMEMBERED_STOPPED in answer) == (how == "wait")
    held.set()
    assert home.flowise.collisions == 0


async def test_a_stream_that_somebody_ends_in_slack_is_stopped_as_by_the_button(home: Sandbox) -> None:
    held, more = asyncio.Event(), asyncio.Event()
    script = Script(tokens=["half\n\n", "more\n\n", "rest"], agentflow=True, hold=more, hold_after=1, holds={2: held})
    home.flowise.script("rag", script)
    async with home.bot(slack_delivery="stream"):
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: bool(home.slack.streaming))
        home.slack.refuse("chat.appendStream", "stopped_by_user")
        more.set()
        await home.slack.until(lambda: FORGOTTEN in " ".join(home.answers(root)) and home.idle)
    assert "rest" not in home.answers(root)[0]
    assert len(home.flowise.aborts) == 1


async def test_a_stream_is_stopped_by_the_word_that_its_status_tells(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["half\n\n", "more"], hold=asyncio.Event(), hold_after=1, agentflow=True))
    async with home.bot(slack_delivery="stream"):
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: bool(home.slack.streaming))
        told = [call.args["status"] for call in home.slack.calls if call.method == "assistant.threads.setStatus"]
        assert "stop" in str(told[0])
        await home.ask(f"{home.mention} stop", thread_ts=root)
        [answer] = await home.answered(root)
    assert answer.split() == f"half {FORGOTTEN}".split()
    assert home.slack.streaming == []
    assert home.slack.violations == []


async def test_a_press_while_the_last_word_is_on_its_way_is_told_that_it_came_too_late(
    home: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled, settle = asyncio.Event(), Lease.settle

    async def late(lease: Lease, again: UnansweredQuestion | None = None) -> None:
        if lease.opened.whole:
            await settled.wait()
        await settle(lease, again)

    monkeypatch.setattr(Lease, "settle", late)
    home.flowise.script("rag", Script(tokens=["whole"]))
    async with home.bot():
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: home.answers(root) == ["whole"])
        await home.ask(f"{home.mention} stop", thread_ts=root)
        await home.slack.until(lambda: len(home.slack.attempts) >= 2 and home.slack.sockets == 1)
        await asyncio.sleep(0.3)
        assert home.slack.ephemerals(home.channel, home.ada) == []
        settled.set()
        await home.slack.until(lambda: len(home.slack.ephemerals(home.channel, home.ada)) == 1)
    [told] = home.slack.ephemerals(home.channel, home.ada)
    assert told.plain == wording.ENDED_ALREADY
    assert home.answers(root) == ["whole"]


async def test_what_was_stopped_is_not_quoted_to_the_next_question_as_all_else_is(home: Sandbox) -> None:
    """Neither the question, nor what had come of its answer, nor one that was stopped while it waited."""
    half = Script(tokens=["half", " more"], agentflow=True, hold=asyncio.Event(), hold_after=1)
    home.flowise.script("rag", half, Script(tokens=["two"]))
    async with home.bot(bot_follow_ups="mentions"):
        root = await home.ask("Lunch is at noon.")
        await home.ask(f"{home.mention} secret one", thread_ts=root)
        await home.slack.until(lambda: bool(buttons(home, root)))
        await home.ask(f"{home.mention} secret two", thread_ts=root)
        await home.slack.until(lambda: len(buttons(home, root)) == 2)
        for ts in reversed(buttons(home, root)):
            await home.slack.press(home.ada, home.channel, ts, wording.STOP)
        await home.slack.until(lambda: home.answers(root) == [f"half\n{FORGOTTEN}", NOT_ASKED] and home.idle)
        await home.ask("It was late today.", thread_ts=root)
        await home.ask(f"{home.mention} when is lunch?", thread_ts=root)
        await home.answered(root, 3)
    asked = home.flowise.predictions[-1].question
    assert "Lunch is at noon." in asked
    assert "It was late today." in asked
    assert not any(word in asked for word in ("secret", "half", "Stopped"))
