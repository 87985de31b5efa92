"""People decide for a flow that waits: by its buttons, once, while it is open; the real bot, over the wire."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.conversation import run_reader
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack.delivery import Delivered
from bot.playground.slack.message import Message
from bot.records.codec import encoded
from bot.records.decision import MadeDecision, PendingDecision
from bot.records.thread import Hold, Item, OpenAnswer, Run, StopOutcome
from bot.slack import wording, wording_of_failures
from bot.slack.help_contact import NOBODY
from bot.slack.text.decision_blocks import APPROVE, REJECT
from bot.store.redis import RedisStore
from bot.workspace.work import reference_of

pytestmark = pytest.mark.program

KEY = "k" * 43
PENDING = wording.DECISION_PENDING.replace("`", "")


@dataclass
class Scene:
    """A thread in which a flow waits."""

    home: Sandbox
    flow: str
    root: str = ""
    channel: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        key = self.home.flowise.api_key
        own = {"flowise_chatflow_id": self.home.flowise.flow(self.flow), "bot_show_steps": "off"}
        return own | ({"flowise_api_key": key} if key else {})

    async def asks(self, text: str = "what is 21*2?", *, channel: str = "") -> Message:
        """Ada asks; the message in which the flow waits."""
        self.channel = channel or self.home.channel
        mention = "" if self.channel.startswith("D") else f"{self.home.mention} "
        self.root = await self.home.ask(f"{mention}{text}", channel=self.channel)
        await self.waits(1)
        return self.last

    async def waits(self, number: int) -> None:
        """Wait until so many stops were offered, and nothing is under way."""
        await self.home.slack.until(lambda: self.offered >= number and self.home.idle)

    @property
    def messages(self) -> list[Message]:
        bot = self.home.slack.bot_user_id
        if self.channel.startswith("D"):
            return [message for message in self.home.slack.messages(self.channel) if message.user == bot]
        return [message for message in self.home.slack.thread(self.channel, self.root) if message.user == bot]

    @property
    def last(self) -> Message:
        return self.messages[-1]

    @property
    def offered(self) -> int:
        """How many messages have buttons, or had some."""
        return sum(
            any(buttons(edit.blocks) for edit in message.edits) or bool(buttons(message.blocks))
            for message in self.messages
        )

    @property
    def texts(self) -> list[str]:
        foot = "\nI answer every message here. `quiet` stops me."
        return [message.plain.removesuffix(foot).removesuffix(f"\n{wording.REGENERATE}") for message in self.messages]

    async def press(self, message: Message, label: str = "Proceed", user: str = "") -> Delivered:
        return await self.home.slack.press(user or self.home.ada, self.channel, message.ts, label)

    async def ended(self) -> list[str]:
        """What the bot's messages read once nothing is under way, and everything was delivered."""
        await self.home.slack.until(lambda: self.home.idle)
        await self.home.slack.settled()
        await self.home.slack.until(lambda: self.home.idle)
        return self.texts

    async def decided(self, count: int) -> list[str]:
        """What they read once there are so many, and none has buttons but perhaps the last."""
        await self.home.slack.until(lambda: len(self.messages) >= count and self.home.idle)
        await self.home.slack.until(lambda: not any(buttons(message.blocks) for message in self.messages[:-1]))
        return self.texts

    def told(self, user: str = "") -> list[str]:
        """What was told to one person alone."""
        return [message.plain for message in self.home.slack.ephemerals(self.channel, user or self.home.ada)]

    async def is_told(self, sentence: str, user: str = "") -> None:
        await self.home.slack.until(lambda: sentence in self.told(user))

    @property
    def resumed(self) -> list[Any]:
        """What Flowise was told of decisions."""
        return [asked.body["humanInput"] for asked in self.home.flowise.predictions if "humanInput" in asked.body]

    def modal(self, user: str = "") -> Any:
        stack = self.home.slack.core.workspace.views.modals.get(user or self.home.ada)
        return stack[-1] if stack else None


def buttons(blocks: object) -> list[Any]:
    found = [block for block in blocks if block["type"] == "actions"] if isinstance(blocks, list | tuple) else []
    return [one for block in found for one in block["elements"] if one["action_id"] in (APPROVE, REJECT)]


@pytest.fixture
async def keyed(own_redis: str) -> AsyncIterator[Sandbox]:
    """A sandbox whose Flowise has a key."""
    async with sandbox(own_redis, tokens_per_second=math.inf, scale=10, api_key=KEY) as built:
        yield built


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_two_approvals_in_a_row_go_on_in_the_thread_each_by_its_own_buttons(delivery: str, home: Sandbox) -> None:
    scene = Scene(home, "two_approvals")
    async with home.bot(**scene.settings, slack_delivery=delivery):
        first = await scene.asks()
        assert [button["text"]["text"] for button in buttons(first.blocks)] == ["Proceed", "Reject"]
        assert [button["accessibility_label"] for button in buttons(first.blocks)] == [
            "Proceed: says yes",
            "Reject: says no",
        ]
        line = f"{home.slack.team_id}:{home.channel}:{scene.root}"
        assert [json.loads(button["value"])[0] for button in buttons(first.blocks)] == [line, line]
        assert (await scene.press(first)).acked
        texts = await scene.decided(2)
        assert texts[0] == "Shall I write a draft?\nada chose “Proceed”."
        assert texts[1].splitlines()[0] == "The draft is written. Shall I send it?"
        assert (await scene.press(scene.last, "Reject")).acked
        texts = await scene.decided(3)
        assert texts[1] == "The draft is written. Shall I send it?\nada chose “Reject”."
        assert texts[2] == "Stopped here, as you wish."
    gates = ["humanInputAgentflow_0", "humanInputAgentflow_1"]
    assert scene.resumed == [
        {"type": "proceed", "startNodeId": gates[0]},
        {"type": "reject", "startNodeId": gates[1]},
    ]
    assert "question" not in home.flowise.predictions[1].body
    assert len({asked.chat_id for asked in home.flowise.predictions}) == 1
    assert home.flowise.collisions == 0
    assert home.slack.violations == []


async def test_the_same_press_twice_counts_once_and_of_two_people_one_wins(home: Sandbox) -> None:
    bob = home.slack.user("bob")
    scene = Scene(home, "two_approvals")
    async with home.bot(**scene.settings, bot_decisions="thread"), home.bot(**scene.settings, bot_decisions="thread"):
        first = await scene.asks()
        await home.ask("<@U0SOMEBODY> look at this", thread_ts=scene.root, user=bob)
        await home.slack.settled()
        pressed = [("Proceed", home.ada)] * 3 + [("Reject", bob)] * 3
        assert all(done.acked for done in await asyncio.gather(*(scene.press(first, *each) for each in pressed)))
        await scene.decided(2)
        await home.slack.until(lambda: bool(scene.told() + scene.told(bob)))
        winner, loser, label = (
            ("ada", bob, "Proceed") if scene.texts[0].endswith("ada chose “Proceed”.") else ("bob", home.ada, "Reject")
        )
        assert scene.texts[0] == f"Shall I write a draft?\n{winner} chose “{label}”."
        await scene.is_told(f"{winner} has already chosen “{label}”.", loser)
        assert scene.told(home.ada if loser == bob else bob) == []
    assert len(scene.resumed) == 1


async def test_a_tool_is_allowed_by_its_name_and_arguments_and_no_json_is_shown(home: Sandbox) -> None:
    scene = Scene(home, "tool_approval")
    async with home.bot(**scene.settings):
        first = await scene.asks()
        assert scene.texts == [
            "May I use calculator? The person who asked decides.\ncalculator\ninput: 21*2\nProceed Reject"
        ]
        await scene.press(first)
        texts = await scene.decided(2)
        assert texts[0].endswith("input: 21*2\nada chose “Proceed”.")
        assert texts[1].startswith("21*2 is 42")
    assert scene.resumed == [{"type": "proceed", "startNodeId": "agentAgentflow_0"}]


async def test_an_older_flow_is_told_the_label_that_was_pressed_and_what_it_asked_with(home: Sandbox) -> None:
    """One of several agents: it waits at no node, and wants the call back that it asks for."""
    call = {"name": "calculator", "id": "call_1", "args": {"input": "21*2"}}
    mapping = {"approve": "Yes", "reject": "No", "toolCalls": [call]}
    labels = [{"type": f"{side}-button", "label": mapping[side]} for side in ("approve", "reject")]
    action = {"id": "action_1", "mapping": mapping, "elements": labels}
    scene = Scene(home, "two_approvals")
    home.flowise.script(scene.flow, Script(tokens=["Shall I?"], after=[("action", action)]), Script(tokens=["42"]))
    async with home.bot(**scene.settings):
        first = await scene.asks()
        assert [button["text"]["text"] for button in buttons(first.blocks)] == ["Yes", "No"]
        await scene.press(first, "Yes")
        texts = await scene.decided(2)
    assert texts == ["Shall I?\ncalculator\ninput: 21*2\nada chose “Yes”.", "42"]
    told = home.flowise.predictions[1].body
    kept = {"approve": "Yes", "reject": "No", "toolCalls": [{"name": "calculator", "id": "call_1"}]}
    assert (told["question"], told["action"]) == ("Yes", {"id": "action_1", "mapping": kept})
    assert "humanInput" not in told


async def test_a_comment_goes_along_from_a_modal_which_stores_nothing_until_it_is_sent(home: Sandbox) -> None:
    scene = Scene(home, "human")
    async with home.bot(**scene.settings):
        first = await scene.asks("do it")
        await scene.press(first, "Reject")
        modal = scene.modal()
        assert modal is not None
        await home.slack.close_view(home.ada, modal.id)
        assert scene.texts[0].endswith("Proceed Reject")  # closing decides nothing
        await scene.press(first)
        state = {
            "values": {"comment": {"comment": {"type": "plain_text_input", "value": "  mind <!channel> the gap "}}}
        }
        done = await home.slack.submit(home.ada, scene.modal().id, state)
        assert done.acked
        assert scene.modal() is None
        texts = await scene.decided(2)
        assert texts[0].splitlines()[-1] == "ada chose “Proceed”."
        assert texts[1] == "Approved, done."
        # Whoever comes later is told, without a modal.
        assert home.slack.pings == []
    told = {"type": "proceed", "startNodeId": "humanInputAgentflow_0", "feedback": "mind <!channel> the gap"}
    assert scene.resumed == [told]
    assert home.slack.violations == []


async def test_a_comment_that_comes_too_late_stays_in_its_modal_with_the_reason(home: Sandbox) -> None:
    scene = Scene(home, "human")
    async with home.bot(**scene.settings):
        first = await scene.asks("do it")
        await scene.press(first)
        await home.ask(f"{home.mention} new conversation", thread_ts=scene.root)
        await home.slack.until(lambda: len(scene.messages) == 2 and home.idle)
        done = await home.slack.submit(home.ada, scene.modal().id, {"values": {}})
        assert done.errors == {"comment": wording.DECISION_CLOSED}
        assert scene.modal() is not None
    assert scene.resumed == []


# Who may decide -------------------------------------------------------------------------------------------------------


async def test_others_than_the_asker_are_told_alone(home: Sandbox) -> None:
    bob = home.slack.user("bob")
    scene = Scene(home, "two_approvals")
    async with home.bot(**scene.settings):
        first = await scene.asks()
        await scene.press(first, user=bob)
        await scene.is_told(wording.DECISION_NOT_YOURS, bob)
        await scene.press(first)
        await scene.decided(2)
        # The second stop is still ada's to decide, who has asked.
        await scene.press(scene.last, user=bob)
        await home.slack.until(lambda: len(scene.told(bob)) == 2)
    assert len(scene.resumed) == 1


async def test_of_a_thread_those_may_decide_who_have_written_in_it(home: Sandbox) -> None:
    bob, eve = home.slack.user("bob"), home.slack.user("eve")
    scene = Scene(home, "tool_approval")
    async with home.bot(**scene.settings, bot_decisions="thread"):
        first = await scene.asks()
        assert wording.DECIDED_BY_THREAD in scene.texts[0]
        await home.ask("<@U0SOMEBODY> look", thread_ts=scene.root, user=bob)
        await scene.press(first, user=eve)
        await scene.is_told(wording.DECISION_NOT_IN_THREAD, eve)
        await scene.press(first, user=bob)
        assert (await scene.decided(2))[0].endswith("bob chose “Proceed”.")


@pytest.mark.parametrize("has_scope", [True, False])
async def test_a_list_of_people_and_groups_may_decide_and_no_group_without_its_scope(
    has_scope: bool,
    home: Sandbox,
) -> None:
    bob, eve = home.slack.user("bob"), home.slack.user("eve")
    group = home.slack.user_group("approvers", [eve])
    if not has_scope:
        home.slack.refuse("usergroups.users.list", "missing_scope", times=100)
    scene = Scene(home, "tool_approval")
    async with home.bot(**scene.settings, bot_decisions=f"{bob}, {group}"):
        first = await scene.asks()
        await scene.press(first)
        await scene.is_told(wording.DECISION_NOT_LISTED)
        await scene.press(first, user=eve)
        if not has_scope:
            await scene.is_told(wording.DECISION_NOT_LISTED, eve)
            await scene.press(first, user=bob)
        who = "eve" if has_scope else "bob"
        assert (await scene.decided(2))[0].endswith(f"{who} chose “Proceed”.")


async def test_people_of_other_organisations_decide_nothing(home: Sandbox) -> None:
    guest = home.slack.user("guest", team="T0OTHER99")
    shared = home.slack.channel("shared", members=[home.ada, guest], shared=True)
    scene = Scene(home, "tool_approval")
    async with home.bot(**scene.settings, bot_decisions="thread"):
        first = await scene.asks(channel=shared)
        await scene.press(first, user=guest)
        await scene.is_told(wording.EXTERNAL, guest)
    assert scene.resumed == []


# What is no longer open -----------------------------------------------------------------------------------------------


async def new_conversation(scene: Scene) -> None:
    await scene.home.ask(f"{scene.home.mention} new conversation", thread_ts=scene.root)
    await scene.home.slack.until(lambda: len(scene.messages) == 2 and scene.home.idle)


async def newer_stop(scene: Scene) -> None:
    await scene.press(scene.last)
    await scene.waits(2)


@pytest.mark.parametrize(
    ("newer", "told"),
    [(new_conversation, wording.DECISION_CLOSED), (newer_stop, "ada has already chosen “Proceed”.")],
)
async def test_an_old_button_resumes_nothing(
    newer: Callable[[Scene], Awaitable[None]], told: str, home: Sandbox
) -> None:
    scene = Scene(home, "two_approvals")
    async with home.bot(**scene.settings):
        # Slack does not show the message, so that its buttons stay.
        home.slack.refuse("conversations.replies", "missing_scope", times=100)
        first = await scene.asks()
        await newer(scene)
        asked = len(home.flowise.predictions)
        await scene.press(first, "Reject")
        await scene.is_told(told)
        await scene.ended()
        assert len(home.flowise.predictions) == asked


async def test_a_decision_that_was_made_in_flowise_itself_is_closed(keyed: Sandbox) -> None:
    scene = Scene(keyed, "two_approvals")
    async with keyed.bot(**scene.settings):
        first = await scene.asks()
        await decide_in_flowise(scene)
        for _ in range(2):
            await scene.press(first)
            await scene.ended()
        assert scene.told() == [wording.DECISION_CLOSED] * 2
        assert len(scene.messages) == 1
    assert len(scene.resumed) == 1


async def decide_in_flowise(scene: Scene, *, streaming: bool = False) -> None:
    """Somebody decides in Flowise's own chat."""
    import aiohttp

    asked = scene.home.flowise.predictions[-1]
    made = {"type": "proceed", "startNodeId": "humanInputAgentflow_0"}
    body = {"chatId": asked.chat_id, "humanInput": made, "streaming": streaming}
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{scene.home.flowise.url}/api/v1/prediction/{asked.flow_id}"
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 200
        await answer.read()


async def test_text_instead_of_a_press_is_not_sent(home: Sandbox) -> None:
    scene = Scene(home, "tool_approval")
    async with home.bot(**scene.settings):
        first = await scene.asks()
        await home.ask("yes, go on", thread_ts=scene.root)
        await home.slack.until(lambda: len(scene.messages) == 2 and home.idle)
        assert scene.texts[1] == PENDING
        await scene.press(first)
        assert (await scene.decided(3))[2].startswith("21*2 is 42")
    assert len(home.flowise.predictions) == 2


async def test_in_a_direct_message_it_is_decided_flat(home: Sandbox) -> None:
    scene = Scene(home, "tool_approval")
    async with home.bot(**scene.settings):
        first = await scene.asks(channel=home.slack.dm(home.ada))
        await scene.press(first)
        texts = await scene.decided(2)
        assert texts[0].endswith("ada chose “Proceed”.")
        assert texts[1].startswith("21*2 is 42")
        assert scene.last.thread_ts is None


async def test_where_only_the_asker_sees_the_answer_there_are_no_buttons(home: Sandbox) -> None:
    place = home.slack.channel("announcements", members=[home.ada], bot_is_member=False)
    home.slack.refuse("chat.postMessage", "not_in_channel")
    scene = Scene(home, "tool_approval", channel=place)
    async with home.bot(**scene.settings):
        await home.slack.command(home.ada, place, "/flowise", "what is 21*2?")
        await home.slack.until(lambda: len(scene.told()) == 2 and home.idle)
    assert scene.told()[1] == wording.DECISION_NEEDED.replace("`", "")


# What fails -----------------------------------------------------------------------------------------------------------


async def decided_after(scene: Scene, *scripts: Script) -> list[str]:
    """What stands after a decision was pressed to which Flowise answers so."""
    first = await scene.asks()
    scene.home.flowise.script(scene.flow, *scripts)
    await scene.press(first)
    return await scene.decided(2)


LOST = "No previous execution found for session x"
CLOSED = (
    "Cannot resume execution 1 because it is in 'FINISHED' state. Only executions in 'STOPPED' state can be resumed."
)
FAILURES = [
    ("the node is gone", Script(agentflow=True), "I've been changed since I asked for this"),
    ("the run is lost", Script(error=LOST, agentflow=True), "I've lost track of where I was"),
    ("it fails", Script(tokens=["half"], error="no model", agentflow=True), "Something went wrong after the decision"),
    ("decided at the same time elsewhere", Script(error=CLOSED, agentflow=True), wording.DECISION_CLOSED),
]


@pytest.mark.parametrize(("script", "sentence"), [case[1:] for case in FAILURES], ids=[case[0] for case in FAILURES])
async def test_each_failure_has_its_sentence_and_frees_the_thread(script: Script, sentence: str, home: Sandbox) -> None:
    scene = Scene(home, "two_approvals")
    async with home.bot(**scene.settings):
        texts = await decided_after(scene, script)
        assert sentence in texts[1]
        assert wording.ASK_AGAIN not in texts[1]
        assert not buttons(scene.last.blocks)
        home.flowise.script(scene.flow, Script(tokens=["here"]))
        await home.ask("and now?", thread_ts=scene.root)
        await home.slack.until(lambda: len(scene.messages) == 3 and home.idle)
        assert scene.texts[2] == "here"


async def test_where_nothing_was_started_the_buttons_come_back_and_work(home: Sandbox) -> None:
    """The flow's own rate limit is used up."""
    scene = Scene(home, "two_approvals")
    async with home.bot(**scene.settings):
        refusal = Script(body=b"too many", status=429, headers={"Content-Type": "text/html", "Retry-After": "60"})
        texts = await decided_after(scene, refusal)
        assert "I've been asked too much in a short time." in texts[1]
        assert "may run a second time" not in texts[1]
        assert [button["text"]["text"] for button in buttons(scene.last.blocks)] == ["Proceed", "Reject"]
        await scene.press(scene.last, "Reject")
        texts = await scene.decided(3)
        assert texts[2] == "Stopped here, as you wish."
    assert [told["type"] for told in scene.resumed] == ["proceed", "reject"]


@pytest.mark.parametrize("delivery", ["edit", "stream"])
async def test_a_tool_whose_own_node_fails_may_be_allowed_again_with_a_warning(delivery: str, home: Sandbox) -> None:
    scene = Scene(home, "tool_approval")
    async with home.bot(**scene.settings, slack_delivery=delivery):
        first = await scene.asks("what is 21*2? and fail")
        await scene.press(first)
        texts = await scene.decided(2)
        assert "Something went wrong while I was answering." in texts[1]
        assert "If you choose again, calculator may run a second time." in texts[1]
        assert [button["text"]["text"] for button in buttons(scene.last.blocks)] == ["Proceed", "Reject"]
        await scene.press(scene.last)
        texts = await scene.decided(3)
        assert texts[2].startswith("21*2 is 42")
    assert len(scene.resumed) == 2


async def test_where_nothing_follows_a_decision_that_is_said(keyed: Sandbox) -> None:
    """A gate whose rejection leads nowhere; Flowise then stores the comment as the answer."""
    scene = Scene(keyed, "human")
    node = {"nodeId": "humanInputAgentflow_0", "nodeLabel": "Human Input"}
    ends = [("nextAgentFlow", {**node, "status": status}) for status in ("INPROGRESS", "FINISHED")]
    async with keyed.bot(**scene.settings):
        first = await scene.asks("do it")
        keyed.flowise.script(scene.flow, Script(agentflow=True, before=ends))
        await scene.press(first, "Reject")
        state = {"values": {"comment": {"comment": {"type": "plain_text_input", "value": "private words"}}}}
        await keyed.slack.submit(keyed.ada, scene.modal().id, state)
        assert (await scene.decided(2))[1] == wording.DECISION_DONE


@pytest.mark.parametrize("silent", [True, False])
async def test_a_stream_that_breaks_off_or_falls_silent_is_completed_from_the_rows(
    silent: bool,
    keyed: Sandbox,
) -> None:
    scene = Scene(keyed, "two_approvals")
    async with keyed.bot(**scene.settings, flowise_event_timeout=0.5, flowise_left_run_wait=1):
        script = Script(tokens=["Sent"], agentflow=True, cut_after=1, goes_on=True)
        if silent:
            script = Script(tokens=["Sent"], agentflow=True, stalls=True)
        texts = await decided_after(scene, script)
        if silent:  # it is stored nowhere, and may still be running
            assert texts[1].startswith("Sent\n")
            assert "incomplete" in texts[1]
        else:
            assert texts[1] == "Sent"
    assert len(scene.resumed) == 1


async def test_a_run_that_is_heard_elsewhere_is_completed_before_its_silence_is_too_long(
    keyed: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody decides in Flowise at the same time, is refused, and takes the stream away; the answer is stored."""
    monkeypatch.setattr(run_reader, "_SILENT", 0.1)
    scene, held = Scene(keyed, "two_approvals"), asyncio.Event()
    async with keyed.bot(**scene.settings, flowise_event_timeout=60):
        first = await scene.asks()
        keyed.flowise.script(scene.flow, Script(tokens=["Sent."], agentflow=True, hold=held))
        await scene.press(first)
        await keyed.slack.until(lambda: len(scene.resumed) == 1)
        await decide_in_flowise(scene, streaming=True)
        held.set()
        assert (await scene.decided(2))[1] == "Sent."
    assert len(scene.resumed) == 2


async def test_a_decision_that_is_stopped_while_it_waits_for_a_place_can_be_made_anew(home: Sandbox) -> None:
    scene, held = Scene(home, "two_approvals"), asyncio.Event()
    async with home.bot(**scene.settings, bot_most_predictions=1):
        first = await scene.asks()
        home.flowise.script(scene.flow, Script(tokens=["one", " two"], hold=held, hold_after=1))
        other = await home.ask(f"{home.mention} other?")
        await home.slack.until(lambda: bool(home.answers(other)))
        await scene.press(first)
        await home.slack.until(lambda: wording.queued(1, busy=True) in scene.last.plain)
        await home.slack.press(home.ada, scene.channel, scene.last.ts, wording.STOP)
        await home.slack.until(lambda: bool(buttons(scene.last.blocks)))
        held.set()
        await scene.ended()
        assert scene.texts[1].startswith(wording.stopped(StopOutcome.NOT_ASKED))
        assert scene.resumed == []
        await scene.press(scene.last, "Reject")
        assert (await scene.decided(3))[2] == "Stopped here, as you wish."
    assert len(scene.resumed) == 1


# What a process leaves that dies --------------------------------------------------------------------------------------


@dataclass
class Gone:
    """A decision that a process has taken which is gone: `item` as it would be stored, with what is known of it."""

    store: RedisStore
    asked: PendingDecision
    made: MadeDecision

    @property
    def line(self) -> str:
        return self.asked.thread.line

    async def leaves(self, *, was_asked: bool) -> None:
        """Leave it in the mailbox, noted as asked or not."""
        reference = reference_of(self.asked.reference, "decided")
        item = Item(self.asked.thread.team, self.line, reference, self.made.ts, "decision", encoded(self.made))
        opened = OpenAnswer()
        if was_asked:
            opened = OpenAnswer(self.asked.chat_id, asked_at=1.0, after=self.asked.row or None, resumes=True)
            run = Run(1.0, after=self.asked.row or None, resumes=True)
            await self.store.run_started(self.line, self.asked.chat_id, run)
        assert await self.store.mailboxes.accept(Hold(item, "gone"), 0.001, opens=None, opened=opened)


@asynccontextmanager
async def left_behind(scene: Scene) -> AsyncIterator[Gone]:
    """Ada's press on the stop of a scene, which a process has noted as decided before it died."""
    home = scene.home
    async with home.bot(**scene.settings):
        first = await scene.asks()
        await home.slack.settled()
    store = RedisStore.at(home.redis_url)
    try:
        [line, reference] = json.loads(buttons(first.blocks)[0]["value"])
        kept = await store.decisions.kept(line, reference)
        assert kept is not None
        made = MadeDecision(reference, home.ada, True, first.ts, f"{float(first.ts) + 1:.6f}")
        assert await store.decisions.decide(kept.asked, made) == made
        yield Gone(store, kept.asked, made)
    finally:
        await store.aclose()


async def test_a_decision_whose_process_died_before_it_was_stored_is_stored_by_the_next_press(home: Sandbox) -> None:
    scene = Scene(home, "two_approvals")
    async with left_behind(scene), home.bot(**scene.settings):
        await scene.press(scene.messages[0], "Reject")
        await scene.is_told("ada has already chosen “Proceed”.")
        texts = await scene.decided(2)
        assert texts[0].endswith("ada chose “Proceed”.")
    assert [told["type"] for told in scene.resumed] == ["proceed"]


async def test_a_decision_that_is_noted_and_cannot_be_stored_is_told_and_the_next_press_counts(home: Sandbox) -> None:
    scene = Scene(home, "two_approvals")
    async with left_behind(scene) as gone, home.bot(**scene.settings):
        holders = f"flowise-slack:{{{gone.line}}}:holders"
        await gone.store._client.set(holders, "of another type")
        await scene.press(scene.messages[0])
        await scene.is_told(f"{wording.NOT_TAKEN}\n{wording_of_failures.stuck(NOBODY)}")
        await gone.store._client.delete(holders)
        await scene.press(scene.messages[0])
        assert (await scene.decided(2))[1].startswith("The draft is written.")
    assert len(scene.resumed) == 1


async def test_one_that_was_not_asked_is_asked_by_the_next_process(home: Sandbox) -> None:
    scene = Scene(home, "two_approvals")
    async with left_behind(scene) as gone:
        await gone.leaves(was_asked=False)
        async with home.bot(**scene.settings):
            assert (await scene.decided(2))[1].startswith("The draft is written.")
    assert len(scene.resumed) == 1


async def test_one_that_was_noted_and_never_told_has_its_buttons_again(keyed: Sandbox) -> None:
    """With a key the row tells: it still waits."""
    scene = Scene(keyed, "two_approvals")
    async with left_behind(scene) as gone:
        await gone.leaves(was_asked=True)
        async with keyed.bot(**scene.settings):
            texts = await scene.decided(2)
            assert texts[1].startswith("I was restarted before I was done.")
            assert scene.resumed == []
            await scene.press(scene.last)
            assert (await scene.decided(3))[2].startswith("The draft is written.")
    assert len(scene.resumed) == 1


async def test_one_that_was_told_is_looked_up_and_its_own_stop_is_offered(keyed: Sandbox) -> None:
    scene = Scene(keyed, "two_approvals")
    async with left_behind(scene) as gone:
        await decide_in_flowise(scene)
        await gone.leaves(was_asked=True)
        async with keyed.bot(**scene.settings):
            assert (await scene.decided(2))[1].startswith("The draft is written.")
            await scene.press(scene.last, "Reject")
            assert (await scene.decided(3))[2] == "Stopped here, as you wish."
    assert [told["type"] for told in scene.resumed] == ["proceed", "reject"]


async def test_without_a_key_a_sentence_says_that_it_is_not_known(home: Sandbox) -> None:
    scene = Scene(home, "two_approvals")
    async with left_behind(scene) as gone:
        await gone.leaves(was_asked=True)
        async with home.bot(**scene.settings):
            texts = await scene.decided(2)
            assert texts[1].startswith("I was restarted after the decision")
            assert not buttons(scene.last.blocks)
            home.flowise.script(scene.flow, Script(tokens=["here"]))
            await home.ask("and now?", thread_ts=scene.root)
            await home.slack.until(lambda: len(scene.messages) == 3 and home.idle)
            assert scene.texts[2].startswith("here")
    assert scene.resumed == []
