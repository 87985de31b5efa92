"""Tests the doctor's Slack checks over the wire: on the local Slack, and on servers that are not Slack."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from bot.doctor.findings import Finding, Verdict
from bot.doctor.slack import SlackAnswer, bot_token, same_app, scopes, slack
from bot.doctor.slack import events as events_of
from bot.playground.slack import LocalSlack
from bot.playground.slack.methods import SCOPES as EVERY_SCOPE
from bot.slack.permissions import EVENTS, SCOPES
from bot.slack.wire import new_session, web_client

Rows = dict[str, Finding]


async def seen(
    url: str, token: str, app_token: str | None, *, wall: Callable[[], float] = time.time, command: str = "/flowise"
) -> Rows:
    async with new_session() as session:
        found = await slack(web_client(token, url, session), app_token, command, wall=wall)
    rows = {finding.check: finding for finding in found}
    assert len(rows) == len(found)
    return rows


def states(rows: Rows) -> dict[str, Verdict]:
    return {check: finding.state for check, finding in rows.items()}


@asynccontextmanager
async def serving(text: str, status: int = 200, kind: str = "text/html") -> AsyncIterator[str]:
    """A server that gives one answer to everything; its address."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, status=status, content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    await runner.cleanup()


async def test_all_is_well_by_socket_mode() -> None:
    async with LocalSlack() as local:
        rows = await seen(local.url, local.bot_token, local.app_token)
    events = rows.pop("events")
    assert set(states(rows).values()) == {Verdict.WELL}
    assert set(rows) == {"bot token", "scopes", "clock", "app token", "app"}
    assert local.team_id in rows["bot token"].found
    # The events are never claimed to be right: they are named for a person to compare.
    assert events.state is Verdict.UNKNOWN
    assert all(name in events.do for name in EVENTS)
    assert {call.method for call in local.calls} == {"auth.test", "apps.connections.open", "bots.info"}


async def test_by_http_the_secret_and_the_address_are_for_a_person_to_look_at() -> None:
    async with LocalSlack() as local:
        rows = await seen(local.url, local.bot_token, None, command="/ask")
    assert rows["signing secret"].state is Verdict.UNKNOWN
    assert "Signing Secret" in rows["signing secret"].do
    assert "/ask, each with the Request URL" in rows["events"].do
    assert "app token" not in rows
    assert [call.method for call in local.calls] == ["auth.test"]


async def test_tokens_that_slack_does_not_know() -> None:
    async with LocalSlack() as local:
        rows = await seen(local.url, "xoxb-of-another", "xapp-of-another")
    assert states(rows) == {"bot token": Verdict.WRONG, "app token": Verdict.WRONG, "events": Verdict.UNKNOWN}
    assert "invalid_auth" in rows["bot token"].found
    assert "SLACK_BOT_TOKEN" in rows["bot token"].do
    assert "App-Level Tokens" in rows["app token"].do


async def test_tokens_in_each_other_s_place() -> None:
    async with LocalSlack() as local:
        rows = await seen(local.url, local.app_token, local.bot_token)
    assert [rows[check].found for check in ("bot token", "app token")] == [
        "Slack rejected it (not_allowed_token_type)"
    ] * 2


BOT = SlackAnswer({"ok": True, "bot": {"app_id": "A0123ABCD"}}, {}, 0.0)


@pytest.mark.parametrize(
    ("answer", "app_token", "said"),
    [
        (BOT, "xapp-1-A0123ABCD-77-0f", [Verdict.WELL]),
        (BOT, "xapp-1-A0OTHER-77-0f", [Verdict.WRONG]),
        (BOT, "xapp-of-another-form", []),
        (SlackAnswer({"bot": {}}, {}, 0.0), "xapp-1-A0123ABCD-77-0f", []),
        (SlackAnswer({}, {}, 0.0, error="missing_scope"), "xapp-1-A0123ABCD-77-0f", []),
    ],
)
def test_tokens_of_two_apps(answer: SlackAnswer, app_token: str, said: list[Verdict]) -> None:
    assert [finding.state for finding in same_app(answer, app_token)] == said


async def test_without_the_scope_nothing_is_said_of_the_app() -> None:
    async with LocalSlack(scopes=EVERY_SCOPE - {"users:read"}) as local:
        rows = await seen(local.url, local.bot_token, local.app_token)
    assert "app" not in rows
    assert rows["app token"].state is Verdict.WELL


@pytest.mark.parametrize(
    ("method", "word", "check", "state", "do"),
    [
        ("auth.test", "token_revoked", "bot token", Verdict.WRONG, "Install App"),
        ("auth.test", "account_inactive", "bot token", Verdict.WRONG, "Install App"),
        ("auth.test", "token_expired", "bot token", Verdict.WRONG, "rotation"),
        ("auth.test", "ratelimited", "bot token", Verdict.UNKNOWN, "Try again in a minute"),
        ("auth.test", "fatal_error", "bot token", Verdict.WRONG, "slack-status.com"),
        ("apps.connections.open", "missing_scope", "app token", Verdict.WRONG, "connections:write"),
        ("apps.connections.open", "socket_mode_disabled", "app token", Verdict.WRONG, "Enable Socket Mode"),
        ("apps.connections.open", "internal_error", "app token", Verdict.WRONG, "slack-status.com"),
    ],
)
async def test_what_to_click_depends_on_what_slack_says(
    method: str, word: str, check: str, state: Verdict, do: str
) -> None:
    async with LocalSlack() as local:
        local.refuse(method, word)
        rows = await seen(local.url, local.bot_token, local.app_token)
    assert rows[check].state is state
    assert do in rows[check].do


async def test_a_rate_limit_of_http_is_no_fault_of_the_token() -> None:
    async with LocalSlack() as local:
        local.limit("auth.test", 30)
        rows = await seen(local.url, local.bot_token, local.app_token)
    assert rows["bot token"].state is Verdict.UNKNOWN


@pytest.mark.parametrize("missing", SCOPES, ids=lambda scope: scope.name)
async def test_a_scope_that_the_token_lacks(missing: object) -> None:
    [scope] = [scope for scope in SCOPES if scope == missing]
    async with LocalSlack(scopes=EVERY_SCOPE - {scope.name}) as local:
        finding = (await seen(local.url, local.bot_token, None))["scopes"]
    assert finding.state is (Verdict.WARNING if scope.noticed else Verdict.WRONG)
    assert finding.found == f"{scope.name} is missing: {scope.without}"
    assert "Bot Token Scopes" in finding.do


def test_several_missing_scopes_are_as_bad_as_the_worst() -> None:
    had = ",".join(scope.name for scope in SCOPES if scope.name not in {"users:read", "chat:write"})
    finding = scopes(SlackAnswer({}, {"x-oauth-scopes": had}, 0.0))
    assert finding.state is Verdict.WRONG
    assert "users:read" in finding.found
    assert "chat:write" in finding.found


def test_the_scope_of_addresses_is_missed_only_where_a_setting_wants_them() -> None:
    answer = SlackAnswer({}, {"x-oauth-scopes": ",".join(scope.name for scope in SCOPES)}, 0.0)
    assert scopes(answer).state is Verdict.WELL
    finding = scopes(answer, email=True)
    assert finding.state is Verdict.WARNING
    assert finding.found.startswith("users:read.email is missing")


def test_an_agent_needs_a_scope_and_events_more() -> None:
    answer = SlackAnswer({}, {"x-oauth-scopes": ",".join(scope.name for scope in SCOPES)}, 0.0)
    finding = scopes(answer, agent=True)
    assert (finding.state, "assistant:write" in finding.found) == (Verdict.WARNING, True)
    assert "agent_session_stopped" in events_of("/flowise", by_http=False, agent=True).do
    assert "agent_session_stopped" not in events_of("/flowise", by_http=False).do


def test_scopes_that_slack_does_not_tell_are_named_for_a_person() -> None:
    finding = scopes(SlackAnswer({}, {}, 0.0))
    assert finding.state is Verdict.UNKNOWN
    assert all(scope.name in finding.do for scope in SCOPES)


def test_an_identity_with_holes_is_no_stumbling_block() -> None:
    assert bot_token(SlackAnswer({"ok": True, "user_id": "U1", "team": None}, {}, 0.0)).found == "valid for @? in ? (?)"


async def test_a_clock_that_is_off_refuses_signed_requests() -> None:
    async with LocalSlack() as local:
        by_http = await seen(local.url, local.bot_token, None, wall=lambda: time.time() - 400)
        by_socket = await seen(local.url, local.bot_token, local.app_token, wall=lambda: time.time() + 400)
    assert by_http["clock"].state is Verdict.WRONG
    assert "behind" in by_http["clock"].found
    assert by_socket["clock"].state is Verdict.WARNING
    assert "ahead" in by_socket["clock"].found


@pytest.mark.parametrize(
    ("text", "status", "kind", "found"),
    [
        ("<html>log in</html>", 200, "text/html", "HTTP 200, text/html"),
        ("<html>not found</html>", 404, "text/html", "HTTP 404, text/html"),
        ("[1]", 200, "application/json", "HTTP 200, no JSON object"),
        ("{}", 200, "application/json", "HTTP 200, application/json"),
    ],
)
async def test_something_that_is_not_slack(text: str, status: int, kind: str, found: str) -> None:
    async with serving(text, status, kind) as url:
        rows = await seen(url, "xoxb-1", "xapp-1")
    assert states(rows) == {"bot token": Verdict.WRONG, "app token": Verdict.WRONG, "events": Verdict.UNKNOWN}
    for check in ("bot token", "app token"):
        assert rows[check].found == f"what answers is not Slack's Web API ({found})"
        assert "SLACK_API_URL: expected https://slack.com/api/" in rows[check].do


async def test_an_answer_that_names_nobody_is_not_slack_s() -> None:
    async with serving('{"ok": true}', kind="application/json") as url:
        rows = await seen(url, "xoxb-1", None)
    assert rows["bot token"].state is Verdict.WRONG
    assert "names no user" in rows["bot token"].found


@pytest.mark.parametrize(
    ("text", "status", "kind"),
    [('{"ok": false, "error": "down"}', 503, "application/json"), ("Bad Gateway", 502, "text/plain")],
)
async def test_a_slack_that_is_down(text: str, status: int, kind: str) -> None:
    async with serving(text, status, kind) as url:
        rows = await seen(url, "xoxb-1", "xapp-1")
    for check in ("bot token", "app token"):
        assert rows[check].state is Verdict.WRONG
        assert "cannot reach Slack" in rows[check].found
        assert "SLACK_API_URL" in rows[check].do


async def test_nobody_there() -> None:
    rows = await seen("http://127.0.0.1:9/api/", "xoxb-1", "xapp-1")
    assert rows["bot token"].state is rows["app token"].state is Verdict.WRONG
    assert "connection refused" in rows["bot token"].found


async def test_a_connection_that_is_cut() -> None:
    async with LocalSlack() as local:
        local.break_before("auth.test")
        rows = await seen(local.url, local.bot_token, local.app_token)
    assert rows["bot token"].state is Verdict.WRONG
    assert rows["app token"].state is Verdict.WELL


async def test_the_local_slack_tells_a_token_its_scopes_also_where_it_refuses() -> None:
    async with LocalSlack(scopes={"chat:write", "commands"}) as local, aiohttp.ClientSession() as session:

        async def noticed(method: str, token: str) -> str | None:
            header = {"Authorization": f"Bearer {token}"}
            async with session.post(local.url + method, headers=header) as answer:
                return answer.headers.get("x-oauth-scopes")

        assert await noticed("auth.test", local.bot_token) == "chat:write,commands"
        assert await noticed("chat.shout", local.bot_token) == "chat:write,commands"
        assert await noticed("auth.test", "xoxb-unknown") is None
