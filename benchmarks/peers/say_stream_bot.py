"""Runs the bot that Bolt's documentation leads to: each token goes into `say_stream`, which is stopped at the end.

Beyond the sample it has slack_sdk's handler that waits where Slack answers 429, as the SDK's page on rate limits shows
it; without it an answer ends at the first 429. The helper's buffer is left as it is, 256 characters.
"""

from __future__ import annotations

import asyncio
import os

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.say_stream.async_say_stream import AsyncSayStream
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.peers.flowise import tokens

client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
app = AsyncApp(client=client)


@app.event("app_mention")
async def answer(event: dict[str, str], say_stream: AsyncSayStream) -> None:
    stream = await say_stream()
    async for token in tokens(event["text"]):
        await stream.append(markdown_text=token)
    await stream.stop()


@app.event("message")
async def let_pass(event: dict[str, str]) -> None:
    """Acknowledge what is no mention."""


async def main() -> None:
    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    asyncio.run(main())
