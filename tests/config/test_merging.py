"""Tests which of several values holds, and that its origin is told."""

from __future__ import annotations

import json
import tomllib

import pytest

from bot.config import report
from bot.config.effective import Effective, Origin
from bot.config.merging import effective, setting_of
from bot.config.model import Access, Fairness, Flow, HomeSettings, Route
from bot.config.values import Rate
from bot.settings.settings import Settings
from tests.config.made import environment, held


def of(holds: Effective, key: str) -> tuple[object, str]:
    [value] = [value for value in holds.values if value.key == key]
    return value.value, value.origin.value


HOME = HomeSettings(
    default="law",
    access=Access(outsiders="answer", guests="refuse"),
    fairness=Fairness(questions_per_person=Rate.read("5/day")),
)


@pytest.mark.parametrize(
    ("lines", "settings", "home", "outsiders"),
    [
        ("", {}, None, ("refuse", "default")),
        ("", {}, HOME, ("answer", "App Home")),
        ("", {"BOT_EXTERNAL_PEOPLE": "refuse"}, HOME, ("refuse", "environment")),
        ('[access]\noutsiders = "answer"\n', {"BOT_EXTERNAL_PEOPLE": "refuse"}, HOME, ("answer", "file")),
    ],
)
def test_the_later_origin_holds(
    lines: str, settings: dict[str, str], home: HomeSettings | None, outsiders: tuple[str, str]
) -> None:
    holds = held(lines, home, **settings)
    assert of(holds, "access.outsiders") == outsiders
    assert holds.access.outsiders == (outsiders[0] == "answer")


def test_the_app_home_stands_over_defaults_and_under_the_file() -> None:
    holds = held('default = "it"\n[fairness]\nat_once_per_person = 2\n', HOME)
    assert of(holds, "default") == ("it", "file")
    assert of(holds, "access.guests") == ("refuse", "App Home")
    assert (of(holds, "fairness.questions_per_person")[1], of(holds, "fairness.at_once_per_person")) == (
        "App Home",
        (2, "file"),
    )
    assert holds.fairness.questions_per_person == Rate(5, 86_400)
    assert of(held("", HOME), "default") == ("law", "App Home")
    assert of(held(""), "default") == (None, "default")


def test_a_route_is_told_with_its_origin() -> None:
    home = HomeSettings(routes=(Route(flow="law", channels=("C0123ABCD",)),))
    holds = held('[[routes]]\nflow = "it"\nkeywords = ["VPN"]\n', home)
    assert [route.origin for route in holds.routes] == [Origin.FILE, Origin.HOME]
    assert of(holds, "routes[0].keywords") == (("vpn",), "file")
    assert of(holds, "App Home's routes[0].flow") == ("law", "App Home")


def test_a_flow_has_what_the_settings_say_unless_it_says_otherwise() -> None:
    lines = '[flows.x]\nchatflow_id = "x"\nurl = "http://x/"\nevent_timeout = 5\nvars = ["email"]\n'
    holds = held(lines, FLOWISE_EVENT_TIMEOUT="60", FLOWISE_VARS="user_id, locale", BOT_FEEDBACK="off")
    ours, theirs = holds.flows["x"], holds.flows["handbook"]
    assert (ours.url, ours.event_timeout, ours.vars, ours.feedback) == ("http://x", 5, ("email",), "off")
    assert (theirs.url, theirs.event_timeout) == ("http://flowise:3000", 60)
    assert (theirs.vars, theirs.feedback) == (("user_id", "locale"), "off")
    assert of(holds, "flows.x.event_timeout") == (5, "file")
    assert of(holds, "flows.handbook.event_timeout") == (60, "environment")
    assert of(holds, "flows.handbook.json_timeout") == (600, "default")
    assert (ours.shown, list(holds.flows)) == ("x", ["x", "handbook", "it", "law"])


def test_the_key_of_one_flowise_is_not_sent_to_another() -> None:
    lines = '[flows.x]\nchatflow_id = "x"\nurl = "http://x"\n[flows.y]\nchatflow_id = "y"\napi_key_file = "y.key"\n'
    holds = held(lines, FLOWISE_API_KEY="secretvalue", FLOWISE_HEADERS="A=secretvalue")
    named = {name: (flow.api_key_env, flow.headers_env) for name, flow in holds.flows.items()}
    ours = ("FLOWISE_API_KEY", "FLOWISE_HEADERS")
    assert named == {"x": ("", ""), "y": ("", "FLOWISE_HEADERS"), "handbook": ours, "it": ours, "law": ours}
    assert "secretvalue" not in f"{holds}{report.as_json(holds)}{report.as_text(holds)}"


def test_without_a_file_there_is_one_flow_without_a_name() -> None:
    holds = effective(environment(FLOWISE_CHATFLOW_ID="f"), None, HOME)
    assert [(name, flow.chatflow_id) for name, flow in holds.flows.items()] == [("", "f")]
    assert (holds.default, holds.routes, holds.admins) == ("", (), frozenset())
    assert of(holds, "flow.chatflow_id") == ("f", "environment")
    assert holds.access.guests is False


def test_every_setting_that_is_named_is_one() -> None:
    named = {setting_of(table, name) for table in (Flow, Route, Access) for name in table.model_fields} - {""}
    assert len(named) > 10
    assert named <= {name.upper() for name in Settings.model_fields}


def test_what_holds_is_printed_with_its_origin() -> None:
    holds = held('[access.channels]\nallow = ["C0123ABCD"]\n[fairness]\nquestions_per_person = "30/hour"\n')
    text = report.as_text(holds).splitlines()
    assert [line.split() for line in text if "channels.allow" in line] == [
        ["access.channels.allow", '["C0123ABCD"]', "(file)"]
    ]
    assert [line.split() for line in text if "flows.it.title" in line] == [
        ["flows.it.title", "not", "set", "(default)"]
    ]
    values = json.loads(report.as_json(holds))["values"]
    assert {"key": "fairness.questions_per_person", "value": "30/hour", "origin": "file"} in values
    assert len({value["key"] for value in values}) == len(values) == len(text)


@pytest.mark.parametrize("text", ["1/hour", "30/hour", "200/minute", "5/day"])
def test_a_rate_is_printed_as_it_was_read(text: str) -> None:
    assert str(Rate.read(text)) == tomllib.loads(f'rate = "{text}"')["rate"]
