"""Runs the demo in the terminal: a local Slack, the real bot and a Flowise, and a conversation among them."""

from __future__ import annotations

import os
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import BotError
from bot.playground import demo_setup
from bot.playground.ask_and_watch import Answered, AskAndWatch
from bot.playground.flowise import LocalFlowise
from bot.playground.program import BotProgram
from bot.playground.screen import Screen, open_screen
from bot.playground.slack import LocalSlack

_QUESTION = "How long does the bot remember a conversation?"
_NEUTRAL_QUESTION = "What can you help me with?"
_FOLLOW_UP = "What did I ask before?"
_DIRECT = "My name is Ada."


@dataclass(slots=True)
class _Stage:
    """Everything that takes part. `faults` are what went wrong, as sentences."""

    slack: LocalSlack
    scene: AskAndWatch
    screen: Screen
    person: str
    channel: str
    local: bool
    answers: list[Answered] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, answer: Answered) -> Answered:
        self.answers.append(answer)
        return answer


async def show() -> int:
    """Run the conversation; returns the exit status: 0, or 128 and the number of the signal that ended it.

    Raises:
        SettingsError: FLOWISE_… or REDIS_URL of the environment cannot work.
        BotError: the bot cannot be started, ends by itself, gives no answer or an apology, or breaks a rule of Slack's.
    """
    return await demo_setup.played(_play())


async def _play() -> int:
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(demo_setup.folder())
        stage = await _staged(stack, folder)
        await _script(stage)
        _reckon(stage)
        if stage.faults:
            raise BotError("not all is as it should be:\n" + "\n".join(f"  {fault}" for fault in stage.faults))
        return 0


async def _staged(stack: AsyncExitStack, folder: Path) -> _Stage:
    """Start everything; the stack ends it in the other order, so that the bot's last words find a Slack."""
    slack = await stack.enter_async_context(LocalSlack(latency=demo_setup.LATENCY))
    outside = demo_setup.from_outside(os.environ)
    settings = dict(outside)
    local = "FLOWISE_URL" not in settings
    if local:
        flowise = await stack.enter_async_context(LocalFlowise(tokens_per_second=demo_setup.TOKENS_PER_SECOND))
        settings |= {"FLOWISE_URL": flowise.url, "FLOWISE_CHATFLOW_ID": flowise.chatflow_id}
        settings.pop("FLOWISE_API_KEY", None)
    if "REDIS_URL" not in settings:
        settings["REDIS_URL"] = await demo_setup.own_store(stack, folder)
    settings |= demo_setup.towards(slack)
    person = slack.user("ada")
    channel = slack.channel("general", members=[person])
    names = {person: "ada", slack.bot_user_id: "flowise"}
    screen = open_screen(sys.stdout, os.environ, names)
    screen.remark(f"Here: {demo_setup.between(outside)}")
    program = await stack.enter_async_context(BotProgram(settings, folder))
    scene = AskAndWatch(slack, program, screen, person, time.monotonic)
    return _Stage(slack, scene, screen, person, channel, local)


async def _script(stage: _Stage) -> None:
    stage.screen.remark("#general")
    question = _QUESTION if stage.local else _NEUTRAL_QUESTION
    thread, first = await stage.scene.ask(stage.channel, f"@flowise {question}")
    _expect(stage, stage.take(first), "the mention")
    stage.screen.remark("In the thread, without a mention:")
    _, second = await stage.scene.ask(stage.channel, _FOLLOW_UP, thread)
    _expect(stage, stage.take(second), "the follow-up")
    if not stage.local:
        return
    if question not in second.text:
        stage.faults.append("the follow-up's answer does not know the first question")
    stage.screen.remark("In a direct message:")
    _, third = await stage.scene.ask(stage.slack.dm(stage.person), _DIRECT)
    _expect(stage, stage.take(third), "the direct message")


def _expect(stage: _Stage, answer: Answered, what: str) -> None:
    if not answer.messages:
        stage.faults.append(f"{what} got no answer")
    elif answer.failed:
        stage.faults.append(f"{what} got an apology instead of an answer")


def _reckon(stage: _Stage) -> None:
    """Print a summary of the conversation, and what was wrong in it."""
    slack = stage.slack
    words = sum(len(answer.text.split()) for answer in stage.answers)
    refused = sum(call.answer == "429" for call in slack.calls)
    waits = [answer.first_after for answer in stage.answers if answer.first_after is not None]
    first = f"a first message after {sum(waits) / len(waits):.1f} s, " if waits else ""
    stage.screen.remark(
        f"{len(stage.answers)} answers, {words} words, {first}{len(slack.calls)} Slack calls, "
        f"{refused} refused with 429, {len(slack.violations)} rules broken, {len(slack.pings)} people pinged."
    )
    stage.faults += [*slack.violations, *(f"a message has pinged {ping.target}" for ping in slack.pings)]
