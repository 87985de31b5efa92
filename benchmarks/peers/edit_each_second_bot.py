"""Runs the bot that most samples before native streaming show: a placeholder, an edit a second, a last edit.

As in those samples the edit is made where the tokens are read, so while Slack is slow no token is taken. Two things are
better than in most: the text goes as `markdown_text`, and slack_sdk's handler waits where Slack answers 429.
"""

from __future__ import annotations

import asyncio
import os
import time

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.peers.flowise import tokens

EDIT_SECONDS = 1.0

client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
app = AsyncApp(client=client)


@app.event("app_mention")
async def answer(event: dict[str, str]) -> None:
    channel, thread = event["channel"], event.get("thread_ts", event["ts"])
    posted = await client.chat_postMessage(channel=channel, thread_ts=thread, text="…")
    text, edited = "", time.monotonic()
    async for token in tokens(event["text"]):
        text += token
        if time.monotonic() - edited >= EDIT_SECONDS:
            await client.chat_update(channel=channel, ts=posted["ts"], markdown_text=text)
            edited = time.monotonic()
    await client.chat_update(channel=channel, ts=posted["ts"], markdown_text=text)


@app.event("message")
async def let_pass(event: dict[str, str]) -> None:
    """Acknowledge what is no mention."""


async def main() -> None:
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    asyncio.run(main())
