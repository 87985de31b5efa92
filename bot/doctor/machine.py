"""Knows what the bot needs of the machine it runs on: the port."""

from __future__ import annotations

import asyncio

import aiohttp

from bot.doctor.findings import About, Finding

MACHINE = About("This machine")

# It is on this machine: whoever does not answer at once is not the bot.
_HEALTH_SECONDS = 2.0


async def port(session: aiohttp.ClientSession, host: str, number: int) -> Finding:
    """Whether the bot could listen on HOST and PORT, or does so already."""
    if number == 0:
        return MACHINE.well("port", "0: any that is free")
    loop = asyncio.get_running_loop()
    try:
        # Bound as the bot would, and never listened on: no request can come in.
        bound = await loop.create_server(asyncio.Protocol, host, number, reuse_address=True, start_serving=False)
    except OSError as error:
        if await _is_ours(session, host, number):
            return MACHINE.well("port", f"the bot itself is running on {number}")
        do = f"Set PORT to a free one, or end what holds it (ss -ltnp 'sport = :{number}' shows it)."
        return MACHINE.wrong("port", f"cannot listen on {host}:{number} ({error.strerror or error})", do)
    bound.close()
    await bound.wait_closed()
    return MACHINE.well("port", f"{number} is free")


async def _is_ours(session: aiohttp.ClientSession, host: str, number: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    limit = aiohttp.ClientTimeout(total=_HEALTH_SECONDS)
    try:
        async with session.get(f"http://{reachable}:{number}/healthz", timeout=limit) as answer:
            told = await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return False
    return isinstance(told, dict) and told.get("status") == "alive"
