"""A process is killed between every two steps of bringing files into threads: each is there once, with its answer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.playground.flowise.made_files import stored
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.slack import wording
from bot.slack import wording_of_files as files_wording
from tests.handlers.test_files import PNG, sha
from tests.handlers.test_files_killed import KEY, Asked, Hold
from tests.replica import SHORT, replica

pytestmark = pytest.mark.program

LONG = "\n\n".join(f"Paragraph {number}: " + "word " * 150 for number in range(60))
ADDRESS, COMPLETE = "files.getUploadURLExternal", "files.completeUploadExternal"

STEPS: dict[str, Callable[[Sandbox, Hold], None]] = {
    "fetched": lambda home, hold: home.flowise.hold_file("fetched", hold.wait, taken=False),
    "address given": lambda home, hold: home.slack.hold(ADDRESS, hold.wait, done=True),
    "sent and not noted": lambda home, hold: home.slack.hold_upload(hold.wait),
    "noted and not shared": lambda home, hold: home.slack.hold(COMPLETE, hold.wait, done=False),
    "shared and not answered": lambda home, hold: home.slack.hold(COMPLETE, hold.wait, done=True),
    "before the last edit": lambda home, hold: home.flowise.hold_file("gone", hold.wait, taken=False),
    "the rest, noted": lambda home, hold: home.slack.hold(COMPLETE, hold.wait, done=False),
    "the rest, shared": lambda home, hold: home.slack.hold(COMPLETE, hold.wait, done=True),
}


def script(step: str) -> Script:
    """What the flow answers: with a picture, one that is not there, or more text than there are messages."""
    if step.startswith("the rest"):
        return Script(tokens=[LONG])
    name = f"{step}.png"
    missing = ["gone.png"] if step == "before the last edit" else []
    artifacts = [{"type": "png", "data": stored(each)} for each in (name, *missing)]
    return Script(tokens=["Drawn."], artifacts=artifacts, made={name: PNG})


@pytest.mark.parametrize("mode", ["edit", "stream"])
async def test_killed_between_any_two_steps_each_file_is_there_once(own_redis: str, tmp_path: Path, mode: str) -> None:
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=KEY, scale=20) as home:
        home.durations = SHORT
        asked, holds = Asked(home), [Hold() for _ in STEPS]
        home.flowise.script("rag", *map(script, STEPS))
        given = {"FLOWISE_API_KEY": KEY, "SLACK_DELIVERY": mode, "BOT_MOST_MESSAGES": "2"}
        async with replica(home, tmp_path, **given) as process:
            for (step, hold_at), hold in zip(STEPS.items(), holds, strict=True):
                hold_at(home, hold)
                await asked.ask(step, [])
                async with asyncio.timeout(15):
                    await hold.reached.wait()
            process.kill()
            await process.wait()
        # Where it is held, nobody is left who would go on: what it had asked for is not done any more.
        settings = {"flowise_api_key": KEY, "slack_delivery": mode, "bot_most_messages": 2}
        for step, hold in zip(STEPS, holds, strict=True):
            if step in ("fetched", "before the last edit"):
                hold.released.set()
        async with home.bot(**settings, flowise_left_run_wait=5):
            await home.slack.until(lambda: home.idle and all(is_whole(asked, step) for step in STEPS), 25)
        for hold in holds:
            hold.released.set()
        assert len(home.flowise.predictions) == len(STEPS)
        assert home.slack.violations == []


def is_whole(asked: Asked, step: str) -> bool:
    """Whether an answer stands as it should, with its file. It never has two of them."""
    home, (channel, root) = asked.home, asked.places[step]
    messages = home.slack.thread(channel, root)[1:]
    files = [file for message in messages for file in message.files]
    assert len(files) <= 1, step
    said = "".join(message.plain for message in messages)
    if step.startswith("the rest"):
        return len(files) == 1 and wording.REST_ATTACHED in said
    assert [sha(file.content) for file in files] in ([], [sha(PNG)])
    lost = files_wording.not_fetched_here(["gone.png"], more=False, alone=False)
    return len(files) == 1 and "Drawn." in said and (lost in said) == (step == "before the last edit")
