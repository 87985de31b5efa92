"""Reads metrics as Prometheus would."""

from __future__ import annotations

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from bot.app import Bot


class Scraped:
    """One look at /metrics."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples: list[Sample] = [sample for family in self.families.values() for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """The value of our sample with these labels."""
        found = [one.value for one in self.samples if one.name == f"flowise_slack_{name}" and one.labels == labels]
        assert len(found) == 1, (name, labels)
        return found[0]

    @property
    def ours(self) -> set[str]:
        """The names of our samples, as they stand in queries."""
        return {one.name for one in self.samples if one.name.startswith("flowise_slack_")}

    @property
    def series(self) -> set[tuple[str, frozenset[tuple[str, str]]]]:
        return {(one.name, frozenset(one.labels.items())) for one in self.samples}


async def get(port: int, path: str = "/metrics") -> tuple[int, str, str]:
    """Status, content type and text of one of the bot's own pages."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as reply:
        return reply.status, reply.headers["Content-Type"], await reply.text()


async def scraped(bot: Bot) -> Scraped:
    status, kind, text = await get(bot.port)
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return Scraped(text)
