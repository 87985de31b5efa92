"""A process is killed between every two steps of questions with files: each is asked once, and nothing stored twice."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.playground.flowise import chatflows
from bot.playground.flowise.files import Takes
from bot.playground.flowise.flows import Flow
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack.message import File
from bot.playground.tap.proxy import FaultProxy
from bot.records.thread import Thread
from bot.slack import wording_of_files as wording
from bot.store.redis import RedisStore
from tests.handlers.test_files import PDF, PNG
from tests.replica import SHORT, replica

pytestmark = pytest.mark.program

KEY = "right-key"
NOTES = b"The launch code is zebra."
# Documents are read, and texts added to a store: every way that a file can go, but a voice clip's.
FLOW = Flow("all ways", chatflows.rag, takes=Takes(documents=("application/pdf",), stored=(".txt",)))


@dataclass(frozen=True)
class Step:
    """A question with files, by their names, and where its process dies: while the last of them is `held`.

    `ways` are those by which Flowise is sent files, over both processes. `doubted`: a file that may not have been read.
    """

    files: tuple[str, ...]
    held: str
    ways: dict[str, int]
    doubted: str = ""


READ, SEEN = {"file:full": 1}, {"file": 1}
STEPS = {
    "before the first byte": Step(("a.png",), "download", SEEN),
    "before the document is taken": Step(("b.pdf",), "arriving", {"attachment": 1} | READ),
    "after the document was taken": Step(("c.pdf",), "taken", {"attachment": 2} | READ),
    "between the document and the picture": Step(("d.pdf", "d.png"), "download", {"attachment": 2} | READ | SEEN),
    "noted, and not yet in the store": Step(("e.txt",), "arriving", {}, doubted="e.txt"),
    "in the store, and not answered": Step(("f.txt",), "taken", {"upsert": 1}, doubted="f.txt"),
    "in the store, and noted so": Step(("g.txt", "g.png"), "download", {"upsert": 1} | SEEN),
}
ASKED, NOTED = "asked, and nothing answered", "noted as asked, and nothing sent"
CONTENTS = {"png": PNG, "pdf": PDF, "txt": NOTES}


@dataclass(frozen=True)
class Hold:
    """Requests wait from `reached`, which the first of them sets, until `released` is set."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        self.reached.set()
        await self.released.wait()


def held(home: Sandbox, step: Step) -> tuple[list[File], Hold]:
    """The files of a question, and what keeps its process where it will die."""
    files, hold = [home.slack.new_file(name, CONTENTS[name[2:]]) for name in step.files], Hold()
    if step.held == "download":
        home.slack.hold_file(files[-1], hold.wait)
    else:
        home.flowise.hold_file(step.files[-1][0], hold.wait, taken=step.held == "taken")
    return files, hold


@dataclass
class Asked:
    """Where each question was asked: its channel and the `ts` of its message."""

    home: Sandbox
    places: dict[str, tuple[str, str]] = field(default_factory=dict)

    async def ask(self, question: str, files: list[File]) -> None:
        """Ada asks, in a channel of the question's own: Slack takes one post a second in each."""
        home = self.home
        channel = home.slack.channel(f"room-{len(self.places)}", members=[home.ada])
        said = f"{home.mention} {question}"
        self.places[question] = (channel, await home.slack.say(home.ada, channel, said, files=files))

    def answer(self, question: str) -> str:
        """The one answer to a question."""
        channel, root = self.places[question]
        [answer] = self.home.answers(root, channel=channel)
        return answer

    @property
    def are_answered(self) -> bool:
        """Whether a whole answer stands under each question."""
        answers = (self.home.answers(root, channel=channel) for channel, root in self.places.values())
        growing = (self.home.growing(root, channel=channel) for channel, root in self.places.values())
        return self.home.idle and all(map(len, answers)) and not any(growing)


async def noted_as_asked(home: Sandbox, channel: str, root: str) -> None:
    """Wait until it is noted that Flowise is asked in a thread."""
    store, thread = RedisStore.at(home.redis_url), Thread(home.slack.team_id, channel, root)

    async def is_noted() -> bool:
        known = await store.conversation(thread)
        return known is not None and await store.run_on(thread.line, known.chat_id) is not None

    async with asyncio.timeout(10):
        while not await is_noted():  # noqa: ASYNC110  # in Redis
            await asyncio.sleep(0.02)
    await store.aclose()


async def test_killed_between_any_two_steps_a_question_with_files_is_asked_once(own_redis: str, tmp_path: Path) -> None:
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=KEY, scale=20) as home:
        home.durations = SHORT
        flow, model, asked = home.flowise.serve(FLOW), asyncio.Event(), Asked(home)
        holds: list[Hold] = []
        home.flowise.script(flow, Script(tokens=["It is ", "zebra."], hold=model))
        given = {"FLOWISE_CHATFLOW_ID": flow, "FLOWISE_API_KEY": KEY, "BOT_FILES_TO_STORE": "true"}
        address = urlsplit(home.flowise.url)
        async with (
            FaultProxy(str(address.hostname), address.port or 0) as proxy,
            replica(home, tmp_path, **given, FLOWISE_URL=f"http://127.0.0.1:{proxy.port}") as process,
        ):
            every = ("h.pdf", "h.txt", "h.png")
            await asked.ask(ASKED, [home.slack.new_file(name, CONTENTS[name[2:]]) for name in every])
            await home.slack.until(lambda: len(home.flowise.predictions) == 1)
            for question, step in STEPS.items():
                files, hold = held(home, step)
                holds.append(hold)
                await asked.ask(question, files)
                async with asyncio.timeout(10):
                    await hold.reached.wait()
            proxy.stall()
            await asked.ask(NOTED, [home.slack.new_file("i.png", PNG)])
            await noted_as_asked(home, *asked.places[NOTED])
            process.kill()
            await process.wait()
        for released in (model, *(hold.released for hold in holds)):
            released.set()
        settings = {"flowise_chatflow_id": flow, "flowise_api_key": KEY, "bot_files_to_store": True}
        async with home.bot(**settings, flowise_left_run_wait=2):
            await home.slack.until(lambda: asked.are_answered, 20)
        predicted = [prediction.question.splitlines()[-1] for prediction in home.flowise.predictions]
        assert sorted(predicted) == sorted([ASKED, *STEPS])
        assert asked.answer(ASKED).startswith("It is zebra.")
        assert "I was restarted" in asked.answer(NOTED)  # nobody can know that it was not sent
        for question, step in STEPS.items():
            arrived_whole_and_once(home, step)
            doubt = wording.perhaps_not_read([step.doubted])
            assert (doubt in asked.answer(question)) is bool(step.doubted), question
        assert home.slack.violations == []
        assert home.flowise.collisions == 0


def arrived_whole_and_once(home: Sandbox, step: Step) -> None:
    """What both processes have sent of a question's files."""
    came = [file for file in home.flowise.files if file.name[0] == step.files[0][0]]
    assert Counter(file.way for file in came) == step.ways
    assert len({file.chat_id for file in came}) <= 1
    assert len({file.name for file in came}) <= len(step.files)  # a second upload takes the place of the first
    assert {file.content for file in came} <= {*CONTENTS.values(), b"The bakery opens at seven."}
