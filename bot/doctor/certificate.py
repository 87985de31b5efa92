"""Tells of the report that `python -m bot certify` has left, where there is one: how old it is, and what it says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from redis.asyncio import Redis
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.findings import Finding
from bot.doctor.slack import SLACK
from bot.errors import StoreUnavailable
from bot.slack.wire import NO_ANSWER
from bot.store.certificates import REPORT_DAYS, RedisCertificates
from bot.store.requests import PATIENCE, asked

Team = Callable[[], Awaitable[str]]
"""Asks Slack which workspace the token is of; empty where it does not tell."""

_PREFIX = "flowise-slack"
_DAY = 86_400.0


async def team_of(web: AsyncWebClient) -> str:
    """The workspace of the token; empty where Slack does not tell."""
    try:
        team = (await web.auth_test()).get("team_id")
    except (SlackApiError, *NO_ANSWER):
        return ""
    return team if isinstance(team, str) else ""


async def certificate(client: Redis, team: Team, wall: Callable[[], float]) -> list[Finding]:
    """The finding about the workspace's report; none where there is no report. `wall` returns epoch seconds."""
    certificates = RedisCertificates(client, partial(asked, patience=PATIENCE), _PREFIX)
    try:
        name = await team()
        report = await certificates.kept(name) if name else None
        failed = await certificates.failed(name) if report else frozenset[str]()
    except StoreUnavailable:
        return []  # what is wrong with Redis is told by other findings
    return [SLACK.well("verified", described(report, failed, wall()))] if report else []


def described(report: str, failed: frozenset[str], now: float) -> str:
    """A report in one sentence."""
    try:
        told = json.loads(report)
    except ValueError:
        told = None
    told = told if isinstance(told, Mapping) else {}
    at, rows = told.get("at"), told.get("assumptions")
    days = int((now - at) / _DAY) if isinstance(at, int | float) else REPORT_DAYS
    results = [row.get("result") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    counts = ", ".join(f"{results.count(word)} {word}" for word in ("holds", "wrong", "unknown") if word in results)
    since = f"; failed since yesterday: {', '.join(sorted(failed))}" if failed else ""
    return f"the report of certify is {days} days old: {counts}{since}"
