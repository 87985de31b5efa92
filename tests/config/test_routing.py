"""Tests which flow is asked: by the place, the command and the words of a question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.merging import effective
from bot.config.model import HomeSettings, Route
from bot.config.routing import Asked, choosable, choose, follow_ups, reachable
from tests.config.made import environment, held

ROUTES = """
default = "handbook"
[[routes]]
flow = "it"
channels = ["C0000000IT"]
follow_ups = "mentions"
[[routes]]
flow = "law"
keywords = ["Law", "GDPR"]
direct_messages = false
[[routes]]
flow = "it"
commands = ["/it", "/help-desk"]
[[routes]]
flow = "it"
keywords = ["vpn"]
channels = ["C000000000", "C000000001"]
"""
ASKED = {
    "in the flow's channel": (Asked("C0000000IT", "gdpr?"), "it", ("it",)),
    "elsewhere": (Asked("C000000009", "what is leave?"), "handbook", ("law", "handbook")),
    "with a word": (Asked("C000000009", "GDPR: what is it?"), "law", ("law", "handbook")),
    "with the word in quotes": (Asked("C000000009", "“Gdpr” means?"), "law", ("law", "handbook")),
    "with the word in bold": (Asked("C000000009", " *law*, please"), "law", ("law", "handbook")),
    "with a word that begins like one": (Asked("C000000009", "lawn mowers"), "handbook", ("law", "handbook")),
    "with the word later": (Asked("C000000009", "is it law"), "handbook", ("law", "handbook")),
    "without a word": (Asked("C000000009", " … "), "handbook", ("law", "handbook")),
    "with nothing": (Asked("C000000009", ""), "handbook", ("law", "handbook")),
    "directly": (Asked("D000000001", "law", is_direct=True), "handbook", ("handbook",)),
    "by a command": (Asked("C000000009", "a token", "/it"), "it", ("law", "it")),
    "by a command, with a word before it": (Asked("C000000009", "law", "/it"), "law", ("law", "it")),
    "by another command": (Asked("C000000009", "a token", "/flowise"), "handbook", ("law", "handbook")),
    "where both must hold": (Asked("C000000001", "vpn?"), "it", ("law", "it", "handbook")),
    "where one does not": (Asked("C000000002", "vpn?"), "handbook", ("law", "handbook")),
}


@pytest.mark.parametrize(("asked", "flow", "among"), ASKED.values(), ids=ASKED)
def test_the_first_route_that_fits_decides(asked: Asked, flow: str, among: tuple[str, ...]) -> None:
    chosen = choose(held(ROUTES), asked)
    assert (chosen.flow, chosen.among, chosen.text) == (flow, among, asked.text)
    assert chosen.is_named == (len(among) > 1)


@pytest.mark.parametrize(
    ("text", "flow", "refused", "left"),
    [
        ("with law: may I?", "law", "", "may I?"),
        ("With  LAW :\nmay I?\nMay they?", "law", "", "may I?\nMay they?"),
        ("with handbook: law?", "handbook", "", "law?"),
        ("with it: may I?", None, "it", "may I?"),
        ("with love: a question", "handbook", "", "with love: a question"),
        ("with law may I: or not", "handbook", "", "with law may I: or not"),
        ("go with law: may I?", "handbook", "", "go with law: may I?"),
    ],
)
def test_a_question_names_a_flow_that_it_can_reach(text: str, flow: str | None, refused: str, left: str) -> None:
    chosen = choose(held(ROUTES), Asked("C000000009", text))
    assert (chosen.flow, chosen.refused, chosen.text) == (flow, refused, left)


IN_DM = """
default = "handbook"
[[routes]]
flow = "law"
keywords = ["gdpr"]
[[routes]]
flow = "it"
channels = ["C0000000IT"]
[[routes]]
flow = "law"
commands = ["/law"]
"""
PREFERRED = {
    "what they have chosen": (Asked("D1", "hello", is_direct=True, preferred="law"), "law"),
    "a word goes before": (Asked("D1", "gdpr?", is_direct=True, preferred="handbook"), "law"),
    "a command goes before": (Asked("D1", "hello", "/law", is_direct=True, preferred="handbook"), "law"),
    "a name goes before": (Asked("D1", "with handbook: hello", is_direct=True, preferred="law"), "handbook"),
    "what no route leads to": (Asked("D1", "hello", is_direct=True, preferred="it"), "handbook"),
    "what is gone": (Asked("D1", "hello", is_direct=True, preferred="gone"), "handbook"),
    "in a channel": (Asked("C1", "hello", preferred="law"), "handbook"),
}


@pytest.mark.parametrize(("asked", "flow"), PREFERRED.values(), ids=PREFERRED)
def test_a_person_chooses_for_their_direct_messages_what_routes_lead_to(asked: Asked, flow: str) -> None:
    assert choose(held(IN_DM), asked).flow == flow


def test_only_direct_messages_have_something_to_be_chosen_for() -> None:
    assert choosable(held(IN_DM), Asked("D1", "", is_direct=True)) == ("law", "handbook")
    assert choosable(held(IN_DM), Asked("C1", "")) == ()


def test_without_a_default_some_questions_reach_nothing() -> None:
    bare = held(ROUTES.replace('default = "handbook"', ""))
    chosen = choose(bare, Asked("C000000009", "what is leave?"))
    assert (chosen.flow, chosen.refused, chosen.among) == (None, "", ("law",))


def test_a_thread_s_follow_ups_are_those_of_the_route_to_its_flow_there() -> None:
    routed = held(ROUTES)
    assert follow_ups(routed, Asked("C0000000IT", ""), "it") == "mentions"
    assert follow_ups(routed, Asked("C0000000IT", ""), "handbook") == "all"
    assert follow_ups(routed, Asked("C000000001", ""), "it") == "all"
    assert follow_ups(held(ROUTES, BOT_FOLLOW_UPS="mentions"), Asked("C000000001", ""), "it") == "mentions"
    by_command = held('[[routes]]\nflow = "it"\ncommands = ["/it"]\nfollow_ups = "mentions"\n')
    assert follow_ups(by_command, Asked("C000000001", ""), "it") == "mentions"


def test_what_was_set_in_the_app_home_comes_after_the_file() -> None:
    home = HomeSettings(
        default="law",
        routes=(Route(flow="law", channels=("C0000000IT", "C000000007")), Route(flow="gone", channels=("C000000008",))),
    )
    routed = held(ROUTES, home)
    asked = {name: choose(routed, Asked(name, "hello")).flow for name in ("C0000000IT", "C000000007", "C000000008")}
    assert asked == {"C0000000IT": "it", "C000000007": "law", "C000000008": "handbook"}
    assert choose(held("", home), Asked("C000000009", "hello")).flow == "law"
    assert choose(held("", HomeSettings(default="gone")), Asked("C000000009", "hello")).flow is None


@given(st.text(max_size=200), st.booleans())
def test_without_a_file_every_question_goes_to_the_only_flow_as_it_is(text: str, is_direct: bool) -> None:
    only = effective(environment(FLOWISE_CHATFLOW_ID="f"))
    chosen = choose(only, Asked("C000000001", text, is_direct=is_direct))
    assert (chosen.flow, chosen.text, chosen.is_named, chosen.refused) == ("", text, False, "")


@given(st.text(alphabet='with lawvpn:\n"*', max_size=30), st.sampled_from(["C0000000IT", "C000000001", "C000000009"]))
def test_no_question_reaches_a_flow_that_no_route_leads_to(text: str, channel: str) -> None:
    routed, asked = held(ROUTES), Asked(channel, text)
    chosen = choose(routed, asked)
    assert chosen.among == reachable(routed, asked)
    assert chosen.flow in chosen.among or (chosen.refused and chosen.flow is None)
    assert text.endswith(chosen.text)
