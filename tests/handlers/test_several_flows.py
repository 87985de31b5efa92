"""Several flows over the wire: routes, threads that keep theirs, live changes, a broken flow beside good ones."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.config.live import LiveConfiguration
from bot.playground.flowise.chatflows import fails, plain
from bot.playground.flowise.flows import Flow
from bot.playground.sandbox import Sandbox
from bot.slack import wording, wording_of_flows
from bot.workspace.process import Waits
from tests.metrics.scraping import get, scraped

ROUTES = """
default = "handbook"
[[routes]]
flow = "it"
channels = ["{helpdesk}"]
follow_ups = "mentions"
[[routes]]
flow = "it"
direct_messages = true
[[routes]]
flow = "law"
keywords = ["law"]
[[routes]]
flow = "law"
commands = ["/law"]
[[routes]]
flow = "broken"
keywords = ["broken"]
[[routes]]
flow = "away"
keywords = ["away"]
"""
AWAY = "http://127.0.0.1:9"
NAMES = ("handbook", "it", "law", "broken")


@dataclass(slots=True)
class House:
    """A sandbox whose local Flowise serves four flows, and a configuration file that two replicas look at."""

    home: Sandbox
    file: Path
    helpdesk: str
    flows: dict[str, str]

    def write(self, routes: str, **flows: str) -> None:
        """Write the file, with these chatflows in place of others; one that is empty is left out."""
        ids = {**self.flows, **flows}
        tables = [f'[flows.{name}]\nchatflow_id = "{ids[name]}"\ntitle = "{name.title()}"' for name in ids if ids[name]]
        self.file.write_text("\n".join([routes, *tables, f'[flows.away]\nchatflow_id = "x"\nurl = "{AWAY}"']))

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Which flow was asked what, in order."""
        return [(asked.flow, asked.question) for asked in self.home.flowise.predictions]

    async def ask(self, text: str, channel: str = "", thread: str | None = None) -> str:
        return await self.home.ask(f"{self.home.mention} {text}", channel=channel, thread_ts=thread)

    async def answered(self, root: str, count: int = 1, channel: str = "") -> list[str]:
        return await self.home.answered(root, count, channel=channel, timeout=20)

    async def holds(self, condition: Callable[[LiveConfiguration], bool]) -> None:
        """Wait, for as long as a change may take, until it holds in each replica."""
        await self.home.slack.until(lambda: all(condition(bot._live) for bot in self.home.bots), 5)


@pytest.fixture
async def house(home: Sandbox, tmp_path: Path) -> AsyncIterator[House]:
    """Four flows, of which one fails, and two replicas."""
    flows = {name: home.flowise.serve(Flow(name, fails if name == "broken" else plain)) for name in NAMES}
    built = House(home, tmp_path / "bot.toml", home.slack.channel("helpdesk", members=[home.ada]), flows)
    built.write(ROUTES.format(helpdesk=built.helpdesk))
    settings = {"bot_config": built.file, "flowise_chatflow_id": "", "bot_stop_grace": 2}
    home.waits = Waits(configuration=0.1)
    async with home.bot(**settings), home.bot(**settings):
        yield built


async def test_each_place_and_word_has_its_flow_and_the_answer_says_so_where_others_could(house: House) -> None:
    here = await house.ask("what holds?")
    [answer] = await house.answered(here)
    assert answer.endswith("\nAnswered by Handbook. I answer every message here. `quiet` stops me.")
    law = await house.ask("law: what holds?")
    assert "Answered by Law. " in (await house.answered(law))[0]
    named = await house.ask("with law: what else?")
    await house.answered(named)
    there = await house.ask("my screen is dark", channel=house.helpdesk)
    [answer] = await house.answered(there, channel=house.helpdesk)
    assert "Answered by" not in answer
    assert house.asked == [
        ("handbook", "what holds?"),
        ("law", "law: what holds?"),
        ("law", "what else?"),
        ("it", "my screen is dark"),
    ]
    told = await house.ask("with it: why?")
    assert await house.answered(told) == [wording_of_flows.not_from_here("It")]
    assert len(house.asked) == 4
    # A command, and a direct message.
    await house.home.slack.command(house.home.ada, house.home.channel, "/law", "may I?")
    await house.home.slack.until(lambda: len(house.asked) == 5)
    dm = house.home.slack.dm(house.home.ada)
    await house.home.ask("hello there, what is new?", channel=dm)
    await house.home.slack.until(lambda: len(house.asked) == 6 and house.home.idle)
    assert house.asked[4:] == [("law", "may I?"), ("it", "hello there, what is new?")]
    # In the help desk, nothing is a question unless it mentions the bot.
    await house.home.ask("and mine?", thread_ts=there, channel=house.helpdesk)
    await house.home.ask("and mine?", thread_ts=here)
    await house.answered(here, 2)
    await house.home.slack.settled()
    assert house.asked[6:] == [("handbook", "and mine?")]
    unknown = await house.home.slack.command(house.home.ada, house.home.channel, "/other", "why?")
    assert unknown.payload is not None
    assert unknown.payload["text"] == wording.other_command("/flowise")


async def test_a_thread_keeps_its_flow_while_the_file_changes_in_both_replicas(house: House) -> None:
    root = await house.ask("one")
    await house.answered(root)
    house.write('default = "law"')
    await house.holds(lambda live: live.effective.default == "law")
    await house.ask("two", thread=root)
    await house.answered(root, 2)
    other = await house.ask("three")
    await house.answered(other)
    assert house.asked == [("handbook", "one"), ("handbook", "two"), ("law", "three")]
    assert len({asked.chat_id for asked in house.home.flowise.predictions}) == 2
    # Its chatflow is exchanged: a new chat, and it says so.
    house.write('default = "law"', handbook=house.flows["it"])
    await house.holds(lambda live: live.effective.flows["handbook"].chatflow_id == house.flows["it"])
    await house.ask("four", thread=root)
    assert wording_of_flows.CHANGED in (await house.answered(root, 3))[-1]
    assert house.asked[-1] == ("it", "four")
    # It is gone: a sentence, until a new conversation goes by the routes of today.
    house.write('default = "law"', handbook="")
    await house.holds(lambda live: "handbook" not in live.effective.flows)
    await house.ask("five", thread=root)
    assert (await house.answered(root, 4))[-1] == wording_of_flows.GONE.replace("`", "")
    await house.home.ask("what people say to each other", thread_ts=root)
    await house.home.slack.until(lambda: house.home.idle)
    await house.ask("new conversation", thread=root)
    await house.answered(root, 5)
    await house.ask("six", thread=root)
    await house.answered(root, 6)
    assert house.asked[4:] == [("law", "six")]


async def test_a_file_that_becomes_wrong_changes_nothing_and_is_told(house: House) -> None:
    house.write('default = "nobody"')
    await house.holds(lambda live: bool(live.problem))
    for bot in house.home.bots:
        told = json.loads((await get(bot.port, "/readyz"))[2])
        assert told["ready"]
        assert told["configuration"].startswith("rejected, the one before holds: bot.toml:1: default: expected")
    root = await house.ask("still there?")
    await house.answered(root)
    assert house.asked == [("handbook", "still there?")]
    house.write('default = "law"')
    await house.holds(lambda live: not live.problem and live.effective.default == "law")


async def test_a_broken_flow_disturbs_no_other(house: House) -> None:
    for number in range(4):
        root = await house.ask(f"broken {number}")
        assert "Reference for support" in (await house.answered(root))[-1]
        root = await house.ask(f"good {number}")
        assert "Answered by Handbook" in (await house.answered(root))[0]
    seen = [await scraped(bot) for bot in house.home.bots]
    assert sum(each("flowise_errors_total", flow="broken", error="FlowiseFailed") for each in seen) == 4
    assert sum(each("flowise_errors_total", flow="handbook", error="FlowiseFailed") for each in seen) == 0
    assert sum(each("flowise_answer_seconds_count", flow="handbook") for each in seen) == 4


async def test_a_flow_whose_server_is_away_rests_alone(house: House) -> None:
    for number in range(5):
        root = await house.ask(f"away {number}")
        assert "Reference for support" in (await house.answered(root))[-1]
    said = [json.loads((await get(bot.port, "/readyz"))[2])["flowise"] for bot in house.home.bots]
    assert any(told.startswith("away: resting for ") for told in said)
    assert all(told.startswith("away: ") and ";" not in told for told in said)
    root = await house.ask("and here?")
    await house.answered(root)
    assert house.asked == [("handbook", "and here?")]
    house.write(ROUTES.format(helpdesk=house.helpdesk).replace('flow = "away"', 'flow = "it"'))
    await house.holds(lambda live: live.effective.routes[-1].flow == "it")
    root = await house.ask("away no more")
    await house.answered(root)
    assert house.asked[1:] == [("it", "away no more")]
