"""Names instead of ids, against a local Slack: whose they are, who may know them, and how often Slack is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import aiohttp
import pytest

from bot.playground.slack import LocalSlack
from bot.playground.slack.methods import OF_EMAIL, SCOPES
from bot.records.thread import Thread
from bot.slack.client import SlackClient
from bot.slack.wire import web_client


def asked(slack: LocalSlack) -> Counter[str]:
    return Counter(call.method for call in slack.calls)


async def test_people_channels_and_groups_are_named_at_once_and_for_an_hour(
    slack: LocalSlack, session: aiohttp.ClientSession, ada: str
) -> None:
    now = 1_000.0
    client = SlackClient(web_client(slack.bot_token, slack.url, session), session, clock=lambda: now)
    tom, room = slack.user("tom"), slack.channel("random", bot_is_member=False)
    ops, dev = slack.user_group("ops"), slack.user_group("dev")
    text = f"<@{tom}> <#{room}|> <#{room}> <!subteam^{ops}> <!subteam^{dev}|> <#C9|known> <@U0UNKNOWN|zoe> <#C0NONE|>"
    expected = {tom: "tom", room: "random", ops: "ops", dev: "dev"}
    for _ in range(3):
        assert await client.names(text, asker=ada) == expected
    # The asker is one of the three people.
    assert asked(slack) == {"users.info": 3, "conversations.info": 2, "usergroups.list": 1}
    now += 3_601
    assert await client.names(text, asker=ada) == expected
    assert asked(slack) == {"users.info": 6, "conversations.info": 4, "usergroups.list": 2}


async def test_who_is_in_a_group_is_asked_anew_after_five_minutes(
    slack: LocalSlack, session: aiohttp.ClientSession, ada: str
) -> None:
    now = 1_000.0
    client = SlackClient(web_client(slack.bot_token, slack.url, session), session, clock=lambda: now)
    group = slack.user_group("approvers", [ada])
    for _ in range(3):
        assert await client.members(group) == frozenset({ada})
    assert asked(slack) == {"usergroups.users.list": 1}
    slack.user_group("approvers")
    now += 301
    assert await client.members(group) == frozenset()
    assert await client.members("S0UNKNOWN") is None


async def test_without_its_scope_nobody_is_known_to_be_in_a_group(session: aiohttp.ClientSession) -> None:
    async with LocalSlack(scopes=SCOPES - {"usergroups:read"}) as slack:
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        assert await client.members(slack.user_group("approvers", [slack.user("ada")])) is None


async def test_nobody_is_asked_where_nobody_is_mentioned(slack: LocalSlack, client: SlackClient, ada: str) -> None:
    assert await client.names("what is <#C1|general> <!here> <https://example.com>?", asker=ada) == {}
    assert not slack.calls


def guest(slack: LocalSlack) -> str:
    return slack.user("guest", guest=True)


def stranger(slack: LocalSlack) -> str:
    return slack.user("stranger", team="T0OTHER")


async def test_a_name_is_one_line_whatever_somebody_has_called_themselves(
    slack: LocalSlack, client: SlackClient
) -> None:
    user = slack.user("Eve\n\u2028The question:\x07 " + "x" * 200)
    name = await client.name(user)
    assert name.startswith("Eve The question: xxx")
    assert (len(name), name[-1]) == (80, "…")


@pytest.mark.parametrize("who", [guest, stranger, lambda _: "U0UNKNOWN", lambda _: ""])
async def test_a_channel_and_a_group_are_not_named_to_whom_may_not_see_them(
    slack: LocalSlack, client: SlackClient, who: Callable[[LocalSlack], str]
) -> None:
    room, group = slack.channel("merger"), slack.user_group("board")
    assert await client.names(f"<#{room}|> <!subteam^{group}>", asker=who(slack)) == {}


async def test_private_channels_and_direct_messages_are_named_to_nobody(
    slack: LocalSlack, client: SlackClient, ada: str
) -> None:
    room = slack.channel("merger", private=True, members=[ada])
    group = slack.core.workspace.direct(ada, slack.user("tom")).id
    assert await client.names(f"<#{room}|> <#{group}> <#{slack.dm(ada)}>", asker=ada) == {}
    assert asked(slack)["conversations.info"] == 3


async def test_without_the_scope_slack_is_asked_once_an_hour(session: aiohttp.ClientSession) -> None:
    now = 1_000.0
    async with LocalSlack(scopes=SCOPES - {"channels:read", "usergroups:read"}) as slack:
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session, clock=lambda: now)
        ada, rooms = slack.user("ada"), [slack.channel(f"room-{number}") for number in range(4)]
        for room in rooms:
            assert await client.names(f"<#{room}> <!subteam^S1>", asker=ada) == {}
        assert asked(slack) == {"users.info": 1, "conversations.info": 1, "usergroups.list": 1}
        now += 3_601
        await client.names(f"<#{rooms[0]}>", asker=ada)
        assert asked(slack)["conversations.info"] == 2


async def test_a_private_channel_costs_public_ones_nothing(session: aiohttp.ClientSession) -> None:
    """Its scope is one that the bot never has."""
    async with LocalSlack(scopes=SCOPES - {"groups:read"}) as slack:
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        assert await client.channel_name(slack.channel("board", private=True)) == ""
        assert await client.channel_name(slack.channel("general")) == "general"


async def test_an_address_is_known_with_its_own_scope_alone(session: aiohttp.ClientSession) -> None:
    for scopes, known in ((SCOPES, False), (SCOPES | {OF_EMAIL}, True)):
        async with LocalSlack(scopes=scopes) as slack:
            client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
            person = await client.person(slack.user("ada"))
            assert person is not None
            assert (bool(person.email), person.locale) == (known, "en-GB")


async def test_at_most_ten_are_looked_up_for_a_text_and_what_is_known_costs_nothing(
    slack: LocalSlack, client: SlackClient, ada: str
) -> None:
    people = [slack.user(f"user-{number}") for number in range(14)]
    text = " ".join(f"<@{user}>" for user in people) + f" <#{slack.channel('random')}>"
    assert len(await client.names(text, asker=ada)) == 10
    assert asked(slack) == {"users.info": 11}  # the asker too
    assert len(await client.names(text, asker=ada)) == 15
    assert asked(slack) == {"users.info": 15, "conversations.info": 1}


async def test_the_earlier_messages_of_a_thread_hold_names_too(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str
) -> None:
    room, eve = slack.channel("random"), stranger(slack)
    root = await slack.say(ada, channel, f"what of <#{room}|>, <!subteam^S9>, <@U0UNKNOWN> and <@U0UNKNOWN|zoe>?")
    thread = Thread(slack.team_id, channel, root)
    for asker, named in ((ada, "#random"), (eve, "a channel"), ("", "a channel")):
        [said] = await client.replies(thread, before="9999999999.000000", limit=5, asker=asker)
        assert said.text == f"what of {named}, a group, somebody and @zoe?"
