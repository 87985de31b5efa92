"""Lets the bot forget what refusals have taught it of Slack's limits, once Slack's limits are others."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.playground.page.redis_keys import PREFIX
from bot.store.connections import connect
from bot.store.purge import purge
from bot.store.requests import PATIENCE, asked


async def forget(redis_url: str, team: str) -> None:
    """Delete the write budget of a workspace: the next call finds every limit whole, as Slack documents it.

    Raises:
        SettingsError: the URL cannot be read.
        StoreUnavailable: Redis does not answer.
    """
    client: Redis = connect(redis_url)
    try:
        await asked(purge(client, PREFIX + ":{budget", team), PATIENCE)
    finally:
        await client.aclose()
