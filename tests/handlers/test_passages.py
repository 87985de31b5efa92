"""A person reads the passages that an answer has used; the real bot, over the wire."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.slack import wording
from bot.slack.text.blocks import shown

pytestmark = pytest.mark.program

POLICY = "https://docs.example/policy"
DOCUMENTS = [
    {"pageContent": "Thirty days. <!here>", "metadata": {"title": "Policy", "source": POLICY, "page": 7}},
    {"pageContent": "Four lines.", "metadata": {"source": "/srv/secret/c.pdf"}},
]
SCRIPT = Script(tokens=["Thirty", " days", " [1],", " or", " so", " [2]."], source_documents=DOCUMENTS)


async def asked(home: Sandbox) -> tuple[str, str]:
    """Ada asks; the `ts` of the question and of the answer's message."""
    root = await home.ask(f"{home.mention} how long?")
    await home.answered(root)
    [message] = [message for message in home.slack.thread(home.channel, root) if message.user == home.slack.bot_user_id]
    return root, message.ts


def modals(home: Sandbox, user: str) -> list[dict[str, Any]]:
    """The modals that a person has open."""
    return [dict(view.body) for view in home.slack.core.workspace.views.modals.get(user, ())]


@pytest.mark.parametrize("delivery", ["edit", "stream"])
@pytest.mark.parametrize("key", [None, "right"])
async def test_the_passages_open_in_a_modal_for_whoever_sees_the_answer(
    own_redis: str, delivery: str, key: str | None
) -> None:
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=key, scale=10) as home:
        eve = home.slack.user("eve")
        home.flowise.script("rag", SCRIPT)
        async with home.bot(slack_delivery=delivery, flowise_api_key=key):
            _, ts = await asked(home)
            assert (await home.slack.press(eve, home.channel, ts, wording.PASSAGES)).acked
            await home.slack.until(lambda: bool(modals(home, eve)))
    assert (key is not None) == any("messageId" in query for query in home.flowise.row_requests)
    [view] = modals(home, eve)
    assert shown(view["blocks"]).splitlines() == [
        *("Policy", "[1] p. 7", "Thirty days. <!here>", "c.pdf", "[2]", "Four lines."),
    ]
    assert POLICY in json.dumps(view)
    assert "secret" not in json.dumps(view)
    assert [*home.slack.pings, *home.slack.previews, *home.slack.violations] == []


async def test_a_mark_is_a_link_to_its_source_in_the_end(home: Sandbox) -> None:
    home.flowise.script("rag", SCRIPT)
    async with home.bot():
        root, _ = await asked(home)
        [message] = [message for message in home.slack.thread(home.channel, root) if message.user != home.ada]
    written = json.dumps(message.blocks)
    assert json.dumps({"type": "link", "text": "[1]", "url": POLICY}) in written
    assert json.dumps({"type": "link", "text": "[2]"})[:-1] not in written
    assert "[1] Policy" in " ".join(message.plain.split())


async def test_only_named_hosts_are_linked(home: Sandbox) -> None:
    tokens = ["[There](https://evil.example/a)", " and [1]."]
    home.flowise.script("rag", Script(tokens=tokens, source_documents=DOCUMENTS[:1]))
    async with home.bot(bot_link_hosts="other.example"):
        root, ts = await asked(home)
        [message] = [message for message in home.slack.thread(home.channel, root) if message.user != home.ada]
        assert (await home.slack.press(home.ada, home.channel, ts, wording.PASSAGES)).acked
        await home.slack.until(lambda: bool(modals(home, home.ada)))
    assert '"link"' not in json.dumps(message.blocks)
    assert "There (https://evil.example/a)" in message.plain
    assert POLICY not in json.dumps(modals(home, home.ada))


async def test_whoever_cannot_be_shown_them_is_told_so_alone(home: Sandbox) -> None:
    home.flowise.script("rag", SCRIPT)
    async with home.bot():
        _, ts = await asked(home)
        home.slack.refuse("views.open", "expired_trigger_id")
        assert (await home.slack.press(home.ada, home.channel, ts, wording.PASSAGES)).acked
        await home.slack.until(lambda: len(home.slack.ephemerals(home.channel, home.ada)) == 1)
        press: Any = next(made.payload for made in home.slack.attempts if made.kind == "interactive")
        [action] = press["actions"]
        for value in ('["T0:C0:1.0", "abcdefgh"]', '["", ""]', "other"):  # what nobody has offered here
            payload = {**press, "actions": [{**action, "value": value}]}
            assert (await home.slack.deliver(payload, kind="interactive")).acked
        await home.slack.until(lambda: len(home.slack.ephemerals(home.channel, home.ada)) == 4)
    told = [message.plain for message in home.slack.ephemerals(home.channel, home.ada)]
    assert sorted(told) == sorted([wording.PASSAGES_LATER, *[wording.PASSAGES_GONE] * 3])
    assert modals(home, home.ada) == []


async def test_people_of_other_organisations_are_refused(home: Sandbox) -> None:
    eve = home.slack.user("eve", team="T0OTHER", enterprise="E0OTHER")
    shared = home.slack.channel("shared", members=[home.ada, eve], shared=True)
    home.flowise.script("rag", SCRIPT)
    async with home.bot():
        root = await home.ask(f"{home.mention} how long?", channel=shared)
        await home.answered(root, channel=shared)
        [message] = [message for message in home.slack.thread(shared, root) if message.user == home.slack.bot_user_id]
        assert (await home.slack.press(eve, shared, message.ts, wording.PASSAGES)).acked
        await home.slack.until(lambda: len(home.slack.ephemerals(shared, eve)) == 1)
    assert home.slack.ephemerals(shared, eve)[0].plain == wording.EXTERNAL
    assert modals(home, eve) == []


async def test_passages_of_no_text_have_no_button(home: Sandbox) -> None:
    home.flowise.script("rag", Script(tokens=["Yes."], source_documents=[{"metadata": {"title": "Policy"}}]))
    async with home.bot():
        root, _ = await asked(home)
        [message] = [message for message in home.slack.thread(home.channel, root) if message.user != home.ada]
    assert wording.PASSAGES not in message.plain.splitlines()
    assert "Policy" in message.plain
