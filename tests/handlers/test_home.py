"""The Home tab over the wire, with two replicas: what everybody sees, what admins see and set, and others may not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.config.live import LiveConfiguration
from bot.playground.flowise.chatflows import fails, plain
from bot.playground.flowise.flows import Flow
from bot.playground.sandbox import Sandbox
from bot.playground.slack.plain import plain as read
from bot.playground.tap.proxy import HOST, FaultProxy
from bot.slack import wording_of_home as wording
from bot.slack.home_admin import CHANNELS, DEFAULT, NOBODY
from bot.slack.home_view import ANY, OWN_FLOW
from bot.workspace.process import Waits

ROUTES = """
[[routes]]
flow = "law"
channels = ["{fixed}"]
[[routes]]
flow = "it"
direct_messages = true
[[routes]]
flow = "handbook"
direct_messages = true
[admins]
people = ["{ada}"]
"""
APART = 1.0
"""Seconds between two drawings of a Home that nobody has asked for."""
NAMES = ("handbook", "it", "law")


@dataclass(slots=True)
class Office:
    """A sandbox with several flows, one admin and one who is none."""

    home: Sandbox
    file: Path
    ben: str

    def text(self, user: str = "") -> str:
        """What stands in a person's Home."""
        view = self.home.slack.core.workspace.views.homes.get(user or self.home.ada)
        return read("", view.blocks) if view is not None else ""

    def reads(self, user: str, words: str) -> bool:
        """Whether these words stand in a person's Home."""
        return words in self.text(user)

    async def holds(self, condition: Callable[[LiveConfiguration], bool]) -> None:
        """Wait, for as long as a change may take, until it holds in each replica."""
        await self.home.slack.until(lambda: all(condition(bot._live) for bot in self.home.bots), 5)

    async def opened(self, user: str = "") -> str:
        """A person opens their Home; what it reads once it is drawn."""
        before = self.published
        await self.home.slack.open_home(user or self.home.ada)
        await self.home.slack.until(lambda: self.published > before and self.home.idle)
        return self.text(user)

    async def choose(self, action: str, block: str, chosen: Mapping[str, object], user: str = "") -> str:
        """A person uses a menu in their Home; what that reads then."""
        before, user = self.published, user or self.home.ada
        view = self.home.slack.core.workspace.views.homes[user]
        done = await self.home.slack.act(user, {"type": "view", "view_id": view.id}, block, action, chosen)
        assert done.acked
        await self.home.slack.until(lambda: self.published > before and self.home.idle)
        return self.text(user)

    @property
    def published(self) -> int:
        return sum(call.method == "views.publish" and call.answer == "ok" for call in self.home.slack.calls)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Which flow was asked what, in order."""
        return [(asked.flow, asked.question) for asked in self.home.flowise.predictions]

    async def command(self, text: str, *, channel: str = "", user: str = "") -> str:
        """What a command is answered at once."""
        done = await self.home.slack.command(user or self.home.ada, channel or self.home.channel, "/flowise", text)
        said: Any = done.payload or {}
        return f"{said.get('text', '')}\n{read('', said.get('blocks') or ())}" if said else ""


def option(value: str) -> dict[str, object]:
    return {"type": "static_select", "selected_option": {"value": value}}


def channels(*chosen: str) -> dict[str, object]:
    return {"type": "multi_conversations_select", "selected_conversations": list(chosen)}


def written(home: Sandbox, file: Path) -> Office:
    """Three flows, and a file that says who is an admin."""
    flows = {name: home.flowise.serve(Flow(name, fails if name == "law" else plain)) for name in NAMES}
    home.flowise.configure("it", starters=("My screen is dark.",))
    fixed = home.slack.channel("legal", members=[home.ada])
    tables = [f'[flows.{name}]\nchatflow_id = "{flows[name]}"\ntitle = "The {name.title()}"' for name in NAMES]
    file.write_text("\n".join([ROUTES.format(fixed=fixed, ada=home.ada), *tables]))
    home.waits = Waits(configuration=0.1, home=APART)
    return Office(home, file, home.slack.user("ben"))


def settings(file: Path) -> dict[str, object]:
    return {"bot_config": file, "flowise_chatflow_id": "", "bot_stop_grace": 2}


@pytest.fixture
async def office(home: Sandbox, tmp_path: Path) -> AsyncIterator[Office]:
    """Two replicas. The local Slack gives each event to any of them."""
    built = written(home, tmp_path / "bot.toml")
    async with home.bot(**settings(built.file)), home.bot(**settings(built.file)):
        yield built


async def test_everybody_sees_what_they_can_ask_and_asks_it_by_a_press(office: Office) -> None:
    shown = await office.opened(office.ben)
    assert "Here is how to ask me:" in shown
    assert wording.ASKABLE in shown
    assert "The It" in shown
    assert "The Law" not in shown, "no route leads there from a direct message"
    assert wording.FOR_ADMINS not in shown
    slack, view = office.home.slack, office.home.slack.core.workspace.views.homes[office.ben]
    [buttons] = [block for block in view.blocks if str(block["block_id"]).startswith("home_prompts")]

    def drawings() -> int:
        return sum(call.method == "views.publish" for call in slack.calls)

    async def press() -> None:
        before, where = drawings(), {"type": "view", "view_id": view.id}
        await slack.act(office.ben, where, str(buttons["block_id"]), "suggestion_0", {"type": "button"})
        await slack.until(lambda: drawings() > before)

    await press()
    await press()  # in the Home that was drawn anew: it is asked once
    dm = slack.dm(office.ben)
    await slack.until(lambda: len(office.asked) == 1 and office.home.idle)
    assert office.asked == [("it", "My screen is dark.")]
    await slack.until(lambda: wording.ASKED.replace("*", "") in office.text(office.ben).replace("*", ""))
    assert any("ben asked:" in message.plain for message in slack.messages(dm))


async def test_somebody_chooses_who_answers_their_direct_messages(office: Office) -> None:
    await office.opened(office.ben)
    shown = await office.choose(OWN_FLOW, OWN_FLOW, option("handbook"), office.ben)
    assert wording.own_flow("The Handbook").replace("`", "") in shown
    slack, dm = office.home.slack, office.home.slack.dm(office.ben)
    await office.home.ask("what holds here?", channel=dm, user=office.ben)
    await slack.until(lambda: len(office.asked) == 1 and office.home.idle)
    await office.home.ask("and for me?", channel=slack.dm(office.home.ada))
    await slack.until(lambda: len(office.asked) == 2 and office.home.idle)
    assert office.asked == [("handbook", "what holds here?"), ("it", "and for me?")]
    # The command does the same, and takes it back.
    assert wording.own_flow("The It") in await office.command("flow it", channel=slack.dm(office.home.ada))
    assert wording.own_flow("") in await office.command("flow default", channel=dm, user=office.ben)
    await office.command("new", channel=dm, user=office.ben)
    await office.home.ask("once more: what holds?", channel=dm, user=office.ben)
    await slack.until(lambda: len(office.asked) == 3 and office.home.idle)
    assert office.asked[2][0] == "it"
    assert wording.ONLY_IN_DM in await office.command("flow it")
    assert wording.own_flow("") in await office.choose(OWN_FLOW, OWN_FLOW, option(ANY), office.ben)


async def test_an_admin_sees_figures_health_and_settings(office: Office) -> None:
    root = await office.home.ask(f"{office.home.mention} law?", channel=office.home.slack.channel("legal"))
    await office.home.answered(root, channel=office.home.slack.channel("legal"), timeout=20)
    await office.home.ask("hello there, what is new?", channel=office.home.slack.dm(office.ben), user=office.ben)
    await office.home.slack.until(lambda: len(office.asked) >= 2 and office.home.idle)
    shown = await office.opened()
    figures = {line.split("  ")[0]: line.split()[-3:] for line in shown.splitlines() if line}
    assert figures[wording.QUESTIONS] == ["2"] * 3
    assert figures[wording.PEOPLE] == ["2"] * 3
    assert (figures[wording.WHOLE], figures[wording.SENTENCE]) == (["1"] * 3, ["1"] * 3)
    assert "Slack: ok" in shown
    assert "Redis: ok" in shown
    assert "handbook: ok" in shown
    assert 'flows.it.title = "The It" (file)' in shown
    assert "flows.it.url = set (environment)" in shown
    for secret in (office.home.flowise.url, office.home.slack.bot_token, office.home.redis_url):
        assert secret not in shown
    usage = await office.command("usage")
    assert f"{wording.QUESTIONS}" in usage
    assert "default" not in (await office.command("usage", user=office.ben))
    assert wording.NOT_ADMIN in await office.command("settings", user=office.ben)
    assert 'flows.it.title = "The It" (file)' in await office.command("settings")
    # A word counts only where it is the whole text.
    before = len(office.asked)
    assert await office.command("usage of the VPN", channel=office.home.slack.dm(office.home.ada)) == ""
    await office.home.slack.until(lambda: len(office.asked) == before + 1 and office.home.idle)


async def test_what_an_admin_sets_holds_in_both_replicas(office: Office) -> None:
    general, slack = office.home.channel, office.home.slack
    assert wording.SET_IN_FILE in await office.opened()
    await office.choose(CHANNELS, "home_route:it", channels(general))
    await office.choose(DEFAULT, DEFAULT, option("handbook"))
    await office.holds(lambda live: live.effective.default == "handbook" and routed(live) == ["it"])
    for number in range(4):  # whichever of the two hears it
        await office.home.answered(await office.home.ask(f"{office.home.mention} {number}?"))
    other = slack.channel("other", members=[office.home.ada])
    await office.home.answered(await office.home.ask(f"{office.home.mention} else?", channel=other), channel=other)
    assert [flow for flow, _ in office.asked] == ["it"] * 4 + ["handbook"]
    await office.choose(DEFAULT, DEFAULT, option(NOBODY))
    await office.choose(CHANNELS, "home_route:it", channels())
    await office.holds(lambda live: live.effective.default is None)


async def test_nobody_else_sets_anything_and_the_file_goes_before(office: Office) -> None:
    await office.opened(office.ben)
    await office.opened()
    slack = office.home.slack
    views = slack.core.workspace.views
    # A view that somebody else should never have.
    views.publish(office.ben, {**views.homes[office.home.ada].body, "private_metadata": slack.dm(office.ben)})
    for user, action, block, chosen, told in (
        (office.ben, CHANNELS, "home_route:it", channels(office.home.channel), wording.NOT_ADMIN),
        (office.ben, DEFAULT, DEFAULT, option("it"), wording.NOT_ADMIN),
        (office.home.ada, CHANNELS, "home_route:it", channels("D0000000001"), wording.NO_CHANNEL),
    ):
        kept = dict(views.homes[user].body)
        assert told in await office.choose(action, block, chosen, user)
        views.publish(user, kept)
    office.file.write_text('default = "law"\n' + office.file.read_text())
    await office.holds(lambda live: live.effective.default == "law")
    assert f"{wording.DEFAULT}: The Law ({wording.SET_IN_FILE})" in await office.opened()
    store = office.home.bots[0]._store
    assert store is not None
    assert await store.home.settings(office.home.slack.team_id) == ""


async def test_open_homes_are_drawn_anew_once_for_many_changes_and_by_one_replica(office: Office) -> None:
    for user in (office.home.ada, office.ben, office.home.ada):
        await office.opened(user)
    calls = len(office.home.slack.calls)
    for number in range(5):
        office.file.write_text(office.file.read_text().replace("The It", f"It {number} The It"))
        await office.holds(partial(titled, f"It {number} The It"))
    for user in (office.home.ada, office.ben):
        await office.home.slack.until(partial(office.reads, user, "It 3 It 4"), 5)
    drawn = office.home.slack.calls[calls:]
    assert {call.method for call in drawn} == {"views.publish"}
    for user in (office.home.ada, office.ben):
        times = [call.at for call in drawn if call.args["user_id"] == user]
        assert all(later - earlier > 0.9 * APART for earlier, later in pairwise(times)), times


def titled(title: str, live: LiveConfiguration) -> bool:
    return title in live.effective.flows["it"].title


def routed(live: LiveConfiguration) -> list[str]:
    return [route.flow for route in live.home.routes]


async def test_while_redis_is_away_nothing_is_half_set_and_the_view_says_so(home: Sandbox, tmp_path: Path) -> None:
    office = written(home, tmp_path / "bot.toml")
    async with (
        FaultProxy(Path(home.redis_url.removeprefix("unix://"))) as store,
        home.bot(**settings(office.file), redis_url=f"redis://{HOST}:{store.port}/0") as bot,
    ):
        await office.opened()
        store.refuse()
        store.cut()
        shown = await office.choose(CHANNELS, "home_route:it", channels(home.channel))
        assert shown.startswith(wording.NOT_SAVED)
        assert wording.FIGURES_AWAY in shown
        assert "Redis: away" in shown
        assert (await office.choose(OWN_FLOW, OWN_FLOW, option("it"))).startswith(wording.NOT_SAVED)
        assert routed(bot._live) == []
        await store.listen()
        await home.slack.until(lambda: bot._store is not None)
        assert wording.NOT_SAVED not in await office.choose(CHANNELS, "home_route:it", channels(home.channel))
        assert routed(bot._live) == ["it"]


async def test_without_a_file_there_is_the_everyday_part_and_words_are_questions(home: Sandbox) -> None:
    home.flowise.configure(home.flowise.chatflow_id, starters=("What can you do?",))
    office = Office(home, Path(), home.slack.user("ben"))
    async with home.bot():
        calls = len(home.slack.calls)
        shown = await office.opened()
        assert [call.method for call in home.slack.calls[calls:]] == ["views.publish"]
        assert shown.splitlines()[-2:] == [wording.ASKABLE, "What can you do?"]
        for text in ("usage", "settings", "flow default"):
            assert await office.command(text) == ""
        await home.slack.until(lambda: len(office.asked) == 3 and home.idle)
        assert sorted(text for _, text in office.asked) == ["flow default", "settings", "usage"]
    async with Redis.from_url(home.redis_url) as raw:
        assert [key async for key in raw.scan_iter(match="*{figures:*")] == []  # nobody may see any


async def test_somebody_who_may_not_ask_reads_why_and_is_counted(office: Office) -> None:
    office.file.write_text(
        office.file.read_text().replace("[admins]", f'[access]\npeople.deny = ["{office.ben}"]\n[admins]')
    )
    await office.holds(lambda live: bool(live.effective.access.people.deny))
    shown = await office.opened(office.ben)
    assert "ada" in shown.splitlines()[0], "it says whom to ask"
    assert wording.ASKABLE not in shown
    assert wording.OWN not in shown
    await office.home.ask("may I?", channel=office.home.slack.dm(office.ben), user=office.ben)
    await office.home.slack.settled()
    await office.home.slack.until(lambda: office.home.idle)
    figures = [line for line in (await office.opened()).splitlines() if line.startswith(wording.REFUSED)]
    assert figures[0].split()[1:] == ["1"] * 3
    assert office.asked == []
