"""Tests the way through the steps, forwards and back, what is asked for without questions, and what is written."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

import pytest

from bot.errors import SettingsError
from bot.setup.console import GoBack, Unanswered, Unattended
from bot.setup.flags import flags_of
from bot.setup.given import Answers, Flags, Way, known, own_port, setting
from bot.setup.manifest import App
from bot.setup.walk import missing, walked


class Counter(Unattended):
    """A console that is told when something is asked."""

    def __init__(self) -> None:
        self.asked = 0


def walk_of(*steps: str, back_at: list[str]) -> list[str]:
    """The names of the steps in the order in which they were taken. One whose name begins with "-" asks nothing; those
    in `back_at` are left backwards, each time that they stand there."""
    console, taken = Counter(), list[str]()

    def step(name: str) -> Callable[[], None]:
        def take() -> None:
            taken.append(name)
            console.asked += not name.startswith("-")
            if name in back_at:
                back_at.remove(name)
                raise GoBack

        return take

    walked([step(name) for name in steps], console)
    return taken


@pytest.mark.parametrize(
    ("back_at", "taken"),
    [
        ([], ["a", "-b", "c", "d"]),
        (["d"], ["a", "-b", "c", "d", "c", "d"]),
        (["c"], ["a", "-b", "c", "a", "-b", "c", "d"]),
        (["d", "c"], ["a", "-b", "c", "a", "-b", "c", "d", "c", "d"]),
        (["a"], ["a", "a", "-b", "c", "d"]),
    ],
)
def test_back_is_the_last_step_that_has_asked_something(back_at: list[str], taken: list[str]) -> None:
    assert walk_of("a", "-b", "c", "d", back_at=list(back_at)) == taken


ALL = {
    "FLOWISE_URL": "http://f",
    "FLOWISE_CHATFLOW_ID": "x",
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_SIGNING_SECRET": "s",
    "SLACK_CONFIG_TOKEN": "xoxe-1",
}


@pytest.mark.parametrize(
    ("flags", "lacking"),
    [
        (
            Flags(),
            ["--flowise-url or FLOWISE_URL", "--chatflow or FLOWISE_CHATFLOW_ID", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"],
        ),
        (Flags(flowise_url="http://f/canvas/x", way=Way.TOKEN), ["SLACK_CONFIG_TOKEN"]),
        (Flags(flowise_url="http://f", chatflow_id="x", way=Way.CLI), []),
        (
            Flags(flowise_url="http://f/canvas/x", app=App(host="https://b.example")),
            ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"],
        ),
    ],
)
def test_all_that_is_missing_is_named_at_once(flags: Flags, lacking: list[str]) -> None:
    assert missing(flags, {}) == lacking
    assert missing(flags, ALL) == []


def test_without_anybody_a_default_is_taken_and_its_absence_told_by_name() -> None:
    console = Unattended()
    assert console.line("Where?", setting("FLOWISE_URL"), default="http://f") == "http://f"
    assert console.secret("Key?", setting("FLOWISE_API_KEY"), optional=True) == ""
    with pytest.raises(Unanswered, match=r"^SLACK_BOT_TOKEN is not set$"):
        console.secret("Token?", setting("SLACK_BOT_TOKEN"), flag="SLACK_BOT_TOKEN")
    with pytest.raises(Unanswered, match=r"^SLACK_BOT_TOKEN: this is an app-level token") as told:
        console.secret("Token?", setting("SLACK_BOT_TOKEN"), kept="xapp-secret", flag="SLACK_BOT_TOKEN")
    assert "xapp-secret" not in str(told.value)


@pytest.mark.parametrize(
    ("values", "port"),
    [
        ({"FLOWISE_URL": "http://localhost:3000"}, {"PORT": "3001"}),
        ({"FLOWISE_URL": "http://localhost:3000", "PORT": "4000"}, {}),
        ({"FLOWISE_URL": "http://localhost:8080"}, {}),
        ({"FLOWISE_URL": "https://flowise.example:3000"}, {}),
    ],
)
def test_the_bot_does_not_take_flowise_s_port(values: dict[str, str], port: dict[str, str]) -> None:
    assert own_port(values) == port


def test_what_is_written_is_what_was_chosen() -> None:
    answers = Answers(dict(ALL), app=App())
    plain = {"FLOWISE_URL": "http://f", "FLOWISE_CHATFLOW_ID": "x", "SLACK_BOT_TOKEN": "xoxb-1"}
    assert answers.to_write == plain | {"SLACK_APP_TOKEN": "xapp-1"}
    answers.app = App(command="/ada", host="https://b.example")
    # With an app-level token the bot would use Socket Mode.
    by_http = {"SLACK_SIGNING_SECRET": "s", "SLACK_APP_TOKEN": "", "SLACK_COMMAND": "/ada"}
    assert answers.to_write == plain | by_http


def test_the_environment_wins_and_a_proxy_s_name_in_lower_case() -> None:
    given = {"FLOWISE_URL": "http://e", "HTTPS_PROXY": "upper", "https_proxy": "lower", "HOME": "/"}
    written = {"FLOWISE_URL": "http://w", "FLOWISE_CHATFLOW_ID": "x", "OTHER": "1"}
    assert known(given, written) == {"FLOWISE_URL": "http://e", "FLOWISE_CHATFLOW_ID": "x", "HTTPS_PROXY": "lower"}


def test_ways_that_cannot_be_read_are_named() -> None:
    with pytest.raises(SettingsError, match="FLOWISE_HEADERS"):
        _ = Answers({"FLOWISE_HEADERS": "nothing"}).server
    with pytest.raises(SettingsError, match="HTTPS_PROXY"):
        _ = Answers({"HTTPS_PROXY": "socks5://p"}).network


def test_an_address_that_cannot_be_read_is_named_before_anything_is_asked() -> None:
    flags = Namespace(yes=True, flowise_url="http://[", chatflow="", name="", slash_command="", no_files=False, http="")
    with pytest.raises(SettingsError, match=r"^--flowise-url: "):
        flags_of(flags)
