"""The page's API, over HTTP: what people do in the local Slack, how it is set, what is looked at; and each refusal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from bot.playground.flowise import LocalFlowise
from bot.playground.page import PageServer
from bot.playground.slack import LocalSlack, web
from bot.playground.tap import Tap


@dataclass(slots=True)
class Visit:
    """A page without a browser, in a workspace without a bot."""

    slack: LocalSlack
    session: aiohttp.ClientSession
    ada: str
    ben: str
    channel: str

    async def post(self, path: str, wish: object) -> dict[str, object]:
        form = wish if isinstance(wish, aiohttp.FormData) else None
        async with self.session.post(f"api/{path}", data=form, json=None if form else wish) as response:
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
async def visit(redis_url: str, flowise: LocalFlowise) -> AsyncIterator[Visit]:
    async with Tap(flowise) as tap:
        slack = LocalSlack()
        page = PageServer(slack, tap, redis_url)
        async with slack, aiohttp.ClientSession(page.url) as session:
            ada, ben = slack.user("ada"), slack.user("ben")
            channel = slack.channel("general", members=(ada, ben))
            yield Visit(slack, session, ada, ben, channel)


async def test_what_is_said_stands_there_with_its_files(visit: Visit) -> None:
    said = await visit.post("say", {"user": visit.ada, "channel": visit.channel, "text": "a &amp; b"})
    form = aiohttp.FormData({"user": visit.ben, "channel": visit.channel, "thread_ts": str(said["ts"])})
    form.add_field("file", b"<script>", filename="notes.html", content_type="text/html")
    replied = await visit.post("say", form)
    first, reply = visit.slack.thread(visit.channel, str(said["ts"]))
    assert (first.text, reply.ts, reply.files[0].content) == ("a &amp; b", replied["ts"], b"<script>")
    async with visit.session.get(f"files/{reply.files[0].id}/notes.html") as response:
        assert await response.read() == b"<script>"
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    async with visit.session.get(f"files/{reply.files[0].id}/other.html") as response:
        assert response.status == 404


async def test_people_change_and_delete_what_is_theirs(visit: Visit) -> None:
    ts = str((await visit.post("say", {"user": visit.ada, "channel": visit.channel, "text": "one"}))["ts"])
    place = {"channel": visit.channel, "ts": ts}
    assert (await visit.post("edit", {**place, "user": visit.ben, "text": "two"}))["ok"] is False
    assert (await visit.post("edit", {**place, "user": visit.ada, "text": "two"}))["ok"] is True
    assert (await visit.post("react", {**place, "user": visit.ben, "name": "eyes", "on": True}))["ok"] is True
    versions = await visit.get(f"versions?channel={visit.channel}&ts={ts}")
    assert [version["text"] for version in versions["versions"]] == ["one", "two"]  # type: ignore[attr-defined]
    assert await visit.get(f"version?channel={visit.channel}&ts={ts}&n=1") == {
        "ok": True,
        "blocks": versions["versions"][1]["blocks"],  # type: ignore[index]
    }
    for wrong in ("", "n=", "n=-1", "n=2", "n=x", "n=0&ts=1.0", "n=" + "9" * 5_000):
        assert (await visit.get(f"version?{wrong}&channel={visit.channel}&ts={ts}"))["ok"] is False
    assert (await visit.post("delete", {**place, "user": visit.ben}))["ok"] is False
    assert (await visit.post("delete", {**place, "user": visit.ada}))["ok"] is True
    assert visit.slack.messages(visit.channel) == []


@pytest.mark.parametrize(
    ("path", "wish"),
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
async def test_what_cannot_be_done_is_told_in_a_sentence(visit: Visit, path: str, wish: object) -> None:
    answer = await visit.post(path, wish)
    assert answer["ok"] is False
    assert str(answer["error"]).rstrip(".")
    controls = await visit.post("controls", {})
    assert controls["flowise"]["upstream"] == "local"  # type: ignore[index]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MOST_BYTES", 1_000)


@pytest.mark.usefixtures("small")
async def test_what_is_too_large_is_told_in_a_sentence(visit: Visit) -> None:
    form = aiohttp.FormData({"user": visit.ada, "channel": visit.channel})
    form.add_field("file", b"x" * 1_001, filename="film.mp4")
    assert "too much at once" in str((await visit.post("say", form))["error"])
    assert visit.slack.messages(visit.channel) == []


async def test_a_flowise_that_does_not_answer_changes_nothing(visit: Visit, flowise: LocalFlowise) -> None:
    own = {"upstream": "yours", "url": flowise.url, "chatflow_id": flowise.flow("plain")}
    before = (await visit.post("controls", {"flowise": own}))["flowise"]
    for url in ("http://127.0.0.1:9", "http://a..b"):
        assert (await visit.post("controls", {"flowise": {**own, "url": url}}))["ok"] is False
    assert (await visit.post("controls", {}))["flowise"] == before


async def test_the_app_is_brought_into_a_channel(visit: Visit) -> None:
    elsewhere = visit.slack.channel("elsewhere", members=[visit.ada], bot_is_member=False)
    olga = visit.slack.user("olga", team="T0PARTNER")
    wish = {"user": visit.ada, "channel": elsewhere, "who": visit.slack.bot_user_id}
    assert (await visit.post("invite", {**wish, "user": visit.ben}))["ok"] is False
    assert (await visit.post("invite", {**wish, "who": olga}))["ok"] is False
    assert (await visit.post("invite", {**wish, "who": "U0NOBODY"}))["ok"] is False
    assert (await visit.post("invite", {**wish, "channel": visit.slack.dm(visit.ada)}))["ok"] is False
    async with visit.session.ws_connect("live") as live:
        await live.receive_json()
        assert (await visit.post("invite", wish))["ok"] is True
        told = await live.receive_json()
        assert (told["kind"], visit.slack.bot_user_id in told["channel"]["members"]) == ("channel", True)


async def test_how_it_is_set_is_told_to_every_page(visit: Visit) -> None:
    async with visit.session.ws_connect("live") as live:
        hello = await live.receive_json()
        assert (hello["kind"], hello["controls"]["limits"], hello["controls"]["sockets"]) == ("hello", "on", 0)
        await visit.post("controls", {"limits": "tight", "latency": 0.02, "twice": True})
        told = (await live.receive_json())["controls"]
        assert (told["limits"], told["latency"], told["twice"]) == ("tight", 0.02, True)
        await visit.post("controls", {"flowise": {"fault": "slow", "flow": "plain"}})
        flowise = (await live.receive_json())["controls"]["flowise"]
        assert (flowise["fault"], flowise["flow"]) == ("slow", "plain")
        await visit.post("fault", {"what": "server_errors", "times": 1})
        assert (await live.receive_json())["controls"]["server_errors"] == 1
        headers = {"Authorization": f"Bearer {visit.slack.bot_token}"}
        async with aiohttp.ClientSession() as app, app.post(f"{visit.slack.url}auth.test", headers=headers) as response:
            assert response.status == 500
        heard = [await live.receive_json(), await live.receive_json()]
        assert {change["kind"] for change in heard} == {"call", "controls"}
        assert next(change["controls"]["server_errors"] for change in heard if change["kind"] == "controls") == 0


async def test_what_is_looked_at(visit: Visit) -> None:
    budget = await visit.get("budget")
    assert budget["budget"]["chat.update"] == {"left": 50, "most": 50, "reset": 0.0}  # type: ignore[index]
    thread = await visit.get(f"thread?channel={visit.channel}&thread_ts=1.0")
    assert (thread["keys"], thread["chat_ids"]) == ([], [])


async def test_no_secret_is_told(visit: Visit) -> None:
    await visit.post("controls", {"flowise": {"upstream": "yours", "url": "http://x", "api_key": "their-key"}})
    async with visit.session.ws_connect("live") as live:
        hello = json.dumps(await live.receive_json())
    for secret in (visit.slack.bot_token, visit.slack.app_token, visit.slack.signing_secret, "their-key"):
        assert secret not in hello
