"""A flow that begins with a form has it filled in first, by the asker, once; the real bot, over the wire."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.conversation import forms as conversation_forms
from bot.mailbox.durations import Durations
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.playground.slack.delivery import Delivered
from bot.slack import wording, wording_of_forms
from bot.workspace.workspace import Workspace

pytestmark = pytest.mark.program

FILLED = {"item": "rye <!channel>", "count": "3", "gift": "true", "size": "large"}
FORM = {"item": "rye <!channel>", "count": 3, "gift": True, "size": "large"}
ANSWER = "Your order:\n\n\nitem: rye <!channel>\ncount: 3\ngift: true\nsize: large"
NEEDED = f"{wording_of_forms.FORM_NEEDED}\n{wording_of_forms.OPEN_FORM}"


def settings(home: Sandbox, flow: str = "order") -> dict[str, Any]:
    return {"flowise_chatflow_id": home.flowise.flow(flow)}


def modal(home: Sandbox, user: str = "") -> Any:
    stack = home.slack.core.workspace.views.modals.get(user or home.ada)
    return stack[-1] if stack else None


def state(**given: str) -> dict[str, Any]:
    """What the form's fields hold, as a client tells it."""
    kinds = {"item": "plain_text_input", "count": "number_input", "gift": "radio_buttons", "size": "static_select"}
    values: dict[str, Any] = {}
    for number, (name, kind) in enumerate(kinds.items()):
        key = "value" if kind.endswith("input") else "selected_option"
        told = given[name] if key == "value" else {"value": given[name]}
        values[f"field_{number}"] = {name: {"type": kind, key: told}}
    return {"values": values}


async def submit(home: Sandbox, **given: str) -> Delivered:
    return await home.slack.submit(home.ada, modal(home).id, state(**FILLED | given))


def forms(home: Sandbox) -> list[Any]:
    return [prediction.body.get("form") for prediction in home.flowise.predictions]


def roots(home: Sandbox) -> list[str]:
    """The `ts` of the messages that began threads in the channel."""
    channel = home.slack.messages(home.channel)
    return [message.ts for message in channel if message.thread_ts in (None, message.ts)]


async def press(home: Sandbox, ts: str, user: str = "", channel: str = "") -> Delivered:
    return await home.slack.press(user or home.ada, channel or home.channel, ts, wording_of_forms.OPEN_FORM)


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_a_form_is_filled_in_once_and_the_thread_goes_on_with_questions(home: Sandbox, delivery: str) -> None:
    async with home.bot(**settings(home), slack_delivery=delivery), home.bot(**settings(home), slack_delivery=delivery):
        root = await home.ask(f"{home.mention} a loaf of *rye*")
        assert await home.answered(root) == [NEEDED]
        assert home.flowise.predictions == []
        button = home.slack.thread(home.channel, root)[1].ts
        assert (await press(home, button)).acked
        shown = modal(home)
        assert [block["type"] for block in shown.blocks] == ["section", *["input"] * 4]
        assert shown.blocks[1]["element"]["initial_value"] == "a loaf of *rye*"
        await home.slack.close_view(home.ada, shown.id)
        assert home.flowise.predictions == []
        await press(home, button)
        assert (await submit(home, count="three")).errors == {"field_1": wording_of_forms.NO_NUMBER}
        again = modal(home).id
        assert (await submit(home)).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
        assert home.slack.core.workspace.views.find(again) is None
        assert await home.answered(root) == [ANSWER]
        await home.ask("and how much is it?", thread_ts=root)
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
    assert forms(home) == [FORM, None]
    assert "question" not in home.flowise.predictions[0].body
    assert home.flowise.predictions[1].question == "and how much is it?"
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 1
    assert (home.slack.violations, home.slack.pings) == ([], [])


async def test_only_the_asker_fills_a_form_in_and_two_windows_count_once(home: Sandbox) -> None:
    bob = home.slack.user("bob")
    home.slack.invite(home.ada, home.channel, bob)
    async with home.bot(**settings(home)):
        root = await home.ask(f"{home.mention} rye")
        await home.answered(root)
        button = home.slack.thread(home.channel, root)[1].ts
        assert (await press(home, button, bob)).acked
        await home.slack.until(lambda: bool(home.slack.ephemerals(home.channel, bob)))
        assert home.slack.ephemerals(home.channel, bob)[0].plain == wording_of_forms.FORM_NOT_YOURS
        assert modal(home, bob) is None
        await press(home, button)
        first = modal(home)
        done = await asyncio.gather(*(home.slack.submit(home.ada, first.id, state(**FILLED)) for _ in range(2)))
        assert sorted(list(each.errors.values()) for each in done) == [[], [wording_of_forms.FORM_SENT]]
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
    assert forms(home) == [FORM]


async def test_a_command_opens_the_form_at_once_and_the_channel_sees_what_was_sent(home: Sandbox) -> None:
    async with home.bot(**settings(home)):
        done = await home.slack.command(home.ada, home.channel, "/flowise", "rye &amp; butter")
        assert (done.acked, done.payload) == (True, None)
        assert modal(home).blocks[1]["element"]["initial_value"] == "rye & butter"
        assert (await submit(home)).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
        [root] = roots(home)
        [shown] = [message for message in home.slack.messages(home.channel) if message.ts == root]
        assert shown.plain == "ada asked:\nItem: rye <!channel>\nHow many: 3\nGift: Yes\nSize: large"
        assert home.answers(root)[-1] == ANSWER
    assert forms(home) == [FORM]
    assert (home.slack.violations, home.slack.pings) == ([], [])


async def test_a_command_gives_the_button_where_the_form_is_not_known_in_time(
    home: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_forms, "_PATIENCE", 0.0)
    async with home.bot(**settings(home)):
        assert (await home.slack.command(home.ada, home.channel, "/flowise", "rye")).acked
        await home.slack.until(lambda: len(home.slack.messages(home.channel)) == 2 and home.idle)
        assert modal(home) is None
        [root] = roots(home)
        button = home.slack.thread(home.channel, root)[-1]
        assert button.plain == NEEDED
        await press(home, button.ts)
        assert modal(home).blocks[1]["element"]["initial_value"] == "rye"
        assert (await submit(home)).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
        assert home.answers(root)[-1] == ANSWER
    assert forms(home) == [FORM]


async def test_in_a_direct_message_a_form_is_asked_for_once_a_conversation(home: Sandbox) -> None:
    dm = home.slack.dm(home.ada)
    async with home.bot(**settings(home)):
        for _ in range(2):
            await home.ask("rye", channel=dm)
            await home.slack.until(lambda: home.slack.messages(dm)[-1].plain == NEEDED and home.idle)
            await press(home, home.slack.messages(dm)[-1].ts, channel=dm)
            assert (await submit(home)).acked
            await home.slack.until(lambda: home.slack.messages(dm)[-1].plain.startswith(ANSWER) and home.idle)
            done = await home.slack.command(home.ada, dm, "/flowise", "how much?")
            assert done.acked
            await home.slack.until(lambda: len(home.flowise.predictions) % 2 == 0 and home.idle)
            assert modal(home) is None
            await home.ask("new conversation", channel=dm)
            await home.slack.until(lambda: home.slack.messages(dm)[-1].plain == wording.NEW_CONVERSATION and home.idle)
    assert forms(home) == [FORM, None, FORM, None]


async def test_a_form_whose_run_fails_can_be_tried_again_as_it_was(home: Sandbox) -> None:
    home.flowise.script("order", Script(error="the model is away"))
    async with home.bot(**settings(home)):
        root = await home.ask(f"{home.mention} rye")
        await home.answered(root)
        await press(home, home.slack.thread(home.channel, root)[1].ts)
        await submit(home)
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
        failed = home.slack.thread(home.channel, root)[-1]
        assert (await home.slack.press(home.ada, home.channel, failed.ts, wording.ASK_AGAIN)).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
        assert home.answers(root)[-1] == ANSWER
    assert forms(home) == [FORM, FORM]


async def test_an_answer_to_a_form_is_regenerated_with_the_form_as_it_was(home: Sandbox) -> None:
    """Its message asks anew as well as its command, and neither opens a form again."""
    async with home.bot(**settings(home)):
        root = await home.ask(f"{home.mention} rye")
        await home.answered(root)
        await press(home, home.slack.thread(home.channel, root)[1].ts)
        assert (await submit(home)).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
        await home.slack.command(home.ada, home.channel, "/flowise", "rye")
        assert (await submit(home)).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
        for asked, said in zip(roots(home), (1, 2), strict=True):  # the command's own message is the bot's
            answer = home.slack.thread(home.channel, asked)[-1]
            assert (await home.slack.press(home.ada, home.channel, answer.ts, wording.REGENERATE)).acked
            told = await home.answered(asked, said + 1)
            assert told[-2:] == [ANSWER, f"{ANSWER}\n{wording.BOTH_REMEMBERED}"]
    assert forms(home) == [FORM] * 4
    assert len({prediction.chat_id for prediction in home.flowise.predictions}) == 2
    assert not any("question" in prediction.body for prediction in home.flowise.predictions)


async def test_a_form_is_not_lost_with_the_process_that_has_taken_it(
    home: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process has stored what was sent, and never gets to ask it."""
    home.durations = Durations(lease=1.5, renewal=0.3, call=0.4)
    async with home.bot(**settings(home)):
        root = await home.ask(f"{home.mention} rye")
        await home.answered(root)
        await press(home, home.slack.thread(home.channel, root)[1].ts)
        with monkeypatch.context() as patch:
            patch.setattr(Workspace, "begin", lambda *_: None)
            assert (await submit(home)).acked
        assert modal(home) is None
    assert forms(home) == []
    async with home.bot(**settings(home)):
        await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle, 30.0)
        assert await home.answered(root) == [ANSWER]
    assert forms(home) == [FORM]


async def test_a_form_that_has_changed_is_not_sent(home: Sandbox) -> None:
    """Neither as it was opened before, nor once more as it was filled in before."""
    async with home.bot(**settings(home)):
        before = await home.ask(f"{home.mention} wheat")
        await home.answered(before)
        await press(home, home.slack.thread(home.channel, before)[1].ts)
        await submit(home)
        await home.slack.until(lambda: home.answers(before) == [ANSWER] and home.idle)
        root = await home.ask(f"{home.mention} rye")
        await home.answered(root)
        await press(home, home.slack.thread(home.channel, root)[1].ts)
        shown = modal(home)
    other = {"type": "string", "label": "City", "name": "city", "addOptions": ""}
    home.flowise.configure("order", start={"startInputType": "formInput", "formInputTypes": [other]})
    async with home.bot(**settings(home)):
        done = await home.slack.submit(home.ada, shown.id, state(**FILLED))
        assert done.errors == {"field_0": wording_of_forms.FORM_CHANGED}
        answer = home.slack.thread(home.channel, before)[-1]
        assert (await home.slack.press(home.ada, home.channel, answer.ts, wording.REGENERATE)).acked
        assert await home.answered(before, 2) == [ANSWER, wording_of_forms.FORM_OUTDATED]
    assert forms(home) == [FORM]


async def test_a_flow_that_only_a_webhook_starts_says_so_and_is_not_asked(home: Sandbox) -> None:
    async with home.bot(**settings(home, "webhook")):
        root = await home.ask(f"{home.mention} hello")
        [told] = await home.answered(root)
        assert told.startswith("I'm only started by other systems, so I can't be asked questions.")
        assert wording.ASK_AGAIN not in told
    assert home.flowise.predictions == []
