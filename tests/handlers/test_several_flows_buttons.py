"""With several flows, what is pressed goes to the flow of its answer, wherever the routes lead by then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from bot.background.question_log import with_flow
from bot.config.live import LiveConfiguration
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.slack import wording, wording_of_forms
from bot.slack.text.answer_blocks import SUGGESTIONS
from bot.workspace.process import Waits
from tests.handlers.offered import SUGGESTED, suggestions
from tests.handlers.test_form import modal, state
from tests.handlers.test_suggestions import suggesting

FLOWS = ("rag", "plain", "order")
KEYWORDS = """default = "rag"
[[routes]]
flow = "plain"
keywords = ["law"]
[[routes]]
flow = "order"
keywords = ["order"]
"""
FILLED = {"item": "wheat", "count": "3", "gift": "true", "size": "large"}


@dataclass(slots=True)
class House:
    """A bot whose file names three flows of the local Flowise."""

    home: Sandbox
    file: Path

    def write(self, routes: str) -> None:
        tables = [f'[flows.{name}]\nchatflow_id = "{self.home.flowise.flow(name)}"' for name in FLOWS]
        self.file.write_text("\n".join([routes, *tables]))

    async def holds(self, condition: Callable[[LiveConfiguration], bool]) -> None:
        await self.home.slack.until(lambda: all(condition(bot._live) for bot in self.home.bots), 5)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Which flow was asked what, in order."""
        return [(asked.flow, asked.question) for asked in self.home.flowise.predictions]

    async def asked_for(self, count: int) -> list[tuple[str, str]]:
        """Wait until so many questions were asked, and answered."""
        await self.home.slack.until(lambda: len(self.asked) == count and self.home.idle)
        return self.asked


@pytest.fixture
async def house(home: Sandbox, tmp_path: Path) -> AsyncIterator[House]:
    built = House(home, tmp_path / "bot.toml")
    built.write(KEYWORDS)
    home.waits = Waits(configuration=0.1)
    async with home.bot(bot_config=built.file, flowise_chatflow_id=""):
        yield built


async def test_suggestions_starter_prompts_and_other_tries_go_to_the_flow_of_their_answer(house: House) -> None:
    home = house.home
    home.flowise.script("plain", suggesting("What else?"), Script(tokens=["two"]), Script(tokens=["three"]))
    home.flowise.configure("rag", starters=("What can you do?",))
    with capture_logs(processors=[structlog.contextvars.merge_contextvars, with_flow]) as lines:
        root = await home.ask(f"{home.mention} law: one?")
        await home.answered(root)
    ours = [line for line in lines if line["event"] in {"flow chosen", "turn finished", "question settled"}]
    assert [line["flow"] for line in ours] == ["plain"] * 3
    await home.ask(home.mention)
    await home.slack.until(lambda: bool(home.slack.ephemerals(home.channel, home.ada)))
    [usage] = home.slack.ephemerals(home.channel, home.ada)
    assert suggestions(usage) == ["What can you do?"]
    house.write('default = "order"')
    await house.holds(lambda live: live.effective.default == "order")
    await home.slack.press(home.ada, home.channel, home.slack.thread(home.channel, root)[-1].ts, "What else?")
    assert (await house.asked_for(2))[1][0] == "plain"
    newest = home.slack.thread(home.channel, root)[-1]
    await home.slack.press(home.ada, home.channel, newest.ts, wording.REGENERATE)
    assert (await house.asked_for(3))[2][0] == "plain"
    where = {"type": "message", "channel": home.channel, "ts": usage.ts}
    await home.slack.act(home.ada, where, SUGGESTED, SUGGESTIONS[0], {})
    assert (await house.asked_for(4))[3] == ("rag", "What can you do?")
    assert home.slack.violations == []


async def test_the_form_under_a_direct_message_is_that_of_its_thread(house: House) -> None:
    """Outside threads, another flow answers by then."""
    home = house.home
    channel = home.slack.dm(home.ada)
    root = await home.ask("with order: rye", channel=channel)
    await home.slack.until(lambda: len(home.slack.messages(channel)) == 2 and home.idle)
    await home.ask("and wheat", channel=channel, thread_ts=root)
    [needed] = await home.answered(root, channel=channel)
    assert wording_of_forms.OPEN_FORM in needed
    await home.ask("new conversation", channel=channel)
    await home.ask("hello there, what is new?", channel=channel)
    assert (await house.asked_for(1))[0][0] == "rag"
    button = home.slack.thread(channel, root)[-1].ts
    await home.slack.press(home.ada, channel, button, wording_of_forms.OPEN_FORM)
    await home.slack.until(lambda: modal(home) is not None)
    assert (await home.slack.submit(home.ada, modal(home).id, state(**FILLED))).acked
    assert (await house.asked_for(2))[1][0] == "order"
