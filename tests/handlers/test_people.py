"""Who counts as a person who asks, as dialogues: Slackbot, apps, people of a Grid, and mentions that are none."""

from __future__ import annotations

from itertools import count
from typing import Any

from bot.playground.sandbox import Sandbox
from bot.playground.slack.manifest import SUBSCRIPTIONS
from bot.slack import wording

SLACKBOT = "USLACKBOT"
OTHER_APP = "A0OTHER"
_numbers = count(1)


def questions(home: Sandbox) -> list[str]:
    return [str(prediction.question) for prediction in home.flowise.predictions]


async def heard(home: Sandbox, kind: str, text: str, **more: Any) -> None:
    """Slack tells of a message that does not stand there; whatever comes of it has come."""
    ts = f"{home.slack.core.workspace.wall() + next(_numbers) / 1_000:.6f}"
    event = {"type": kind, "channel": home.channel, "user": home.ada, "text": text, "ts": ts, "event_ts": ts} | more
    if kind == "message":
        event = {"channel_type": "channel"} | event
    authorization = {"team_id": home.slack.team_id, "user_id": home.slack.bot_user_id, "is_bot": True}
    envelope = {"type": "event_callback", "team_id": home.slack.team_id, "api_app_id": "A0LOCALAPP", "event": event}
    done = await home.slack.deliver(envelope | {"event_id": f"Ev{ts}", "authorizations": [authorization]})
    assert done.acked
    await home.slack.until(lambda: home.idle)


async def test_slackbot_is_nobody_to_talk_to(home: Sandbox) -> None:
    async with home.bot():
        root = await home.ask(f"{home.mention} hello")
        await home.answered(root)
        dm = home.slack.dm(home.ada)
        reminder = "Reminder: submit your timesheet."
        await heard(home, "message", reminder, user=SLACKBOT, channel=dm, channel_type="im")
        await heard(home, "message", reminder, user=SLACKBOT, thread_ts=root)
        await heard(home, "app_mention", f"Reminder: {home.mention} the report.", user=SLACKBOT)
        assert questions(home) == ["hello"]


async def test_an_app_mention_that_mentions_nobody_is_a_plain_message(home: Sandbox) -> None:
    tom = home.slack.user("tom")
    async with home.bot():
        quiet, root = [await home.ask(f"{home.mention} hello {number}") for number in range(2)]
        await home.answered(quiet)
        await home.answered(root)
        await home.ask(f"{home.mention} quiet", thread_ts=quiet)
        await home.answered(quiet, 2)
        home.flowise.predictions.clear()
        await heard(home, "app_mention", "lunch at noon?", thread_ts=quiet)
        await heard(home, "app_mention", "lunch at noon?")
        await heard(home, "app_mention", f"`{home.mention}` is its name")
        await heard(home, "app_mention", f"<@{tom}> can you look?", thread_ts=root)
        assert questions(home) == []
        await heard(home, "app_mention", "and then?", thread_ts=root)
        await heard(home, "app_mention", f"is `{home.mention}` you?", thread_ts=root)
        await heard(home, "app_mention", "an edit?", thread_ts=root, edited={"user": home.ada, "ts": "9999999999.0"})
        assert questions(home) == ["and then?", "is `@flowise` you?"]
        blocks = [{"type": "rich_text", "elements": [{"type": "user", "user_id": home.slack.bot_user_id}]}]
        await heard(home, "app_mention", "are you there?", thread_ts=quiet, blocks=blocks)
        assert questions(home)[2:] == ["are you there?"]


async def test_a_mention_is_one_question_whichever_event_comes_or_comes_first(home: Sandbox) -> None:
    orders = (["message"], ["app_mention"], ["app_mention", "message"], ["message", "app_mention"])
    ways = [(kind, order) for kind in ("channel", "group", "mpim") for order in orders]
    async with home.bot(bot_follow_ups="mentions"):
        for number, (kind, order) in enumerate(ways):
            ts = f"{home.slack.core.workspace.wall():.6f}"
            for event in order:
                more = {"channel_type": kind} if event == "message" else {}
                await heard(home, event, f"{home.mention} once, {number}?", ts=ts, **more)
        assert questions(home) == [f"once, {number}?" for number in range(len(ways))]


async def test_a_mention_that_comes_only_as_a_message_is_one_wherever_it_stands(home: Sandbox) -> None:
    home.slack.subscriptions = SUBSCRIPTIONS - {"app_mention"}
    secret = home.slack.channel("secret", private=True, members=[home.ada])
    async with home.bot():
        root = await home.ask(f"{home.mention} one")
        await home.answered(root)
        await home.ask(f"{home.mention} quiet", thread_ts=root)
        await home.answered(root, 2)
        await home.ask("not for you", thread_ts=root)
        await home.ask(f"{home.mention} two", thread_ts=root)
        await home.answered(root, 3)
        await home.ask("three", thread_ts=root)
        await home.answered(root, 4)
        theirs = await home.ask("between us", channel=secret)
        await home.ask(f"{home.mention} four", channel=secret, thread_ts=theirs)
        await home.answered(theirs, channel=secret)
        assert [question.split("\n")[-1] for question in questions(home)] == ["one", "two", "three", "four"]


async def test_what_an_app_posts_with_a_person_s_token_is_that_person_s(home: Sandbox) -> None:
    alert = home.slack.user("alert", bot=True)
    async with home.bot():
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} one", app=OTHER_APP)
        await home.answered(root)
        await home.slack.say(home.ada, home.channel, "two", app=OTHER_APP, thread_ts=root)
        await home.answered(root, 2)
        dm = home.slack.dm(home.ada)
        await home.slack.say(home.ada, dm, "three", app=OTHER_APP)
        await home.slack.until(lambda: len(home.slack.messages(dm)) == 2 and home.idle)
        # Its bot is none, be it mentioned or not; and once it has written in a thread, nor is the app there.
        await home.slack.say(alert, home.channel, f"{home.mention} no", app=OTHER_APP)
        await home.slack.say(alert, home.channel, "no", app=OTHER_APP, thread_ts=root)
        await home.slack.settled()
        await home.slack.say(home.ada, home.channel, f"{home.mention} no", app=OTHER_APP, thread_ts=root)
        await home.slack.settled()
        await home.slack.until(lambda: home.idle)
        assert questions(home) == ["one", "two", "three"]
        await home.slack.say(home.ada, home.channel, "four", app="A0THIRD", thread_ts=root)
        await home.answered(root, 3)
        assert [question.split("\n")[-1] for question in questions(home)[3:]] == ["four"]


POSTED: tuple[dict[str, Any], ...] = (
    {"app_id": "A0LOCALAPP"},
    {"bot_id": "B0SOME", "bot_profile": {"app_id": "A0LOCALAPP"}},
    {"bot_id": "B0SOME", "app_id": OTHER_APP, "user": "U0UNKNOWN"},
    {"bot_id": "B0SOME"},
    {"bot_id": "B0SOME", "app_id": OTHER_APP, "subtype": "bot_message"},
    {"bot_id": "B0SOME", "app_id": OTHER_APP, "thread_ts": "1.000001"},
)


async def test_what_may_be_a_bot_s_is_not_answered_and_opens_no_thread(home: Sandbox) -> None:
    alert = home.slack.user("alert", bot=True)
    async with home.bot():
        for more in POSTED:
            for kind in ("message", "app_mention"):
                await heard(home, kind, f"{home.mention} hello", **more)
        root = await home.slack.say(alert, home.channel, f"{home.mention} look", app=OTHER_APP)
        await home.slack.settled()
        await home.ask("a bad one", thread_ts=root)
        await home.slack.settled()
        await home.slack.until(lambda: home.idle)
        assert questions(home) == []
        assert home.slack.ephemerals(home.channel, home.ada) == []


async def test_what_one_says_of_oneself_in_a_direct_message_is_said_to_the_bot(home: Sandbox) -> None:
    async with home.bot():
        dm = home.slack.dm(home.ada)
        await heard(home, "message", "wonders why", channel=dm, channel_type="im", subtype="me_message")
        assert questions(home) == ["wonders why"]


async def test_a_colleague_in_another_workspace_of_the_grid_is_no_stranger(home: Sandbox) -> None:
    home.slack.core.workspace.enterprise_id = "E0GRID"
    mia = home.slack.user("mia", team="T0SIBLING", enterprise="E0GRID")
    eve = home.slack.user("eve", team="T0OTHER", enterprise="E0OTHER")
    shared = home.slack.channel("shared", members=[home.ada, mia, eve], shared=True)
    async with home.bot():
        root = await home.ask(f"{home.mention} hello", channel=shared, user=mia)
        await home.answered(root, channel=shared)
        await home.ask("and then?", channel=shared, user=mia, thread_ts=root)
        await home.answered(root, 2, channel=shared)
        await home.ask(f"{home.mention} me too?", channel=shared, user=eve)
        await home.slack.until(lambda: len(home.slack.ephemerals(shared, eve)) == 1)
        assert home.slack.ephemerals(shared, eve)[0].plain == wording.EXTERNAL
        assert questions(home) == ["hello", "and then?"]


async def test_a_question_reaches_the_flow_with_names_instead_of_ids(home: Sandbox) -> None:
    room, ops = home.slack.channel("random"), home.slack.user_group("ops")
    secret = home.slack.channel("merger", private=True)
    async with home.bot():
        text = f"may <@U0UNKNOWN|tom> and <@U0UNKNOWN> move <#{room}|> to <#{secret}|>, <!subteam^{ops}>?"
        await home.answered(await home.ask(f"{home.mention} {text}"))
        assert questions(home) == ["may @tom and somebody move #random to a channel, @ops?"]
