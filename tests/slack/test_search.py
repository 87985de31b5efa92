"""Messages of ours that are looked for among thousands: found wherever they stand, and never made twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.playground.slack import LocalSlack
from bot.records.thread import Thread
from bot.reply.contract import Finished, Place, Sentence
from bot.reply.edited import EditedReply
from bot.slack.calls import (
    Accepted,
    FindStream,
    Lost,
    Posted,
    PostMessage,
    Refused,
    SendFile,
    ShareFile,
    StartStream,
    Uploaded,
)
from bot.slack.client import SlackClient
from bot.slack.text.blocks import plain
from bot.slack.wire import web_client


class Wall:
    """Seconds since the epoch, as the test has them."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
async def slack(wall: Wall) -> AsyncIterator[LocalSlack]:
    async with LocalSlack(wall=wall) as running:
        yield running


@pytest.fixture
async def root(slack: LocalSlack, ada: str, channel: str) -> str:
    return await slack.say(ada, channel, "a long thread")


async def chatter(slack: LocalSlack, user: str, channel: str, count: int, thread_ts: str | None = None) -> str:
    """People talk; returns the `ts` of their last message."""
    return [await slack.say(user, channel, f"m{number}", thread_ts=thread_ts) for number in range(count)][-1]


def post(channel: str, thread_ts: str | None, *, since: str = "", look: bool = False) -> PostMessage:
    return PostMessage(channel, "an answer", plain("an answer"), thread_ts, mark="a1b2c3-0", look=look, since=since)


def ours(slack: LocalSlack, channel: str) -> list[str]:
    return [message.ts for message in slack.messages(channel) if message.user == slack.bot_user_id]


def looks(slack: LocalSlack) -> int:
    return sum(call.method in ("conversations.replies", "conversations.history") for call in slack.calls)


async def test_a_lost_post_is_found_in_a_thread_of_more_than_a_page(
    slack: LocalSlack, session: aiohttp.ClientSession, client: SlackClient, ada: str, channel: str, root: str
) -> None:
    asked = await chatter(slack, ada, channel, 1_100, root)
    slack.drop_reply("chat.postMessage", times=2)
    assert isinstance(await client.call(post(channel, root, since=asked)), Lost)
    assert isinstance(await client.call(post(channel, root, since=asked)), Posted)
    assert looks(slack) == 1  # it is looked for from the question on
    other = SlackClient(web_client(slack.bot_token, slack.url, session), session)
    assert isinstance(await other.call(post(channel, root, look=True)), Posted)  # and without one from the beginning
    assert looks(slack) == 3
    assert len(ours(slack, channel)) == 1


@pytest.mark.parametrize("place", ["thread", "channel", "direct message"])
@pytest.mark.parametrize("known", [False, True])
async def test_a_lost_post_is_found_though_others_write_on(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str, place: str, known: bool
) -> None:
    slack.longest_page = 15
    where, thread_ts = slack.dm(ada) if place == "direct message" else channel, root if place == "thread" else None
    asked = await chatter(slack, ada, where, 40, thread_ts)
    call = post(where, thread_ts, since=asked if known else "")
    slack.drop_reply("chat.postMessage")
    assert isinstance(await client.call(call), Lost)
    await chatter(slack, ada, where, 40, thread_ts)
    assert await client.call(call) == Posted(ours(slack, where)[0], found=True)
    assert len(ours(slack, where)) == 1
    assert looks(slack) <= 4


async def test_one_that_was_never_made_is_made_once_all_pages_were_looked_at(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str
) -> None:
    slack.longest_page = 15
    asked = await chatter(slack, ada, channel, 1, root)
    await chatter(slack, ada, channel, 40, root)
    assert await client.call(post(channel, root, since=asked, look=True)) == Posted(ours(slack, channel)[0])
    assert looks(slack) == 3


async def test_a_search_that_slack_breaks_off_goes_on_from_there(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str
) -> None:
    slack.longest_page = 15
    asked = await chatter(slack, ada, channel, 1, root)
    await chatter(slack, ada, channel, 50, root)
    call = post(channel, root, since=asked)
    slack.drop_reply("chat.postMessage")
    assert isinstance(await client.call(call), Lost)
    results = []
    for _ in range(4):  # one page a minute
        slack.limit("conversations.replies", 60, after=1)
        results.append(await client.call(call))
    slack.no_faults()
    assert [type(result) for result in results] == [Lost, Lost, Lost, Posted]
    assert looks(slack) == 7  # four pages, three of which were followed by a limit
    assert len(ours(slack, channel)) == 1


async def test_a_cursor_that_is_not_good_any_more_begins_the_search_anew(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str
) -> None:
    slack.longest_page = 15
    await chatter(slack, ada, channel, 40, root)
    call = post(channel, root)
    slack.drop_reply("chat.postMessage")
    assert isinstance(await client.call(call), Lost)
    slack.limit("conversations.replies", 60, after=1)
    assert isinstance(await client.call(call), Lost)
    slack.refuse("conversations.replies", "invalid_cursor")
    assert isinstance(await client.call(call), Lost)
    slack.no_faults()
    assert isinstance(await client.call(call), Posted)
    assert len(ours(slack, channel)) == 1


async def test_a_lost_stream_is_not_mistaken_for_an_earlier_answer_of_the_same_words(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str
) -> None:
    await client.identity()
    earlier = await client.call(StartStream(channel, root, ada, slack.team_id, "Hello!", mark="earlier"))
    assert isinstance(earlier, Posted)
    asked = await slack.say(ada, channel, "again", thread_ts=root)
    call = StartStream(channel, root, ada, slack.team_id, "Hello!", mark="a1b2c3-0", since=asked)
    slack.break_before("chat.startStream")
    assert isinstance(await client.call(call), Lost)
    made = await client.call(call)
    assert isinstance(made, Posted)
    assert not made.found
    assert made.ts != earlier.ts


async def test_a_shared_file_is_found_in_a_long_thread(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str
) -> None:
    slack.longest_page = 15
    await chatter(slack, ada, channel, 40, root)
    sent = await client.call(SendFile("rest", "answer.md", b"x"))
    assert isinstance(sent, Uploaded)
    call = ShareFile(channel, root, "rest", sent.file_id)
    slack.drop_reply("files.completeUploadExternal")
    assert isinstance(await client.call(call), Lost)
    assert await client.call(replace(call, look=True)) == Accepted()
    assert len([message for message in slack.messages(channel) if message.files]) == 1


def test_what_an_answer_posts_is_looked_for_from_its_question_on() -> None:
    reply = EditedReply(Place("C1", "1.0", "U1", since="7.0"), reference="r", interval=1.0, has_status=False)
    for event in (Sentence("Hi."), Finished()):
        reply.receive(event, 0.0)
    call = reply.next_call(0.0)
    assert isinstance(call, PostMessage)
    assert call.since == "7.0"


# Earlier messages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 2, 60, 900])
async def test_the_last_messages_of_a_long_thread_are_its_last(
    slack: LocalSlack, client: SlackClient, wall: Wall, ada: str, channel: str, root: str, days: int
) -> None:
    slack.longest_page = 50
    await chatter(slack, ada, channel, 300, root)
    wall.now += days * 86_400.0
    for number in range(5):
        await slack.say(ada, channel, f"late {number}", thread_ts=root)
    asked = await slack.say(ada, channel, "and now?", thread_ts=root)
    said = await client.replies(Thread(slack.team_id, channel, root), before=asked, limit=8)
    assert [one.text for one in said] == ["m297", "m298", "m299", *(f"late {number}" for number in range(5))]
    assert looks(slack) <= 13


async def test_of_a_thread_that_is_too_long_no_wrong_messages_are_read(
    slack: LocalSlack, client: SlackClient, wall: Wall, ada: str, channel: str, root: str
) -> None:
    slack.longest_page = 15
    await chatter(slack, ada, channel, 300, root)
    wall.now += 90 * 86_400.0
    await slack.say(ada, channel, "late", thread_ts=root)
    asked = await slack.say(ada, channel, "and now?", thread_ts=root)
    said = await client.replies(Thread(slack.team_id, channel, root), before=asked, limit=8)
    assert [one.text for one in said] == ["late"]
    assert looks(slack) <= 13


@pytest.mark.parametrize("state", ["in_progress", "completed", ""])
async def test_an_open_stream_is_found_if_it_is_ours_later_than_the_question_and_not_noted(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str, state: str
) -> None:
    await client.identity()
    question = await slack.say(ada, channel, "why?", thread_ts=root)
    assert isinstance(await client.call(post(channel, root)), Posted)  # it bears a mark
    await slack.say(ada, channel, "anybody?", thread_ts=root)
    search = FindStream(channel, root, "a1b2c3-stream", question)
    assert await client.call(search) == Refused("not_found")
    started = await client.call(StartStream(channel, root, ada, slack.team_id, "words", mark="a1b2c3-0"))
    assert isinstance(started, Posted)
    place, found = slack.core.channel(channel), Posted(started.ts, found=True)
    place.put(replace(place.messages[started.ts], streaming_state=state))
    assert await client.call(search) == (Refused("not_found") if state == "completed" else found)
    assert await client.call(replace(search, known=(started.ts,))) == Refused("not_found")
    assert await client.call(replace(search, since=started.ts)) == Refused("not_found")
