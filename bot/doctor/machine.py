"""Checks that the bot's ports are free on this machine, or already the bot's."""

from __future__ import annotations

import asyncio

import aiohttp

from bot.doctor.findings import About, Finding
from bot.serving.server import why_not_listening

MACHINE = About("This machine")

# Seconds. The bot, on this machine, would answer at once.
_HEALTH_SECONDS = 2.0


async def port(session: aiohttp.ClientSession, host: str, number: int, setting: str = "PORT") -> Finding:
    """The finding about whether the bot could listen on HOST and the port of that setting, or does so already."""
    check = setting.lower().replace("_", " ")
    loop = asyncio.get_running_loop()
    try:
        # Bound as the bot would do it, but not listened on: no request can come in.
        bound = await loop.create_server(asyncio.Protocol, host, number, reuse_address=True, start_serving=False)
    except (OSError, ValueError) as error:
        if await _is_ours(session, host, number):
            return MACHINE.well(check, f"{number} is in use by the bot itself")
        wrong, _, found = why_not_listening(error, host, number, setting).partition(": ")
        do = f"Set {setting} to a free port, or end the process that uses it (ss -ltnp 'sport = :{number}' shows it)."
        if wrong == "HOST":
            check, do = "host", "Set HOST to an address of this machine, or to 0.0.0.0 for all of its addresses."
        return MACHINE.wrong(check, found.partition(";")[0], do)
    bound.close()
    await bound.wait_closed()
    return MACHINE.well(check, f"{number} is free" if number else "0: the system chooses a free one")


async def _is_ours(session: aiohttp.ClientSession, host: str, number: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    limit = aiohttp.ClientTimeout(total=_HEALTH_SECONDS)
    try:
        async with session.get(f"http://{reachable}:{number}/healthz", timeout=limit) as answer:
            health = await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):  # ValueError: not a valid address
        return False
    return isinstance(health, dict) and health.get("status") == "alive"
