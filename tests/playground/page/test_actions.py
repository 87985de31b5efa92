"""The page's API, over HTTP: what people do in the local Slack, how it is set, what is looked at; and each refusal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import aiohttp
import pytest

from bot.playground.flowise import LocalFlowise
from bot.playground.page import PageServer
from bot.playground.slack import LocalSlack, web
from bot.playground.tap import Tap
from bot.slack.tiers import keys
from bot.store.redis import RedisStore


@dataclass(slots=True)
class PageClient:
    """A page without a browser, in a workspace without a bot."""

    slack: LocalSlack
    session: aiohttp.ClientSession
    ada: str
    ben: str
    channel: str

    async def post(self, path: str, body: object) -> dict[str, object]:
        form = body if isinstance(body, aiohttp.FormData) else None
        async with self.session.post(f"api/{path}", data=form, json=None if form else body) as response:
            answer: dict[str, object] = await response.json()
            assert response.status == (200 if answer["ok"] else 400)
            return answer

    async def get(self, path: str) -> dict[str, object]:
        async with self.session.get(f"api/{path}") as response:
            answer: dict[str, object] = await response.json()
            return answer


@pytest.fixture
async def flowise() -> AsyncIterator[LocalFlowise]:
    async with LocalFlowise(tokens_per_second=1_000) as server:
        yield server


@pytest.fixture
async def client(redis_url: str, flowise: LocalFlowise) -> AsyncIterator[PageClient]:
    async with Tap(flowise) as tap:
        slack = LocalSlack()
        page = PageServer(slack, tap, redis_url)
        async with slack, aiohttp.ClientSession(page.url) as session:
            ada, ben = slack.user("ada"), slack.user("ben")
            channel = slack.channel("general", members=(ada, ben))
            yield PageClient(slack, session, ada, ben, channel)


async def test_what_is_said_stands_there_with_its_files(client: PageClient) -> None:
    said = await client.post("say", {"user": client.ada, "channel": client.channel, "text": "a &amp; b"})
    form = aiohttp.FormData({"user": client.ben, "channel": client.channel, "thread_ts": str(said["ts"])})
    form.add_field("file", b"<script>", filename="notes.html", content_type="text/html")
    replied = await client.post("say", form)
    first, reply = client.slack.thread(client.channel, str(said["ts"]))
    assert (first.text, reply.ts, reply.files[0].content) == ("a &amp; b", replied["ts"], b"<script>")
    async with client.session.get(f"files/{reply.files[0].id}/notes.html") as response:
        assert await response.read() == b"<script>"
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    async with client.session.get(f"files/{reply.files[0].id}/other.html") as response:
        assert response.status == 404


async def test_people_change_and_delete_what_is_theirs(client: PageClient) -> None:
    ts = str((await client.post("say", {"user": client.ada, "channel": client.channel, "text": "one"}))["ts"])
    place = {"channel": client.channel, "ts": ts}
    assert (await client.post("edit", {**place, "user": client.ben, "text": "two"}))["ok"] is False
    assert (await client.post("edit", {**place, "user": client.ada, "text": "two"}))["ok"] is True
    assert (await client.post("react", {**place, "user": client.ben, "name": "eyes", "on": True}))["ok"] is True
    versions = await client.get(f"versions?channel={client.channel}&ts={ts}")
    assert [version["text"] for version in versions["versions"]] == ["one", "two"]  # type: ignore[attr-defined]
    assert await client.get(f"version?channel={client.channel}&ts={ts}&n=1") == {
        "ok": True,
        "blocks": versions["versions"][1]["blocks"],  # type: ignore[index]
    }
    for wrong in ("", "n=", "n=-1", "n=2", "n=x", "n=0&ts=1.0", "n=" + "9" * 5_000):
        assert (await client.get(f"version?{wrong}&channel={client.channel}&ts={ts}"))["ok"] is False
    assert (await client.post("delete", {**place, "user": client.ben}))["ok"] is False
    assert (await client.post("delete", {**place, "user": client.ada}))["ok"] is True
    assert client.slack.messages(client.channel) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("say", {"user": "U0NOBODY", "channel": "C0NOWHERE", "text": "x"}),
        ("say", {"user": "U0NOBODY"}),
        ("say", {"user": "U0NOBODY", "channel": "C0NOWHERE", "text": "   "}),
        ("command", {"user": "U0NOBODY", "channel": "C0NOWHERE", "command": "/flowise", "text": ""}),
        ("submit", {"user": "U0NOBODY", "view_id": "V0NONE", "state": {}}),
        ("controls", {"flowise": {"flow": "no such flow"}}),
        ("controls", {"flowise": {"upstream": "yours", "url": "ftp://x", "chatflow_id": "y"}}),
        ("controls", {"flowise": {"upstream": "yours", "url": "http://127.0.0.1:9", "chatflow_id": "some-id"}}),
        ("controls", ["latency"]),
        ("fault", {"what": "fire"}),
    ],
)
async def test_what_cannot_be_done_is_told_in_a_sentence(client: PageClient, path: str, body: object) -> None:
    answer = await client.post(path, body)
    assert answer["ok"] is False
    assert str(answer["error"]).rstrip(".")
    controls = await client.post("controls", {})
    assert controls["flowise"]["upstream"] == "local"  # type: ignore[index]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MOST_BYTES", 1_000)


@pytest.mark.usefixtures("small")
async def test_what_is_too_large_is_told_in_a_sentence(client: PageClient) -> None:
    form = aiohttp.FormData({"user": client.ada, "channel": client.channel})
    form.add_field("file", b"x" * 1_001, filename="film.mp4")
    assert "too much at once" in str((await client.post("say", form))["error"])
    assert client.slack.messages(client.channel) == []


async def test_a_flowise_that_does_not_answer_changes_nothing(client: PageClient, flowise: LocalFlowise) -> None:
    own = {"upstream": "yours", "url": flowise.url, "chatflow_id": flowise.flow("plain")}
    before = (await client.post("controls", {"flowise": own}))["flowise"]
    for url in ("http://127.0.0.1:9", "http://a..b"):
        assert (await client.post("controls", {"flowise": {**own, "url": url}}))["ok"] is False
    assert (await client.post("controls", {}))["flowise"] == before


async def test_the_app_is_brought_into_a_channel(client: PageClient) -> None:
    elsewhere = client.slack.channel("elsewhere", members=[client.ada], bot_is_member=False)
    olga = client.slack.user("olga", team="T0PARTNER")
    body = {"user": client.ada, "channel": elsewhere, "who": client.slack.bot_user_id}
    assert (await client.post("invite", {**body, "user": client.ben}))["ok"] is False
    assert (await client.post("invite", {**body, "who": olga}))["ok"] is False
    assert (await client.post("invite", {**body, "who": "U0NOBODY"}))["ok"] is False
    assert (await client.post("invite", {**body, "channel": client.slack.dm(client.ada)}))["ok"] is False
    assert (await client.post("invite", {**body, "prompt": "1.0"}))["ok"] is False
    async with client.session.ws_connect("live") as live:
        await live.receive_json()
        assert (await client.post("invite", body))["ok"] is True
        told = await live.receive_json()
        assert (told["kind"], client.slack.bot_user_id in told["channel"]["members"]) == ("channel", True)


async def test_how_it_is_set_is_told_to_every_page(client: PageClient) -> None:
    async with client.session.ws_connect("live") as live:
        hello = await live.receive_json()
        assert (hello["kind"], hello["controls"]["limits"], hello["controls"]["sockets"]) == ("hello", "on", 0)
        await client.post("controls", {"limits": "tight", "latency": 0.02, "twice": True})
        told = (await live.receive_json())["controls"]
        assert (told["limits"], told["latency"], told["twice"]) == ("tight", 0.02, True)
        await client.post("controls", {"flowise": {"fault": "slow", "flow": "plain"}})
        flowise = (await live.receive_json())["controls"]["flowise"]
        assert (flowise["fault"], flowise["flow"]) == ("slow", "plain")
        await client.post("fault", {"what": "server_errors", "times": 1})
        assert (await live.receive_json())["controls"]["server_errors"] == 1
        headers = {"Authorization": f"Bearer {client.slack.bot_token}"}
        async with (
            aiohttp.ClientSession() as app,
            app.post(f"{client.slack.url}auth.test", headers=headers) as response,
        ):
            assert response.status == 500
        heard = [await live.receive_json(), await live.receive_json()]
        assert {change["kind"] for change in heard} == {"call", "controls"}
        assert next(change["controls"]["server_errors"] for change in heard if change["kind"] == "controls") == 0


async def test_when_limits_are_no_longer_tight_what_they_have_taught_the_bot_is_forgotten(
    client: PageClient, redis_url: str
) -> None:
    edits = keys("chat.update", client.channel)
    async with aclosing(RedisStore.at(redis_url)) as store:
        for team in (client.slack.team_id, f"{client.slack.team_id}2"):
            await store.refused(team, edits, 60.0, "a call")
        for pace, waits in (("tight", True), ("tight", True), ("on", False)):
            await client.post("controls", {"limits": pace})
            assert ((await store.spend(client.slack.team_id, edits, 0.0, "another")).wait > 0) is waits
        assert (await store.spend(f"{client.slack.team_id}2", edits, 0.0, "another")).wait > 0


async def test_what_is_looked_at(client: PageClient) -> None:
    budget = await client.get("budget")
    assert budget["budget"]["chat.update"] == {"left": 50, "most": 50, "reset": 0.0}  # type: ignore[index]
    thread = await client.get(f"thread?channel={client.channel}&thread_ts=1.0")
    assert (thread["keys"], thread["chat_ids"]) == ([], [])


async def test_no_secret_is_told(client: PageClient) -> None:
    await client.post("controls", {"flowise": {"upstream": "yours", "url": "http://x", "api_key": "their-key"}})
    async with client.session.ws_connect("live") as live:
        hello = json.dumps(await live.receive_json())
    for secret in (client.slack.bot_token, client.slack.app_token, client.slack.signing_secret, "their-key"):
        assert secret not in hello
