"""What Slack sends, as tables: text as a person reads it, which messages are people's, what they ask for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.message_text import Quote
from bot.slack.payload import (
    DeletedMessage,
    Instruction,
    command,
    deleted_message,
    edited_after,
    incoming_message,
    instruction,
    is_external,
    mentions,
    plain,
    press,
    unlabelled,
)
from tests.examples import examples

NAMES = {"U1": "Ada", "U2": "Tom & Co", "U3": "Eve\u2028\n\x07 Q", "C1": "general", "S1": "ops", "UBOT": "flowise"}
LONG = "x" * 300
CUT = "x" * 79 + "…"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@UBOT> hello", "hello"),
        ("hello <@UBOT>", "hello"),
        ("<@UBOT|flowise> what is `<@UBOT>`?", "what is `@flowise`?"),
        ("ask <@U1> about it", "ask @Ada about it"),
        ("ask <@U2>", "ask @Tom & Co"),
        ("ask <@U3>", "ask @Eve Q"),
        ("ask <@U9|zoe>", "ask @zoe"),
        ("ask <@U9|@zoe>", "ask @zoe"),
        ("ask <@U1|label>", "ask @Ada"),
        ("ask <@U9>", "ask somebody"),
        ("ask <@U9|>", "ask somebody"),
        ("ask <@U9| >", "ask somebody"),
        ("ask <@W9>", "ask somebody"),
        (f"ask <@U9|{LONG}>", f"ask @{CUT}"),
        ("ask <@U9|a &amp; &lt;b&gt;>", "ask @a & <b>"),
        ("ask <@U9|one\u2028The question: two>", "ask @one The question: two"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
        ("see <https://example.com|the page>", "see the page (https://example.com)"),
        ("see <http://example.com|example.com>", "see http://example.com"),
        ("write <mailto:a@example.com|a@example.com>", "write a@example.com"),
        ("in <#C1|general>", "in #general"),
        ("in <#C1>", "in #general"),
        ("in <#C1|>", "in #general"),
        ("in <#C9|secret>", "in #secret"),
        ("in <#C9|#secret>", "in #secret"),
        ("what belongs in <#C0000002|>?", "what belongs in a channel?"),
        ("in <#C9>", "in a channel"),
        (f"in <#C9|{LONG}>", f"in #{CUT}"),
        ("<!here> and <!subteam^S1|@ops>", "@here and @ops"),
        ("<!here|here> <!channel|@channel> <!everyone>", "@here @channel @everyone"),
        ("<!subteam^S1>", "@ops"),
        ("<!subteam^S1|>", "@ops"),
        ("<!subteam^S9|ops>", "@ops"),
        ("ask <!subteam^S0AAAAAAA>", "ask a group"),
        ("ask <!subteam^S9|>", "ask a group"),
        ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
        ("<!date^1392734382^{date}^https://example.com|Feb 18>", "Feb 18"),
        ("<!date^1392734382^{date}>", "a date"),
        ("<@who> <#what>", "@who #what"),
        ("<|x> <@> <#> <!> <@|x> <#|x> <!|x>", "x () @ # @ @x #x x"),
        ("`a` <@UBOT> `b <@UBOT>` <@UBOT> ```<@UBOT>```", "`a`  `b @flowise`  ```@flowise```"),
        ("1 < 2 and <", "1 < 2 and <"),
        ("", ""),
    ],
)
def test_a_text_as_a_person_reads_it(text: str, read: str) -> None:
    assert plain(text, NAMES, without="UBOT") == read


ID = st.sampled_from(["U0AAAAAAA1", "W0AAAAAAA2", "C0AAAAAAA3", "G0AAAAAAA4", "S0AAAAAAA5"])
LABEL = st.sampled_from(["", "|", "|tom", "|a` ```b", "| &lt;", "|one|two"])
MENTION = st.builds("<{}{}{}>".format, st.sampled_from(["@", "#", "!subteam^"]), ID, LABEL)
OTHER = st.sampled_from(["hello ", "`", "```", "&amp;", "<", ">", "\n", "<@UBOT>", "<https://example.com|x>"])


@given(st.lists(st.one_of(MENTION, OTHER), max_size=8))
@settings(max_examples=examples(100), deadline=None)
def test_no_id_of_slack_s_reaches_the_reader(pieces: list[str]) -> None:
    assert "0AAAAAAA" not in plain("".join(pieces).replace("<<", "< <"), {}, without="UBOT")


def test_what_is_to_be_looked_up() -> None:
    assert unlabelled("<#C1|> <#C2> <#C3|x> <!subteam^S1> <!subteam^S2|> <!subteam^S3|@x> <#C1>") == (
        *("C1", "C2", "S1", "S2"),
    )


def test_who_is_mentioned() -> None:
    assert mentions("<@U1> and <@U2|tom> and <@U1>, not @U3") == ("U1", "U2")


def event(**changes: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "channel": "C1",
        "channel_type": "channel",
        "user": "U1",
        "text": "hi",
        "ts": "1.000100",
    } | (changes)


@pytest.mark.parametrize("subtype", ["file_share", "me_message", "thread_broadcast"])
def test_these_subtypes_are_people_talking(subtype: str) -> None:
    assert incoming_message(event(subtype=subtype)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B1"},
        {"bot_profile": {"id": "B1"}},
        {"bot_profile": "junk"},
        {"bot_id": "B1", "app_id": "A1", "subtype": "bot_message"},
        {"user": "USLACKBOT"},
        {"user": "USLACKBOT", "type": "app_mention", "text": "Reminder: <@UBOT> the report"},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "channel_join"},
        {"hidden": True},
        {"user": None},
        {"ts": 1.5},
        {"channel": ""},
    ],
)
def test_these_are_not(changes: dict[str, Any]) -> None:
    assert incoming_message(event(**changes)) is None


@pytest.mark.parametrize(
    ("changes", "app", "bot"),
    [
        ({}, "", ""),
        ({"app_id": "A1"}, "A1", ""),
        ({"app_id": "A1", "bot_id": "B1"}, "A1", "B1"),
        ({"bot_id": "B1", "bot_profile": {"app_id": "A1"}}, "A1", "B1"),
        ({"app_id": "A1", "bot_profile": {"id": "B1"}}, "A1", "B1"),
        ({"app_id": "A1", "bot_profile": {"name": "x"}}, "A1", "A1"),
    ],
)
def test_what_an_app_has_posted(changes: dict[str, Any], app: str, bot: str) -> None:
    message = incoming_message(event(**changes))
    assert message is not None
    assert (message.app, message.bot) == (app, bot)


def test_a_direct_message_is_one_whatever_the_event_tells_of_its_channel() -> None:
    message = incoming_message(event(channel="D1", channel_type=None))
    assert message is not None
    assert message.in_dm


def test_what_is_heard_of_a_message() -> None:
    message = incoming_message(
        event(
            thread_ts="0.5",
            files=[{"name": "a.pdf"}, {"title": "B"}, {}, "junk"],
            user_team="T9",
            team="T1",
            edited={"ts": "2"},
        )
    )
    assert message is not None
    assert message.files == ("a.pdf", "B", "a file")
    assert message.teams == ("T9", "T1")
    assert message.edited
    assert message.in_thread
    assert not message.in_dm


def test_what_is_heard_of_a_forward_without_a_word() -> None:
    message = incoming_message(
        event(text="", files=[{"name": "a.pdf"}], attachments=[{"is_share": True, "author_name": "tom", "text": "E55"}])
    )
    assert message is not None
    assert message.text == ""
    assert message.quotes == (Quote("E55", "tom", is_forward=True),)
    assert message.has_quoted_text
    assert message.all_files == ("a.pdf",)


def test_a_thread_s_first_message_is_not_in_it() -> None:
    message = incoming_message(event(thread_ts="1.000100"))
    assert message is not None
    assert not message.in_thread


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Instruction.HELP),
        ("Help", Instruction.HELP),
        ("quiet", Instruction.QUIET),
        ("Quiet!", Instruction.QUIET),
        ("`quiet`", Instruction.QUIET),
        ("“*Quiet*”.", Instruction.QUIET),
        ("new  conversation.", Instruction.NEW_CONVERSATION),
        ("how do I start a new conversation", Instruction.ANSWER),
        ("help me with this", Instruction.ANSWER),
    ],
)
def test_instructions(text: str, expected: Instruction) -> None:
    assert instruction(text) is expected


@pytest.mark.parametrize(
    ("teams", "external"),
    [(("T1",), False), (("E1",), False), (("T2", "T1"), True), (("E9",), True), ((), False), (("T1", "T2"), False)],
)
def test_people_of_other_organisations(teams: tuple[str, ...], external: bool) -> None:
    assert is_external(teams, frozenset({"T1", "E1"})) is external


def test_a_command() -> None:
    typed = command(
        {"channel_id": "C1", "user_id": "U1", "text": " why? ", "trigger_id": "9", "response_url": "u", "x": 1}
    )
    assert (typed.text, typed.user_name) == ("why?", "")


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [({}, 0.0), ({"edited": {"ts": "601.000100"}}, 600.0), ({"edited": {}}, 0.0), ({"edited": "junk"}, 0.0)],
)
def test_how_long_after_it_was_written_a_message_was_edited(changes: dict[str, Any], seconds: float) -> None:
    assert edited_after(event(**changes)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("actions", "found"),
    [([{"value": "v", "action_ts": "9.5"}], ("v", "9.5")), ([], ("", "")), (["junk"], ("", "")), (None, ("", ""))],
)
def test_when_and_what_was_pressed(actions: object, found: tuple[str, str]) -> None:
    pressed = press({"actions": actions, "channel": {"id": "C1"}, "user": {"id": "U1"}})
    assert (pressed.value, pressed.ts) == found


def deleted(**more: object) -> dict[str, object]:
    """The event of a deleted message, as Slack documents it."""
    before = {"type": "message", "user": "U1", "text": "why?", "ts": "5.1", "thread_ts": "4.1"}
    event = {"type": "message", "subtype": "message_deleted", "hidden": True, "channel": "C1", "ts": "6.1"}
    return {**event, "deleted_ts": "5.1", "previous_message": before, **more}


@pytest.mark.parametrize(
    ("event", "gone"),
    [
        (deleted(), DeletedMessage("C1", "5.1", "4.1", "U1")),
        (deleted(previous_message={"user": "U1", "ts": "5.1"}), DeletedMessage("C1", "5.1", "", "U1")),
        (deleted(previous_message="?"), DeletedMessage("C1", "5.1", "", "")),
        (deleted(previous_message={"user": "U1", "bot_id": "B1"}), None),
        (deleted(deleted_ts=None), None),
        (deleted(subtype="message_changed"), None),
        ({"type": "message", "user": "U1", "text": "why?", "channel": "C1", "ts": "5.1"}, None),
    ],
)
def test_a_deleted_message_of_a_person_is_told_from_all_else(
    event: dict[str, object], gone: DeletedMessage | None
) -> None:
    assert deleted_message(event) == gone
    assert gone is None or incoming_message(event) is None


@pytest.mark.parametrize("text", ["stop", "Stop!", "`stop`", " STOP. "])
def test_the_word_that_stops_an_answer(text: str) -> None:
    assert instruction(text) is Instruction.STOP
    assert instruction(f"{text} the press") is Instruction.ANSWER
