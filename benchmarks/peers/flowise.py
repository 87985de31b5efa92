"""Reads Flowise's stream as a small bot does: the tokens of one prediction, as they come."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator

import aiohttp


async def tokens(question: str) -> AsyncIterator[str]:
    """The answer's tokens until `end`; an error of Flowise's ends it too."""
    address = f"{os.environ['FLOWISE_URL']}/api/v1/prediction/{os.environ['FLOWISE_CHATFLOW_ID']}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, json={"question": question, "streaming": True}) as response,
    ):
        response.raise_for_status()
        async for line in response.content:
            if not line.startswith(b"data:"):
                continue
            frame = json.loads(line.removeprefix(b"data:"))
            if frame["event"] in {"end", "error"}:
                return
            if frame["event"] == "token":
                yield frame["data"]
