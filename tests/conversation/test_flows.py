"""Tests which flow a question is asked of: a conversation keeps its own, whatever becomes of the routes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bot.config.effective import Effective, EffectiveRoute, Origin
from bot.config.routing import Asked
from bot.conversation.chats import Chats
from bot.conversation.flows import chosen, kept_flow
from bot.conversation.question import Question
from bot.records.thread import NotedFlow, Thread
from bot.reply.contract import Place
from bot.slack import wording_of_flows
from bot.store.redis import RedisStore
from tests.config.made import held

ROUTES = """
default = "handbook"
[[routes]]
flow = "it"
channels = ["C0000000IT"]
[[routes]]
flow = "law"
keywords = ["law"]
"""
CHANNELS = ("C0000000IT", "C00000LAW1", "C0GENERAL1")


def asked(text: str = "why?", channel: str = "C0GENERAL1") -> Asked:
    return Asked(channel, text)


@pytest.mark.parametrize(
    ("noted", "question", "flow", "text", "shown"),
    [
        (None, asked(), "handbook", "why?", "handbook"),
        (None, asked("law: why?"), "law", "law: why?", "law"),
        (None, asked("with Law: why?"), "law", "why?", "law"),
        (None, asked(channel="C0000000IT"), "it", "why?", ""),
        (NotedFlow("it", "i"), asked(), "it", "why?", "it"),
        (NotedFlow("it", "i"), asked(channel="C0000000IT"), "it", "why?", ""),
        (NotedFlow("it", "i"), asked("law: why?"), "it", "law: why?", "it"),
        (NotedFlow("it", "i"), asked("with it: why?"), "it", "why?", "it"),
        (NotedFlow("it", "another"), asked(), "it", "why?", "it"),
        (NotedFlow("", "l"), asked(), "law", "why?", "law"),  # from before the file
        (NotedFlow("", "unknown"), asked(), "handbook", "why?", "handbook"),
    ],
)
def test_the_flow_of_a_question(noted: NotedFlow | None, question: Asked, flow: str, text: str, shown: str) -> None:
    choice = chosen(held(ROUTES), noted, question)
    assert (choice.flow, choice.text, choice.shown, choice.sentence) == (flow, text, shown, "")


@pytest.mark.parametrize(
    ("noted", "question", "sentence"),
    [
        (None, asked("with it: why?"), wording_of_flows.not_from_here("it")),
        (NotedFlow("gone", "i"), asked(), wording_of_flows.GONE),
        (NotedFlow("it", "i"), asked("with law: why?"), wording_of_flows.of_another("law", "it")),
    ],
)
def test_a_sentence_where_none_is_asked(noted: NotedFlow | None, question: Asked, sentence: str) -> None:
    choice = chosen(held(ROUTES), noted, question)
    assert (choice.flow, choice.sentence) == (None, sentence)


def test_a_sentence_where_no_route_leads_anywhere() -> None:
    assert chosen(held(""), None, asked()).sentence == wording_of_flows.NONE_HERE


def test_what_was_chosen_with_the_question_goes_before_routes_and_after_the_conversation() -> None:
    effective = held(ROUTES)
    assert chosen(effective, None, asked(), "law").flow == "law"
    assert chosen(effective, NotedFlow("it", "i"), asked(), "law").flow == "it"
    assert chosen(effective, None, asked(), "gone").flow == "handbook"


@pytest.mark.parametrize("noted", [None, NotedFlow("it", "i"), NotedFlow("", "other")])
def test_without_a_file_there_is_one_flow(noted: NotedFlow | None) -> None:
    effective = held(ROUTES)
    alone = replace(effective, flows={"": replace(effective.flows["it"], name="")}, routes=(), default="")
    assert chosen(alone, noted, asked("with it: why?")).flow == ""
    assert chosen(alone, noted, asked("with it: why?")).text == "with it: why?"


def changed(effective: Effective, chance: random.Random) -> Effective:
    """The configuration after somebody has changed something."""
    names = list(effective.flows)
    match chance.randrange(4):
        case 0:
            return replace(effective, default=chance.choice([None, *names]))
        case 1:
            routes = list(effective.routes)
            chance.shuffle(routes)
            return replace(effective, routes=tuple(routes[: chance.randrange(5)]))
        case 2:
            channels = frozenset(chance.sample(CHANNELS, chance.randint(1, 3)))
            keywords = chance.choice([None, frozenset({"why"})])
            route = EffectiveRoute(chance.choice(names), channels, None, keywords, None, None, Origin.FILE)
            return replace(effective, routes=(route, *effective.routes))
        case _:
            name = chance.choice(names)
            flow = replace(effective.flows[name], chatflow_id=f"{chance.randrange(9)}")
            return replace(effective, flows={**effective.flows, name: flow})


def test_ten_thousand_changes_of_the_routes_move_no_conversation() -> None:
    chance, effective = random.Random(19), held(ROUTES)
    begun: list[tuple[Asked, NotedFlow]] = []
    moved_away = 0
    for _ in range(10_000):
        effective = changed(effective, chance)
        if len(begun) < 200:
            there = asked(chance.choice(["why?", "law, why?"]), chance.choice(CHANNELS))
            flow = chosen(effective, None, there).flow
            if flow is not None:
                begun.append((there, NotedFlow(flow, effective.flows[flow].chatflow_id)))
        there, noted = chance.choice(begun or [(asked(), NotedFlow("it", "i"))])
        assert chosen(effective, noted, there).flow == noted.name
        moved_away += chosen(effective, None, there).flow != noted.name
    assert moved_away > 5_000  # these would have moved by the routes


def test_a_flow_that_is_gone_is_nobody_else_s_though_another_has_its_chatflow() -> None:
    assert kept_flow(held(ROUTES), NotedFlow("gone", "i")) is None


async def test_a_thread_keeps_its_flow_over_a_new_chat_and_loses_it_by_starting_over(store: RedisStore) -> None:
    chats, thread, flow = Chats(store, wall=lambda: 1.0), Thread("T1", "C1", "1.0"), NotedFlow("it", "i")
    question = Question(thread, Place("C1", "1.0", "U1"), "1.0", "why?", "abc123")
    await chats.keep(question, await chats.of(question, None, flow))
    await chats.fresh(thread, flow)  # and the process dies before it is noted
    assert await chats.flow_of(thread, await store.conversation(thread)) == flow
    await chats.start_over(thread)
    assert await chats.flow_of(thread, await store.conversation(thread)) is None


async def test_a_thread_under_a_direct_message_has_the_flow_of_that_message(store: RedisStore) -> None:
    chats, flow = Chats(store, wall=lambda: 1.0), NotedFlow("it", "i")
    outside, under = Thread("T1", "D1", ""), Thread("T1", "D1", "9.0")
    question = Question(outside, Place("D1", None, "U1"), "9.0", "why?", "abc123")
    chats.begin(question)
    chat = await chats.of(question, None, flow)
    await chats.keep(question, chat)
    assert await chats.flow_of(under, None) == flow
    assert (await chats.of(replace(question, thread=under), None, flow)).chat_id == chat.chat_id
    other = await chats.of(replace(question, thread=under), None, NotedFlow("law", "i"))
    assert other.is_new
