"""What the app is sent for a click in a message, with Bolt as the judge of it."""

from __future__ import annotations

from typing import Any, Protocol

import pytest
from slack_sdk.models.blocks import BlockElement
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.slack import LocalSlack


class Clock(Protocol):
    now: float


class Peer(Protocol):
    app: Any
    client: AsyncWebClient


def words(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(value: str) -> dict[str, Any]:
    return {"text": words(value.upper()), "value": value}


ONE, TWO, THREE = option("one"), option("two"), option("three")
OPTIONS = {"options": [ONE, TWO]}
GROUPS = {"option_groups": [{"label": words("Few"), "options": [ONE]}, {"label": words("More"), "options": [TWO]}]}
GOOD, BAD = {"text": words("Good"), "value": "good"}, {"text": words("Bad"), "value": "bad"}

# Each element: what the app posts, what a person chooses, what the app is sent, and what `state` keeps of it.
ELEMENTS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], bool]] = {
    "button": ({"text": words("Go"), "value": "v", "style": "primary"}, {}, {"value": "v", "text": words("Go")}, False),
    "overflow": (OPTIONS, {"selected_option": {"value": "two"}}, {"selected_option": TWO}, False),
    "static_select": (
        {**OPTIONS, "initial_option": ONE, "placeholder": words("Which?")},
        {"selected_option": TWO},
        {"selected_option": TWO, "initial_option": ONE, "placeholder": words("Which?")},
        True,
    ),
    "radio_buttons": (OPTIONS, {"selected_option": ONE}, {"selected_option": ONE}, True),
    "checkboxes": (OPTIONS, {"selected_options": [TWO, ONE]}, {"selected_options": [TWO, ONE]}, True),
    "multi_static_select": (GROUPS, {"selected_options": [TWO]}, {"selected_options": [TWO]}, True),
    "users_select": ({}, {"selected_user": "U1"}, {"selected_user": "U1"}, True),
    "multi_users_select": (
        {"max_selected_items": 2},
        {"selected_users": ["U1", "U2"]},
        {"selected_users": ["U1", "U2"]},
        True,
    ),
    "conversations_select": ({}, {"selected_conversation": "C1"}, {"selected_conversation": "C1"}, True),
    "multi_conversations_select": ({}, {"selected_conversations": ["C1"]}, {"selected_conversations": ["C1"]}, True),
    "channels_select": ({}, {"selected_channel": "C1"}, {"selected_channel": "C1"}, True),
    "multi_channels_select": ({}, {"selected_channels": ["C1"]}, {"selected_channels": ["C1"]}, True),
    "datepicker": (
        {"initial_date": "2026-11-22"},
        {"selected_date": "2026-11-23"},
        {"selected_date": "2026-11-23", "initial_date": "2026-11-22"},
        True,
    ),
    "timepicker": ({}, {"selected_time": "09:30"}, {"selected_time": "09:30"}, True),
    "datetimepicker": ({}, {"selected_date_time": 1_800_000_000}, {"selected_date_time": 1_800_000_000}, True),
    "feedback_buttons": (
        {"positive_button": GOOD, "negative_button": BAD},
        {"value": "bad"},
        {"value": "bad", "text": words("Bad")},
        False,
    ),
    "icon_button": (
        {"icon": "trash", "text": words("Delete"), "value": "v"},
        {},
        {"icon": "trash", "value": "v"},
        False,
    ),
}


def block(kind: str, element: dict[str, Any]) -> dict[str, Any]:
    """The block of a message in which an element may stand."""
    if kind.startswith("multi_"):
        return {"type": "section", "block_id": "b", "text": words("Choose"), "accessory": element}
    inner = "context_actions" if kind in ("feedback_buttons", "icon_button") else "actions"
    return {"type": inner, "block_id": "b", "elements": [element]}


def heard(peer: Peer, action_id: str = "a") -> list[dict[str, Any]]:
    """What Bolt gives to a listener for the action."""
    bodies: list[dict[str, Any]] = []

    async def listen(ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        assert action == body["actions"][0]
        bodies.append(body)
        await ack()

    peer.app.action(action_id)(listen)
    return bodies


@pytest.mark.parametrize("kind", ELEMENTS)
async def test_every_element_tells_what_was_chosen(slack: LocalSlack, http_peer: Peer, kind: str) -> None:
    given, chosen, told, keeps = ELEMENTS[kind]
    bodies, ann, channel = heard(http_peer), slack.user("Ann"), slack.channel("general")
    root = await slack.say(ann, channel, "hi")
    element = {"type": kind, "action_id": "a", **given}
    assert BlockElement.parse(element) is not None
    posted = await http_peer.client.chat_postMessage(
        channel=channel, thread_ts=root, text="x", blocks=[block(kind, element)]
    )
    container = {"type": "message", "channel": channel, "ts": posted["ts"]}
    assert (await slack.act(ann, container, "b", "a", {"type": kind, **chosen})).acked
    [body] = bodies
    assert body["actions"][0].items() >= {"type": kind, "block_id": "b", "action_id": "a", **told}.items()
    assert float(body["actions"][0]["action_ts"]) > float(posted["ts"])
    assert body["state"]["values"] == ({"b": {"a": {"type": kind, **chosen}}} if keeps else {})
    assert body["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": channel,
        "thread_ts": root,
        "is_ephemeral": False,
    }
    assert (body["user"]["id"], body["channel"]["name"], body["message"]["ts"]) == (ann, "general", posted["ts"])


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [
        ("static_select", {"selected_option": THREE}),
        ("checkboxes", {"selected_options": [ONE, THREE]}),
        ("checkboxes", {"selected_options": "one"}),
        ("overflow", {}),
        ("multi_users_select", {"selected_users": ["U1", "U2", "U3"]}),
        ("users_select", {"selected_user": 1}),
        ("datepicker", {"selected_date": "tomorrow"}),
        ("timepicker", {"selected_time": "24:00"}),
        ("datetimepicker", {"selected_date_time": "now"}),
        ("feedback_buttons", {"value": "neither"}),
        ("button", {"type": "overflow"}),
    ],
)
async def test_what_is_not_there_cannot_be_chosen(
    slack: LocalSlack, client: AsyncWebClient, kind: str, chosen: dict[str, Any]
) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    element = {"type": kind, "action_id": "a", **ELEMENTS[kind][0]}
    posted = await client.chat_postMessage(channel=channel, text="x", blocks=[block(kind, element)])
    with pytest.raises(ValueError, match=r"."):
        await slack.act(ann, {"type": "message", "channel": channel, "ts": posted["ts"]}, "b", "a", chosen)
    assert slack.attempts[-1].kind == "events_api" if slack.attempts else True


async def test_whoever_clicks_must_see_the_element(slack: LocalSlack, client: AsyncWebClient) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general", members=[slack.user("Ann"), slack.user("Bob")])
    button = {"type": "button", "action_id": "a", **ELEMENTS["button"][0]}
    posted = await client.chat_postMessage(channel=channel, text="x", blocks=[block("button", button)])
    await client.chat_postEphemeral(channel=channel, user=slack.user("Bob"), text="x", blocks=[block("button", button)])
    [whisper] = slack.ephemerals(channel, slack.user("Bob"))
    place = {"type": "message", "channel": channel}
    for container, ids in (
        ({**place, "ts": posted["ts"]}, ("b", "other")),
        ({**place, "ts": posted["ts"]}, ("other", "a")),
        ({**place, "ts": whisper.ts}, ("b", "a")),
        ({**place, "ts": "1.0"}, ("b", "a")),
        ({"type": "view", "view_id": "V1"}, ("b", "a")),
    ):
        with pytest.raises(LookupError):
            await slack.act(ann, container, *ids, {"type": "button"})


async def test_a_button_for_some_is_not_for_the_others(slack: LocalSlack, http_peer: Peer) -> None:
    bodies, ann, bob, channel = heard(http_peer), slack.user("Ann"), slack.user("Bob"), slack.channel("general")
    button = {"type": "button", "action_id": "a", "text": words("Go"), "visible_to_user_ids": [ann]}
    posted = await http_peer.client.chat_postMessage(channel=channel, text="x", blocks=[block("button", button)])
    assert (await slack.press(ann, channel, posted["ts"], "Go")).acked
    with pytest.raises(LookupError, match="does not see"):
        await slack.press(bob, channel, posted["ts"], "Go")
    assert len(bodies) == 1


async def test_elements_without_ids_are_found_by_those_that_slack_gives_them(
    slack: LocalSlack, http_peer: Peer
) -> None:
    bodies, ann, channel = heard(http_peer, "b0.1"), slack.user("Ann"), slack.channel("general")
    buttons = [{"type": "button", "text": words(label)} for label in ("No", "Yes")]
    posted = await http_peer.client.chat_postMessage(
        channel=channel, text="x", blocks=[{"type": "actions", "elements": buttons}]
    )
    [shown] = posted["message"]["blocks"]
    ids = (shown["block_id"], shown["elements"][1]["action_id"])
    assert (await slack.act(ann, {"channel": channel, "ts": posted["ts"]}, *ids, {"type": "button"})).acked
    assert bodies[0]["actions"][0]["text"] == words("Yes")


async def test_an_ephemeral_message_is_answered_through_its_response_url(slack: LocalSlack, http_peer: Peer) -> None:
    bodies, ann = heard(http_peer), slack.user("Ann")
    channel = slack.channel("general", members=[ann])
    button = {"type": "button", "action_id": "a", "text": words("Go")}
    await http_peer.client.chat_postEphemeral(channel=channel, user=ann, text="x", blocks=[block("button", button)])
    [whisper] = slack.ephemerals(channel, ann)
    assert (await slack.act(ann, {"channel": channel, "ts": whisper.ts}, "b", "a", {"type": "button"})).acked
    [body] = bodies
    assert body["container"]["is_ephemeral"] is True
    assert "message" not in body
    answer = AsyncWebhookClient(body["response_url"])
    assert (await answer.send(text="done", replace_original=True)).status_code == 200
    assert [message.plain for message in slack.ephemerals(channel, ann)] == ["done"]
    assert (await answer.send(text="more", replace_original=False)).status_code == 200
    assert (await answer.send_dict({"delete_original": True})).status_code == 200
    assert [message.plain for message in slack.ephemerals(channel, ann)] == ["more"]
    assert [(call.method, call.place[0]) for call in slack.calls[-3:]] == [("response_url", channel)] * 3


async def test_a_message_that_was_clicked_in_can_be_replaced_and_deleted(slack: LocalSlack, http_peer: Peer) -> None:
    bodies, ann, channel = heard(http_peer), slack.user("Ann"), slack.channel("general")
    button = {"type": "button", "action_id": "a", "text": words("Go")}
    posted = await http_peer.client.chat_postMessage(channel=channel, text="x", blocks=[block("button", button)])
    await slack.press(ann, channel, posted["ts"], "Go")
    answer = AsyncWebhookClient(bodies[0]["response_url"])
    await answer.send(text="for you alone")
    await answer.send(text="chosen", replace_original=True)
    assert [(message.ts, message.plain) for message in slack.messages(channel)] == [(posted["ts"], "chosen")]
    assert [message.plain for message in slack.ephemerals(channel, ann)] == ["for you alone"]
    await answer.send_dict({"delete_original": True})
    assert slack.messages(channel) == []
    assert (await answer.send(text="to all", response_type="in_channel", replace_original=True)).status_code == 200
    assert [message.plain for message in slack.messages(channel)] == ["to all"]
