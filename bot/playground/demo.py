"""Knows the demo: a local Slack, the real bot and a Flowise, a conversation among them, and then your own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import BotError, SettingsError
from bot.playground.flowise import LocalFlowise
from bot.playground.program import BotProgram
from bot.playground.prompt import Typed
from bot.playground.scene import Answered, Scene
from bot.playground.screen import Screen, open_screen
from bot.playground.slack import LocalSlack
from bot.store.embedded import EmbeddedValkey

# Seconds a call takes: what Slack's Web API feels like.
_LATENCY = 0.1
_TOKENS_PER_SECOND = 40.0
_COMMAND = "/flowise"
_PROMPT = "> "
_FROM_OUTSIDE = ("FLOWISE_URL", "FLOWISE_CHATFLOW_ID", "FLOWISE_API_KEY", "REDIS_URL")

_QUESTION = "How long does the bot remember a conversation?"
_NEUTRAL_QUESTION = "What can you help me with?"
_FOLLOW_UP = "What did I ask before?"
_DIRECT = "My name is Ada."


@dataclass(slots=True)
class _Stage:
    """Everything that takes part; `thread` is where one goes on typing. `faults` are what must not be, as sentences."""

    slack: LocalSlack
    scene: Scene
    screen: Screen
    person: str
    channel: str
    local: bool
    thread: str = ""
    answers: list[Answered] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, answer: Answered) -> Answered:
        self.answers.append(answer)
        return answer


async def show(*, once: bool) -> int:
    """Run the demo; returns the exit status: 0, or 1 where an answer failed or the bot broke a rule of Slack's.

    Ctrl-C ends it in good order: status 0 at the prompt, 128 and the signal's number before.

    Raises:
        SettingsError: FLOWISE_… or REDIS_URL of the environment cannot work.
        BotError: the bot cannot be started, ends by itself or gives no answer.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows a ? instead of nothing
    heard: list[int] = []
    scripted = asyncio.Event()
    playing = asyncio.create_task(_play(once=once, scripted=scripted))

    def stop(number: int) -> None:
        # The first signal ends the play; the clearing up after it is short, and is not to be broken off.
        if not heard:
            heard.append(number)
            playing.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop, number)
    try:
        return await playing
    except asyncio.CancelledError:
        if not heard:
            raise
        return 0 if scripted.is_set() and not once else 128 + heard[0]
    except BrokenPipeError:
        # Whoever read us has gone. What is still buffered must not fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


async def _play(*, once: bool, scripted: asyncio.Event) -> int:
    async with AsyncExitStack() as stack:
        # Short: the embedded store's socket is in it.
        temporary = tempfile.TemporaryDirectory(prefix="flowise-demo-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(temporary))
        try:
            stage = await _staged(stack, folder)
            await _script(stage)
            _reckon(stage)
            scripted.set()
            if not once:
                await _go_on(stage)
                _inspect(stage)
            if not stage.faults:
                return 0
            raise BotError("not all is as it should be:\n" + "\n".join(f"  {fault}" for fault in stage.faults))
        except SettingsError:
            raise  # says all that is to be said
        except BotError as error:
            raise BotError(f"{error}{_kept_log(folder)}") from error


async def _staged(stack: AsyncExitStack, folder: Path) -> _Stage:
    """Start everything; the stack ends it in the other order, so that the bot's last words find a Slack."""
    slack = await stack.enter_async_context(LocalSlack(latency=_LATENCY))
    settings = {name: value for name in _FROM_OUTSIDE if (value := os.environ.get(name))}
    local = "FLOWISE_URL" not in settings
    if local:
        flowise = await stack.enter_async_context(LocalFlowise(tokens_per_second=_TOKENS_PER_SECOND))
        settings |= {"FLOWISE_URL": flowise.url, "FLOWISE_CHATFLOW_ID": flowise.chatflow_id}
        settings.pop("FLOWISE_API_KEY", None)
    if "REDIS_URL" not in settings:
        # Ours, so that it ends with us whatever becomes of the bot, and whenever we are stopped.
        store = EmbeddedValkey(folder)
        starting = asyncio.create_task(store.start())
        stack.push_async_callback(_ended, store, starting)
        settings["REDIS_URL"] = await asyncio.shield(starting)
    settings |= {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.url,
        "SLACK_COMMAND": _COMMAND,
        "BOT_STOP_GRACE": "1",  # whoever presses Ctrl-C does not want to see the end of the answer
    }
    person = slack.user("ada")
    channel = slack.channel("general", members=[person])
    names = {person: "ada", slack.bot_user_id: "flowise"}
    screen = open_screen(sys.stdout, os.environ, names)
    screen.remark(_introduction(settings["FLOWISE_URL"], local=local))
    program = await stack.enter_async_context(BotProgram(settings, folder))
    scene = Scene(slack, program, screen, person, time.monotonic)
    return _Stage(slack, scene, screen, person, channel, local)


async def _ended(store: EmbeddedValkey, starting: asyncio.Task[str]) -> None:
    await asyncio.wait([starting])
    await store.stop()


def _introduction(flowise: str, *, local: bool) -> str:
    if local:
        return (
            "The real bot, between a local Slack and a stand-in for Flowise that answers by a few rules. "
            "Nothing leaves this machine."
        )
    host = urlsplit(flowise).hostname  # without a password that may stand before it
    return f"The real bot, between a local Slack and your Flowise at {host}. What is asked goes there and nowhere else."


async def _script(stage: _Stage) -> None:
    stage.screen.remark("#general")
    question = _QUESTION if stage.local else _NEUTRAL_QUESTION
    stage.thread, first = await stage.scene.ask(stage.channel, f"@flowise {question}")
    _expect(stage, stage.take(first), "the mention")
    stage.screen.remark("In the thread, without a mention:")
    _, second = await stage.scene.ask(stage.channel, _FOLLOW_UP, stage.thread)
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
    """Tell what the conversation came to, and what was wrong in it."""
    slack = stage.slack
    words = sum(len(answer.text.split()) for answer in stage.answers)
    refused = sum(call.answer == "429" for call in slack.calls)
    waits = [answer.first_after for answer in stage.answers if answer.first_after is not None]
    first = f"a first message after {sum(waits) / len(waits):.1f} s, " if waits else ""
    stage.screen.remark(
        f"{len(stage.answers)} answers, {words} words, {first}{len(slack.calls)} Slack calls, {refused} answered 429, "
        f"{len(slack.violations)} rules broken, {len(slack.pings)} people pinged."
    )
    _inspect(stage)


def _inspect(stage: _Stage) -> None:
    slack = stage.slack
    found = [*slack.violations, *(f"a message has pinged {ping.target}" for ping in slack.pings)]
    stage.faults += [fault for fault in found if fault not in stage.faults]


async def _go_on(stage: _Stage) -> None:
    """Take what is typed until there is no more."""
    if sys.stdin is None:  # started with its input closed
        return
    typed = Typed(sys.stdin.fileno())
    stage.screen.remark(
        f"Your turn: you are ada, in the thread. {_COMMAND} with a question asks by command, /new starts over, "
        "/quit ends."
    )
    while True:
        sys.stdout.write(_PROMPT)
        sys.stdout.flush()
        try:
            line = await typed.line()
        except asyncio.CancelledError:
            sys.stdout.write("\n")  # the shell's prompt is not to stand in ours
            raise
        if line is None or line.strip() == "/quit":
            sys.stdout.write("\n" if line is None else "")
            return
        if sys.stdin.isatty():
            stage.screen.typed(_PROMPT, line)
        else:
            sys.stdout.write("\n")
        if line.strip():
            await _typed(stage, line.strip())


async def _typed(stage: _Stage, line: str) -> None:
    word, _, rest = line.partition(" ")
    if word == _COMMAND:
        answer = await stage.scene.command(stage.channel, _COMMAND, rest)
        # The bot's first message in the channel opens a thread of its own: there one goes on.
        stage.thread = next((m.ts for m in answer.messages if not m.thread_ts and not m.to), stage.thread)
    elif line.startswith("/") and line != "/new":
        stage.screen.remark(f"{word} is none of {_COMMAND}, /new and /quit.")
        return
    else:
        text = "@flowise new conversation" if line == "/new" else line
        _, answer = await stage.scene.ask(stage.channel, text, stage.thread)
    if not answer.messages:
        stage.screen.remark("The bot keeps silent: it takes this for no question to it.")


def _kept_log(folder: Path) -> str:
    """The log of the bot outlives a failed demo; says where it is."""
    log = folder / "bot.log"
    if not log.exists():
        return ""
    descriptor, kept = tempfile.mkstemp(prefix="flowise-demo-", suffix=".log")
    os.close(descriptor)
    shutil.copyfile(log, kept)
    return f"\nThe bot's log: {kept}"
