"""Modals and the Home tab as a Bolt app opens, hears and changes them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Protocol

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import ClientState, LocalSlack
from bot.playground.slack.manifest import SUBSCRIPTIONS
from bot.playground.slack.rules import Refusal
from bot.playground.slack.view_methods import check


class Clock(Protocol):
    now: float


class Peer(Protocol):
    app: Any
    client: AsyncWebClient


def words(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def field(block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": block_id, "label": words(block_id), "element": element, **more}


NAME = field("name", {"type": "plain_text_input", "action_id": "text", "min_length": 2})
LEVEL = field(
    "level",
    {"type": "static_select", "action_id": "pick", "options": [{"text": words("High"), "value": "high"}]},
    optional=True,
    dispatch_action=True,
)
MORE = {
    "type": "actions",
    "block_id": "more",
    "elements": [{"type": "button", "action_id": "more", "text": words("More")}],
}


def modal(title: str = "Settings", *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    shown = list(blocks) or [NAME, LEVEL, MORE]
    return {
        "type": "modal",
        "callback_id": "settings",
        "private_metadata": "kept",
        "title": words(title),
        "submit": words("Save"),
        "blocks": shown,
        **more,
    }


def filled(name: str) -> dict[str, Any]:
    return {"values": {"name": {"text": {"type": "plain_text_input", "value": name}}}}


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        await call
    return str(error.value.response["error"])


class Stage:
    """Ann, a button that opens the modal, and what the app was sent."""

    def __init__(self, slack: LocalSlack, peer: Peer) -> None:
        self.slack, self.client, self.app = slack, peer.client, peer.app
        self.ann, self.channel = slack.user("Ann"), slack.channel("general")
        self.heard: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {}
        self.first = modal()
        self.window = ClientState(slack)
        peer.app.command("/flowise")(self._open)
        peer.app.action("more")(self._push)
        peer.app.action("pick")(self._keep)
        peer.app.view("settings")(self._submitted)
        peer.app.view_closed("settings")(self._keep)

    async def _open(self, ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=self.first)

    async def _push(self, ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        self.heard.append(body)
        await ack()
        with suppress(SlackApiError):  # Bolt lets Slack wait where a listener raises, though it has acknowledged
            await client.views_push(trigger_id=body["trigger_id"], view=modal("Another"))

    async def _keep(self, ack: Any, body: dict[str, Any]) -> None:
        self.heard.append(body)
        await ack()

    async def _submitted(self, ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        assert view == body["view"]
        self.heard.append(body)
        await ack(**self.answer)

    async def open(self) -> dict[str, Any]:
        await self.slack.command(self.ann, self.channel, "/flowise", "settings")
        await self.slack.until(lambda: bool(self.open_views()))
        return self.open_views()[-1]

    def open_views(self) -> list[dict[str, Any]]:
        views: dict[str, Any] = self.window.snapshot()["views"]  # type: ignore[assignment]
        return list(views.get(self.ann, []))

    @property
    def titles(self) -> list[str]:
        return [view["title"]["text"] for view in self.open_views()]


@pytest.fixture
def stage(slack: LocalSlack, http_peer: Peer) -> Stage:
    return Stage(slack, http_peer)


async def test_a_modal_is_submitted_with_errors_and_then_well(stage: Stage) -> None:
    view = await stage.open()
    assert (view["root_view_id"], view["previous_view_id"], view["user"]) == (view["id"], None, stage.ann)
    stage.answer = {"response_action": "errors", "errors": {"name": "That name is taken."}}
    done = await stage.slack.submit(stage.ann, view["id"], filled("Bob"))
    assert (done.acked, done.errors, stage.titles) == (True, {"name": "That name is taken."}, ["Settings"])
    stage.answer = {}
    done = await stage.slack.submit(stage.ann, view["id"], filled("Bobby"))
    assert (done.acked, done.errors, stage.titles) == (True, {}, [])
    told = stage.heard[-1]["view"]
    assert told["state"]["values"] == {
        "name": {"text": {"type": "plain_text_input", "value": "Bobby"}},
        "level": {"pick": {"type": "static_select", "selected_option": None}},
    }
    assert (told["private_metadata"], told["callback_id"], told["hash"]) == ("kept", "settings", view["hash"])


async def test_what_is_not_filled_in_is_not_sent(stage: Stage) -> None:
    view = await stage.open()
    for name, error in (("", "Please complete this required field."), ("B", "Please write at least 2 characters.")):
        done = await stage.slack.submit(stage.ann, view["id"], filled(name))
        assert (done.acked, done.reason, done.errors) == (False, "incomplete", {"name": error})
    assert (stage.heard, stage.titles) == ([], ["Settings"])


async def test_an_answer_may_change_the_view_push_another_or_clear_all(stage: Stage) -> None:
    view = await stage.open()
    stage.answer = {"response_action": "update", "view": modal("Changed")}
    await stage.slack.submit(stage.ann, view["id"], filled("Bob"))
    assert ([v["id"] for v in stage.open_views()], stage.titles) == ([view["id"]], ["Changed"])
    assert stage.open_views()[0]["hash"] != view["hash"]
    stage.answer = {"response_action": "push", "view": modal("Upper")}
    await stage.slack.submit(stage.ann, view["id"], filled("Bob"))
    upper = stage.open_views()[-1]
    assert (upper["previous_view_id"], upper["root_view_id"]) == (view["id"], view["id"])
    stage.answer = {"response_action": "clear"}
    await stage.slack.submit(stage.ann, upper["id"], filled("Bob"))
    assert stage.titles == []


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "errors", "errors": {"more": "This is no input."}},
        {"response_action": "shout"},
    ],
)
async def test_an_answer_that_slack_does_not_take_leaves_the_view_and_is_noted(
    stage: Stage, answer: dict[str, Any]
) -> None:
    view = await stage.open()
    stage.answer = answer
    done = await stage.slack.submit(stage.ann, view["id"], filled("Bob"))
    assert (done.acked, done.reason, stage.titles) == (False, "invalid_response", ["Settings"])
    assert "view_submission" in stage.slack.violations[-1]


async def test_three_views_may_lie_on_one_another(stage: Stage) -> None:
    view = await stage.open()
    for count in (2, 3):
        top = stage.open_views()[-1]["id"]
        await stage.slack.act(stage.ann, {"type": "view", "view_id": top}, "more", "more", {"type": "button"})
        await stage.slack.until(lambda count=count: len(stage.titles) == count)  # type: ignore[misc]
    assert stage.heard[0]["container"] == {"type": "view", "view_id": view["id"]}
    assert stage.heard[0]["view"]["state"]["values"].keys() == {"name", "level"}
    assert not {"message", "channel", "response_url"} & stage.heard[0].keys()
    top = stage.open_views()[-1]["id"]
    await stage.slack.act(stage.ann, {"type": "view", "view_id": top}, "more", "more", {"type": "button"})
    await stage.slack.until(lambda: stage.slack.calls[-1].answer == "push_limit_reached")
    await stage.slack.close_view(stage.ann, top)
    assert len(stage.titles) == 2
    await stage.slack.close_view(stage.ann, stage.open_views()[-1]["id"], all=True)
    assert stage.titles == []


async def test_an_input_that_is_dispatched_tells_at_once_and_the_others_do_not(stage: Stage) -> None:
    view = await stage.open()
    container = {"type": "view", "view_id": view["id"]}
    high = {"type": "static_select", "selected_option": {"value": "high"}}
    assert (await stage.slack.act(stage.ann, container, "level", "pick", high, filled("Bob"))).acked
    values = stage.heard[-1]["view"]["state"]["values"]
    assert values["name"]["text"]["value"] == "Bob"
    assert values["level"]["pick"]["selected_option"]["text"] == words("High")
    with pytest.raises(LookupError, match="with the view"):
        await stage.slack.act(stage.ann, container, "name", "text", {"value": "x"})
    with pytest.raises(LookupError, match="sees no view"):
        await stage.slack.act(stage.slack.user("Bob"), container, "more", "more", {})


async def test_the_app_hears_of_closing_where_it_asks(stage: Stage) -> None:
    await stage.slack.close_view(stage.ann, (await stage.open())["id"])
    assert stage.heard == []
    stage.first = modal(notify_on_close=True)
    await stage.slack.close_view(stage.ann, (await stage.open())["id"])
    assert [(body["type"], body["is_cleared"]) for body in stage.heard] == [("view_closed", False)]
    stage.first = modal(notify_on_close=True, clear_on_close=True)
    await stage.slack.close_view(stage.ann, (await stage.open())["id"])
    assert stage.heard[-1]["is_cleared"] is True


async def test_a_view_is_updated_by_whoever_knows_its_state(stage: Stage, client: AsyncWebClient) -> None:
    stage.first = modal(external_id="mine")
    view = await stage.open()
    changed = await client.views_update(view=modal("Two", external_id="mine"), view_id=view["id"], hash=view["hash"])
    assert (changed["view"]["id"], stage.titles) == (view["id"], ["Two"])
    assert await refused(client.views_update(view=modal(), view_id=view["id"], hash=view["hash"])) == "hash_conflict"
    await client.views_update(view=modal("Three", external_id="mine"), external_id="mine")
    assert stage.titles == ["Three"]
    assert await refused(client.views_update(view=modal(), view_id="V404")) == "not_found"
    assert await refused(client.api_call("views.update", json={"view": modal()})) == "invalid_arguments"
    home = {"type": "home", "blocks": [MORE], "external_id": "mine"}
    assert await refused(client.views_publish(user_id=stage.ann, view=home)) == "duplicate_external_id"


async def test_a_trigger_is_good_once_and_for_three_seconds(
    slack: LocalSlack, client: AsyncWebClient, clock: Clock
) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")

    async def trigger() -> str:
        await slack.command(ann, channel, "/flowise", "")
        return str(slack.attempts[-1].payload["trigger_id"])

    slack.events_url = f"{slack.origin}/nowhere"
    once = await trigger()
    await client.views_open(trigger_id=once, view=modal())
    assert await refused(client.views_open(trigger_id=once, view=modal())) == "exchanged_trigger_id"
    late = await trigger()
    clock.now += 3.1
    assert await refused(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
    assert await refused(client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_arguments"
    other = slack.user("Bob")
    await slack.command(other, channel, "/flowise", "")
    alone = str(slack.attempts[-1].payload["trigger_id"])
    assert await refused(client.views_push(trigger_id=alone, view=modal())) == "invalid_arguments"


async def test_the_home_tab_is_published_opened_and_used(stage: Stage) -> None:
    opened: list[dict[str, Any]] = []

    async def on_open(event: dict[str, Any]) -> None:
        opened.append(event)

    stage.app.event("app_home_opened")(on_open)
    stage.slack.subscriptions = SUBSCRIPTIONS - {"app_home_opened"}
    await stage.slack.open_home(stage.ann)
    stage.slack.subscriptions = SUBSCRIPTIONS
    await stage.slack.open_home(stage.ann)
    await stage.slack.until(lambda: len(opened) == 1)
    assert (opened[0]["tab"], opened[0]["channel"]) == ("home", stage.slack.dm(stage.ann))
    assert "view" not in opened[0]
    home = {"type": "home", "blocks": [MORE, LEVEL]}
    shown = (await stage.client.views_publish(user_id=stage.ann, view=home))["view"]
    await stage.slack.open_home(stage.ann)
    await stage.slack.open_home(stage.ann, tab="messages")
    await stage.slack.until(lambda: len(opened) == 3)
    assert {event["tab"]: event.get("view", {}).get("id") for event in opened[1:]} == {
        "home": shown["id"],
        "messages": None,
    }
    high = {"type": "static_select", "selected_option": {"value": "high"}}
    assert (await stage.slack.act(stage.ann, {"type": "view", "view_id": shown["id"]}, "level", "pick", high)).acked
    assert stage.heard[-1]["view"]["type"] == "home"
    again = (await stage.client.views_publish(user_id=stage.ann, view={"type": "home", "blocks": [MORE]}))["view"]
    assert (again["id"], again["hash"] != shown["hash"]) == (shown["id"], True)
    late = stage.client.views_publish(user_id=stage.ann, view=home, hash=shown["hash"])
    assert await refused(late) == "hash_conflict"
    assert await refused(stage.client.views_publish(user_id="U404", view=home)) == "invalid_arguments"
    await stage.client.views_update(view_id=shown["id"], view=home)
    homes: dict[str, Any] = stage.window.snapshot()["homes"]  # type: ignore[assignment]
    assert [block["block_id"] for block in homes[stage.ann]["blocks"]] == ["more", "level"]
    with pytest.raises(LookupError, match="no modal"):
        await stage.slack.submit(stage.ann, shown["id"], {})


DIVIDER = {"type": "divider"}
ALERT = {"type": "alert", "text": words("Careful"), "level": "warning"}


@pytest.mark.parametrize(
    "view",
    [
        modal(),
        modal("x" * 24, *[DIVIDER] * 100),
        modal("Alert", ALERT),
        {"type": "modal", "title": words("Without"), "submit": None, "blocks": [DIVIDER]},
    ],
)
def test_views_that_slack_takes(view: dict[str, Any]) -> None:
    assert check(view, "modal")["type"] == "modal"


@pytest.mark.parametrize(
    ("view", "word"),
    [
        (modal("x" * 25), "invalid_arguments"),
        (modal("x", *[DIVIDER] * 101), "invalid_arguments"),
        (modal(title=""), "invalid_arguments"),
        (modal(blocks=[]), "invalid_arguments"),
        (modal(private_metadata="x" * 3_001), "invalid_arguments"),
        (modal(callback_id="x" * 256), "invalid_arguments"),
        (modal(submit=words("x" * 25)), "invalid_arguments"),
        (modal(submit=None), "invalid_arguments"),
        (modal(submit={"type": "mrkdwn", "text": "x"}), "invalid_arguments"),
        (modal(close="Close"), "invalid_arguments"),
        (modal("x", {"type": "markdown", "text": "x"}), "invalid_arguments"),
        (modal("x", {"type": "task_card", "task_id": "1", "title": "x", "status": "pending"}), "invalid_arguments"),
        (modal("x", field("a", {"type": "button", "text": words("x")})), "invalid_arguments"),
        (modal("x", field("a", NAME["element"]), field("a", NAME["element"])), "invalid_arguments"),
        (modal("x", *[{"type": "section", "text": words("x" * 2_990)}] * 90), "view_too_large"),
        ({"type": "home", "blocks": [DIVIDER]}, "invalid_arguments"),
        ("modal", "invalid_arguments"),
    ],
)
def test_views_that_are_refused(view: Any, word: str) -> None:
    with pytest.raises(Refusal, match=f"^{word}$") as refusal:
        check(view, "modal")
    assert word == "view_too_large" or "json-pointer:/view" in refusal.value.details[0]
