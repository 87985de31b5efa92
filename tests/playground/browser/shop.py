"""Runs a small Bolt app with a button, a menu, a modal and a Home tab, for what our own bot does not use of Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import LocalSlack

Json = dict[str, Any]


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def choice(value: str) -> Json:
    return {"text": words(value.capitalize()), "value": value}


OFFER: list[Json] = [
    {"type": "section", "block_id": "offer", "text": {"type": "mrkdwn", "text": "*Bread* of today"}},
    {
        "type": "actions",
        "block_id": "doing",
        "elements": [
            {"type": "button", "action_id": "order", "text": words("Order"), "value": "bread", "style": "primary"},
            {
                "type": "static_select",
                "action_id": "size",
                "placeholder": words("Size"),
                "options": [choice("small"), choice("large")],
            },
        ],
    },
]
MODAL: Json = {
    "type": "modal",
    "callback_id": "ordered",
    "title": words("Order bread"),
    "submit": words("Order"),
    "close": words("Not now"),
    "blocks": [
        {
            "type": "input",
            "block_id": "count",
            "label": words("How many?"),
            "element": {"type": "plain_text_input", "action_id": "value"},
        },
        {
            "type": "input",
            "block_id": "day",
            "label": words("When?"),
            "element": {
                "type": "radio_buttons",
                "action_id": "value",
                "options": [choice("today"), choice("tomorrow")],
            },
        },
    ],
}


@asynccontextmanager
async def shop(slack: LocalSlack) -> AsyncIterator[None]:
    """The app, connected to a local Slack by Socket Mode."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session, retry_handlers=[])
        handler = AsyncSocketModeHandler(_app(client), slack.app_token, ping_interval=0.2)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        await slack.until(lambda: slack.sockets > 0)
        try:
            yield
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]


def _app(client: AsyncWebClient) -> AsyncApp:
    app = AsyncApp(name="shop", client=client, signing_secret="not used: it is told by socket")

    @app.event("app_mention")
    async def offer(say: AsyncSay) -> None:
        await say(text="Bread of today", blocks=OFFER)

    @app.action("order")
    async def open_modal(ack: AsyncAck, body: Json) -> None:
        await ack()
        view = {**MODAL, "private_metadata": body["channel"]["id"]}
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.action("size")
    async def sized(ack: AsyncAck, body: Json, say: AsyncSay) -> None:
        await ack()
        await say(text=f"So it is a {body['actions'][0]['selected_option']['value']} one.")

    @app.view("ordered")
    async def take(ack: AsyncAck, view: Json) -> None:
        values = view["state"]["values"]
        count = values["count"]["value"]["value"]
        if not count.isdigit():
            await ack(response_action="errors", errors={"count": "Please write a number."})
            return
        await ack()
        day = values["day"]["value"]["selected_option"]["value"]
        await client.chat_postMessage(channel=view["private_metadata"], text=f"{count} loaves for {day}.")

    @app.event("message")
    async def let_past() -> None:
        pass

    @app.event("app_home_opened")
    async def show_home(event: Json) -> None:
        blocks = [{"type": "header", "text": words("The bakery")}, *OFFER]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    return app
