"""The tap changes no byte on its way, and for the bot each fault is as it is in real life."""

from __future__ import annotations

import asyncio
import io
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from bot.playground.flowise import OFFERED, LocalFlowise, Script, wire
from bot.playground.sandbox import Sandbox
from bot.playground.tap import FAULTS, Tap
from bot.playground.tap.faults import MIDDLE
from bot.playground.tap.forward import new_session
from bot.playground.tap.proxy import HOST

RECORDINGS = Path(__file__).parents[2] / "recordings"
KEY = "sk-some-secret-key"
WORDS = [f" word{number}" for number in range(40)]

# What a proxy may change: what concerns one connection alone.
_OWN = {"connection", "keep-alive", "transfer-encoding"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
async def flowise() -> AsyncIterator[LocalFlowise]:
    async with LocalFlowise(tokens_per_second=math.inf, heartbeat=0) as server:
        yield server


@pytest.fixture
async def tap(flowise: LocalFlowise) -> AsyncIterator[Tap]:
    async with Tap(flowise) as opened:
        yield opened


@pytest.fixture
async def tapped(home: Sandbox) -> AsyncIterator[Tap]:
    async with Tap(home.flowise) as opened:
        yield opened


def body(question: str = "?", *, streaming: bool = True, chat: str = "a chat") -> dict[str, object]:
    return {"question": question, "streaming": streaming, "chatId": chat}


def post(http: aiohttp.ClientSession, tap: Tap, asked: dict[str, object] | None = None, **more: Any) -> Any:
    return http.post(f"{tap.url}/api/v1/prediction/{tap.chatflow_id}", json=asked or body(), **more)


def predictions(tap: Tap) -> list[dict[str, Any]]:
    return tap.snapshot()["predictions"]


def frames(tap: Tap) -> list[dict[str, Any]]:
    return tap.snapshot()["frames"]


# ── bytes ──


async def led_to(tap: Tap, http: aiohttp.ClientSession, url: str, flow: str) -> None:
    """Forward elsewhere, and look at its probe as the bot does: only then is a question passed on as it was asked."""
    tap.use(url, flow)
    async with http.get(f"{tap.url}/api/v1/chatflows-streaming/{tap.chatflow_id}") as probe:
        assert probe.status == 200


def recorded(path: Path) -> tuple[str, bytes]:
    """The head and the body of a recording, read without the code under test."""
    lines = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    whole = "".join(line.get("frame", "") or line.get("tail", "") for line in lines)
    return next((line["head"] for line in lines if "head" in line), ""), whole.encode()


@pytest.mark.slow
async def test_every_recording_comes_through_byte_for_byte(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession
) -> None:
    closed = [path for path in sorted(RECORDINGS.glob("*.jsonl")) if '"by server"' in path.read_text("utf-8")]
    assert len(closed) > 100
    for path in closed:
        await led_to(tap, http, flowise.url, flowise.replay(path))
        async with post(http, tap) as response:
            wanted = recorded(path)[1]
            assert await response.read() == wanted, path.stem
        assert predictions(tap)[-1]["bytes"] == len(wanted)


@pytest.mark.parametrize(
    "name",
    ["chat_first", "af_agent_calculator", "nostream_llmchain_parser", "ratelimit_3_streaming", "bad_id_nonstreaming"],
)
async def test_the_head_is_the_servers_own(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession, name: str
) -> None:
    """But for what concerns one connection alone."""
    path = RECORDINGS / f"{name}.jsonl"
    await led_to(tap, http, flowise.url, flowise.replay(path))
    async with post(http, tap) as response:
        await response.read()
    status, *lines = recorded(path)[0].strip().split("\r\n")
    wanted = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    got = {name.lower(): value for name, value in response.headers.items()}
    assert f"HTTP/1.1 {response.status} {response.reason}" == status
    assert {name: value for name, value in got.items() if name not in _OWN} == {
        name: value for name, value in wanted.items() if name not in _OWN
    }
    assert got["date"] == wanted["date"]


@pytest.mark.parametrize("name", ["server_dies_sigterm", "disconnect_chat_1_killed"])
async def test_an_answer_that_is_cut_upstream_is_cut_here(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession, name: str
) -> None:
    await led_to(tap, http, flowise.url, flowise.replay(RECORDINGS / f"{name}.jsonl"))
    with pytest.raises(aiohttp.ClientPayloadError):
        async with post(http, tap) as response:
            await response.read()
    assert predictions(tap)[0]["ended"] == "cut"


async def test_a_frame_comes_when_it_is_sent(flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession) -> None:
    may_go_on = asyncio.Event()
    flowise.script(
        "rag", Script(raw=[b'message:\ndata:{"event":"tok', b'en","data":"x"}\n\n'], hold=may_go_on, hold_after=1)
    )
    async with post(http, tap) as response:
        assert await response.content.readany() == b'message:\ndata:{"event":"tok'
        assert frames(tap) == []
        may_go_on.set()
        assert await response.content.read() == b'en","data":"x"}\n\n'
    assert [frame["event"] for frame in frames(tap)] == ["token"]


async def test_who_leaves_is_seen_to_leave(flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession) -> None:
    flowise.script("rag", Script(tokens=["a"], stalls=True))
    gone = asyncio.Event()
    tap.listen(lambda change: gone.set() if _ended(change) == "left" else None)
    async with post(http, tap) as response:
        await response.content.readany()
        response.close()
    await asyncio.wait_for(flowise.predictions[0].gone(), 5)
    await asyncio.wait_for(gone.wait(), 5)


async def test_who_leaves_after_the_last_word_has_heard_all(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession
) -> None:
    flowise.script("rag", Script(raw=[wire.frame("token", "a") + wire.END], stalls=True))
    async with post(http, tap) as response:
        assert (await response.content.readany()).endswith(wire.END)
        response.close()
    await asyncio.wait_for(flowise.predictions[0].gone(), 5)
    assert predictions(tap)[0]["ended"] == "closed"


def _ended(change: dict[str, Any]) -> str:
    return change["prediction"]["ended"] if change["kind"] == "prediction" else ""


async def test_a_large_question_comes_through(flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession) -> None:
    flowise.script("rag", Script(json={"text": "well"}))
    question = "x" * 20_000_000
    data = io.BytesIO(json.dumps(body(question)).encode())
    async with http.post(f"{tap.url}/api/v1/prediction/{tap.chatflow_id}", data=data) as response:
        assert (await response.json())["text"] == "well"
    assert flowise.predictions[0].question == question
    assert predictions(tap)[0]["question"] == question[:4000]


# ── what is told ──


async def test_what_went_through_is_told_as_it_goes(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession
) -> None:
    changes: list[dict[str, Any]] = []
    stop = tap.listen(changes.append)
    flowise.script("rag", Script(tokens=["Hello", "", " you"]))
    async with post(http, tap, body("Who?")) as response:
        await response.read()
    stop()
    async with post(http, tap) as response:
        await response.read()
    kinds = [change["kind"] for change in changes]
    assert kinds == ["prediction"] * 2 + ["frame"] * 6 + ["prediction"]
    told = changes[-1]["prediction"]
    assert told == predictions(tap)[0]
    assert told["at"] <= told["ended_at"]
    assert {name: told[name] for name in ("flow", "upstream", "chat_id", "question", "status", "ended", "tokens")} == {
        "flow": OFFERED[0].title,
        "upstream": "local",
        "chat_id": "a chat",
        "question": "Who?",
        "status": 200,
        "ended": "closed",
        "tokens": 2,
    }
    events = [change["frame"]["event"] for change in changes if change["kind"] == "frame"]
    assert events == ["start", "token", "token", "token", "metadata", "end"]
    second = changes[3]["frame"]
    assert (second["prediction"], second["n"], second["data"]) == (told["id"], 2, '{"event":"token","data":"Hello"}')
    json.dumps(changes)


async def test_what_is_kept_has_an_end(flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession) -> None:
    flowise.script("rag", *[Script(raw=[wire.frame("token", "x") * 100]) for _ in range(60)])
    for _ in range(60):
        async with post(http, tap) as response:
            await response.read()
    kept = tap.snapshot()
    assert (len(kept["predictions"]), len(kept["frames"])) == (50, 3000)
    assert kept["predictions"][-1]["id"] == kept["frames"][-1]["prediction"] == 60
    assert {frame["prediction"] for frame in kept["frames"]} <= {told["id"] for told in kept["predictions"]}


async def test_a_huge_frame_is_cut_in_what_is_told_alone(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession
) -> None:
    flowise.script("rag", Script(tokens=["w" * 100_000]))
    async with post(http, tap) as response:
        assert b"w" * 100_000 in await response.read()
    [token] = [frame for frame in frames(tap) if frame["event"] == "token"]
    assert len(token["data"]) == 4000
    assert token["size"] > 100_000


async def test_an_event_s_name_is_cut_and_without_the_key_too(
    flowise: LocalFlowise, http: aiohttp.ClientSession
) -> None:
    flowise.script("rag", Script(raw=[wire.frame(KEY, ""), wire.frame("e" * 10_000, ""), wire.END]))
    async with Tap(flowise) as tap:
        tap.use(flowise.url, flowise.flow("rag"), KEY)
        async with post(http, tap) as response:
            await response.read()
    assert [len(frame["event"]) for frame in frames(tap)] == [len("<key>"), 4000, len("end")]


# ── who may ask ──


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Host": "127.0.0.1:1"}, 421), ({"Origin": "http://evil.example"}, 403)],
)
async def test_no_web_page_may_ask(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession, headers: dict[str, str], status: int
) -> None:
    async with post(http, tap, headers=headers) as response:
        assert response.status == status
    assert flowise.predictions == []


async def test_the_key_is_put_in_and_shown_nowhere(http: aiohttp.ClientSession) -> None:
    changes: list[dict[str, Any]] = []
    async with LocalFlowise(tokens_per_second=math.inf, api_key=KEY) as theirs, Tap(LocalFlowise()) as tap:
        tap.listen(changes.append)
        tap.use(theirs.url, theirs.flow("plain"), KEY)
        asked = body(f"my key is {KEY}") | {"overrideConfig": {"vars": [KEY, 1]}}
        async with post(http, tap, asked, headers={"Authorization": "Bearer the-bots-own"}) as response:
            assert KEY.encode() in await response.read()  # the stand-in repeats the question
        rows = f"{tap.url}/api/v1/chatmessage/{tap.chatflow_id}?chatId=a%20chat"
        async with http.get(rows) as response:
            assert len(await response.json()) == 2
        # Who does not know the id that the bot was given is nobody here.
        for other in (theirs.flow("plain"), "x"):
            async with http.get(f"{tap.url}/api/v1/chatmessage/{other}") as response:
                assert response.status == 401
        assert [received.headers["Authorization"] for received in theirs.predictions] == [f"Bearer {KEY}"]
        shown = json.dumps([changes, tap.snapshot(), tap.controls()]) + repr(tap) + repr(vars(tap))
        shown += repr(tap._target)
        assert tap.controls()["has_key"] is True
    assert "<key>" in shown
    assert KEY not in shown


async def test_the_bot_s_own_key_goes_nowhere(flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession) -> None:
    async with post(http, tap, headers={"Authorization": "Bearer the-bots-own", "X-Other": "kept"}) as response:
        await response.read()
    [received] = flowise.predictions
    assert "Authorization" not in received.headers
    assert received.headers["X-Other"] == "kept"


async def test_a_redirect_is_told_and_not_followed(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession
) -> None:
    """It would carry the key elsewhere."""
    elsewhere = {"Location": f"{flowise.url}/api/v1/prediction/{flowise.flow('plain')}"}
    flowise.script("rag", Script(status=307, headers=elsewhere, body=b"go on there"))
    async with post(http, tap, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (307, elsewhere["Location"])
    assert [received.flow for received in flowise.predictions] == ["rag"]


@pytest.mark.parametrize(
    ("url", "flow", "key", "said"),
    [
        ("", "id", None, "begins with http://"),
        ("localhost:3000", "id", None, "begins with http://"),
        ("ftp://host", "id", None, "begins with http://"),
        ("http://host:port", "id", None, "begins with http://"),
        ("http://a..b", "id", None, "begins with http://"),
        ("http://me:secret@host", "id", None, "without a name and password"),
        ("https://host/api/v1/prediction/x", "id", None, "base address alone"),
        ("https://host/?x=1", "id", None, "base address alone"),
        ("http://host", "", None, "chatflow's id"),
        ("http://host", "a/b", None, "chatflow's id"),
        ("http://host", "id", "two words", "one word"),
        ("http://host", "id", "a\r\nX: y", "one word"),
    ],
)
async def test_what_cannot_be_used_is_said(tap: Tap, url: str, flow: str, key: str | None, said: str) -> None:
    before = tap.controls()
    with pytest.raises(ValueError, match=said) as raised:
        tap.use(url, flow, key)
    assert "secret" not in str(raised.value)
    assert tap.controls() == before


@pytest.mark.parametrize("spelled", ["http://127.0.0.1:{}/", "HTTP://127.0.0.1:{}", "http://LocalHost:{}/"])
async def test_the_tap_does_not_lead_to_itself(tap: Tap, spelled: str) -> None:
    with pytest.raises(ValueError, match="own address"):
        tap.use(spelled.format(urlsplit(tap.url).port), "id")


async def test_it_moves_only_to_what_would_answer(flowise: LocalFlowise, tap: Tap) -> None:
    await tap.move(flowise.url + "/", flowise.flow("json"), KEY)
    before = tap.controls()
    assert (before["upstream"], before["chatflow_id"]) == ("yours", flowise.flow("json"))
    with pytest.raises(ValueError, match="no chatflow with the id 00000000"):
        await tap.move(flowise.url, "00000000-0000-4000-8000-000000000000")
    with pytest.raises(ValueError, match=r"Nothing answers at http://127\.0\.0\.1:9\. Is Flowise running there\?"):
        await tap.move("http://127.0.0.1:9", "id")
    assert tap.controls() == before  # the one that has answered, not the local one


@pytest.mark.parametrize("flow", ["plain", "json", "agentflow"])
async def test_it_does_not_move_to_a_protected_flow_without_its_key(tap: Tap, flow: str) -> None:
    async with LocalFlowise(api_key=KEY) as theirs:
        before = tap.controls()
        for key, said in ((None, "is protected. Please give its API key"), ("other", "does not take this API key")):
            with pytest.raises(ValueError, match=said):
                await tap.move(theirs.url, theirs.flow(flow), key)
            assert tap.controls() == before
        await tap.move(theirs.url, theirs.flow(flow), KEY)
        assert tap.controls()["has_key"] is True
        assert [received.question for received in theirs.predictions] == [""] * 3
        assert theirs.turns("0") == []  # nothing was asked
    assert predictions(tap) == []


async def test_an_address_that_leads_elsewhere_is_told_as_such(tap: Tap) -> None:
    async def moved(_: web.BaseRequest) -> web.Response:
        return web.Response(status=301, headers={"Location": "https://flowise.example/"})

    server = await asyncio.get_running_loop().create_server(web.Server(moved), HOST, 0)
    async with server:
        with pytest.raises(ValueError, match=r"leads elsewhere \(HTTP 301\)"):
            await tap.move(f"http://{HOST}:{server.sockets[0].getsockname()[1]}", "id")


def test_an_unknown_flow_or_fault_is_refused(home: Sandbox) -> None:
    tap = Tap(home.flowise)
    with pytest.raises(ValueError, match="no flow called 'nope'"):
        tap.choose("nope")
    with pytest.raises(ValueError, match="no fault called 'nope'"):
        tap.fault = "nope"  # type: ignore[assignment]  # as from the page


# ── the bot ──


@asynccontextmanager
async def bot(home: Sandbox, tap: Tap, **changes: object) -> AsyncIterator[None]:
    async with home.bot(flowise_url=tap.url, flowise_chatflow_id=tap.chatflow_id, **changes):
        yield


async def test_the_flow_is_chosen_between_two_questions_of_a_thread(home: Sandbox, tapped: Tap) -> None:
    async with bot(home, tapped):
        tapped.choose("plain")
        root = await home.ask(f"{home.mention} Hello")
        await home.answered(root)
        for number, flow in enumerate(["tools", "agentflow", "plain"], 2):
            tapped.choose(flow)
            await home.ask("what is 21*2?", thread_ts=root)
            *_, last = await home.answered(root, number)
            assert ("42" in last) == (flow != "plain")
    assert [received.flow for received in home.flowise.predictions] == ["plain", "tools", "agentflow", "plain"]
    assert [told["flow"] for told in predictions(tapped)] == ["Plain chat", "Tool agent", "Agent flow", "Plain chat"]
    assert len({received.chat_id for received in home.flowise.predictions}) == 1
    assert home.flowise.collisions == 0


async def test_files_come_through_and_are_cut_only_in_what_is_told(home: Sandbox, tapped: Tap) -> None:
    picture, notes = b"\x89PNG" + bytes(100_000), b"The bakery opens at seven."
    async with bot(home, tapped):
        files = [("image.png", picture), ("notes.txt", notes)]
        root = await home.slack.say(home.ada, home.channel, f"{home.mention} what is it?", files=files)
        await home.answered(root)
    assert [(file.way, file.content) for file in home.flowise.files] == [
        ("attachment", notes),
        ("file", picture),
        ("file:full", notes),
    ]
    [told] = predictions(tapped)
    assert len(json.dumps(told)) < len(picture)


async def test_a_flow_that_cannot_stream_follows_one_that_can_and_back(home: Sandbox, tapped: Tap) -> None:
    """The bot keeps the probe's answer for a minute, and would hang where such a flow fails."""
    async with bot(home, tapped, flowise_headers_timeout=5):
        for flow, streams in (("plain", True), ("json_fails", False), ("parser", False), ("rag", True)):
            tapped.use(home.flowise.url, home.flowise.flow(flow))
            root = await home.ask(f"{home.mention} Hello")
            [answer] = await home.answered(root)
            assert ("Something went wrong while I was answering" in answer) == (flow == "json_fails")
            assert home.flowise.predictions[-1].body["streaming"] is streams
            assert predictions(tapped)[-1]["request"]["streaming"] is streams
    assert [told["upstream"] for told in predictions(tapped)] == ["yours"] * 4


@pytest.mark.parametrize(
    ("flow", "said"), [("00000000-0000-4000-8000-000000000000", "not set up correctly"), ("", "can't get an answer")]
)
async def test_a_flowise_that_is_not_as_was_said_has_the_bot_s_own_sentence(
    home: Sandbox, tapped: Tap, flow: str, said: str
) -> None:
    async with bot(home, tapped, flowise_headers_timeout=5):
        await home.answered(await home.ask(f"{home.mention} Hello"))
        tapped.use(home.flowise.url if flow else "http://127.0.0.1:9", flow or "id")
        root = await home.ask(f"{home.mention} and now?")
        [answer] = await home.answered(root)
        assert said in answer
        tapped.use_local()
        root = await home.ask(f"{home.mention} Hello")
        [answer] = await home.answered(root)
        assert "Sources" in answer


async def faulty(home: Sandbox, tap: Tap, fault: str, **changes: object) -> str:
    """The answer to a question while a fault is on; the next question, without it, is answered."""
    if fault != "down":  # it would be left for the next one
        home.flowise.script("rag", Script(tokens=WORDS, token_wait=0.01))
    async with bot(home, tap, flowise_left_run_wait=0.5, **changes):
        tap.fault = fault  # type: ignore[assignment]  # one of FAULTS
        root = await home.ask(f"{home.mention} why?")
        [answer] = await home.answered(root)
        assert home.slack.status(home.channel, root) == ""
        tap.fault = "none"
        await home.ask("What did I ask before?", thread_ts=root)
        _, after = await home.answered(root, 2)
        assert "stand-in" in after
    assert home.flowise.collisions == 0
    assert home.slack.violations == []
    return answer


async def test_cut(home: Sandbox, tapped: Tap) -> None:
    answer = await faulty(home, tapped, "cut")
    assert f"word{MIDDLE - 1}" in answer
    assert f"word{MIDDLE}" not in answer
    assert "This answer is incomplete. I was cut off while I was answering." in answer
    assert predictions(tapped)[0]["ended"] == "cut"


async def test_a_cut_without_a_key_leaves_nothing_to_be_read(http: aiohttp.ClientSession) -> None:
    async with LocalFlowise(tokens_per_second=math.inf, api_key=KEY) as flowise, Tap(flowise) as tap:
        rows = f"{tap.url}/api/v1/chatmessage/{tap.chatflow_id}?chatId=a%20chat"
        for fault, status in (("cut", 200), ("cut_without_key", 401)):
            tap.fault = fault  # type: ignore[assignment]  # one of FAULTS
            with pytest.raises(aiohttp.ClientPayloadError):
                async with post(http, tap) as response:
                    await response.read()
            async with http.get(rows) as response:
                assert response.status == status


async def test_error(home: Sandbox, tapped: Tap) -> None:
    answer = await faulty(home, tapped, "error")
    assert "word5" in answer
    assert "word39" not in answer
    assert "This answer may be incomplete. Something went wrong while I was answering." in answer
    assert predictions(tapped)[0]["ended"] == "error"
    assert [frame["event"] for frame in frames(tapped) if frame["prediction"] == 1][-2:] == ["error", "end"]
    chat_id = home.flowise.predictions[0].chat_id
    assert "why?" not in [said for _, said in home.flowise.turns(chat_id)]


async def test_error_of_somebody_s_own_flowise_comes_when_its_run_is_over(home: Sandbox, tapped: Tap) -> None:
    tapped.use(home.flowise.url, home.flowise.flow("rag"))
    answer = await faulty(home, tapped, "error")
    assert "word5" in answer
    assert "Something went wrong while I was answering." in answer
    assert home.flowise.predictions[0].ended is not None


async def test_silent(home: Sandbox, tapped: Tap) -> None:
    answer = await faulty(home, tapped, "silent", flowise_event_timeout=0.3)
    assert answer.startswith("This took too long")
    told = predictions(tapped)[0]
    assert (told["status"], told["ended"], told["bytes"]) == (200, "left", 0)


async def test_down(home: Sandbox, tapped: Tap) -> None:
    answer = await faulty(home, tapped, "down")
    assert answer.startswith("I can't get an answer right now.")
    assert len(predictions(tapped)) == 1  # the one after it


async def test_down_in_the_middle_of_an_answer(home: Sandbox, tapped: Tap) -> None:
    home.flowise.script("rag", Script(tokens=WORDS, hold=asyncio.Event(), hold_after=20))
    async with bot(home, tapped):
        root = await home.ask(f"{home.mention} why?")
        await home.slack.until(lambda: bool(home.answers(root)))
        tapped.fault = "down"
        [answer] = await home.answered(root)
    assert "This answer is incomplete. I was cut off while I was answering." in answer
    assert predictions(tapped)[0]["ended"] == "cut"


async def test_slow_and_then_as_ever(flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession) -> None:
    flowise.script("rag", Script(tokens=WORDS))
    tap.fault = "slow"
    loop = asyncio.get_running_loop()
    async with post(http, tap) as response:
        begun = loop.time()
        await response.content.readuntil(b'word1"}\n\n')
        # `start` and one token, each with a pause of 0.2 s after it; never faster, whatever the machine is busy with.
        assert loop.time() - begun >= 0.39
        assert len(frames(tap)) < 6
        tap.fault = "none"
        assert b'"end"' in await response.read()
    assert [told["ended"] for told in predictions(tap)] == ["closed"]


async def test_silence_ends_when_the_fault_does(flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession) -> None:
    flowise.script("rag", Script(tokens=WORDS))
    tap.fault = "silent"
    async with post(http, tap) as response:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.05)
        tap.fault = "none"
        assert (await response.read()).count(b'"event":"token"') == len(WORDS)


@pytest.mark.parametrize("fault", ["cut", "cut_without_key", "error", "silent", "slow"])
async def test_an_answer_in_one_piece_has_its_faults_too(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession, fault: str
) -> None:
    tap.fault = fault  # type: ignore[assignment]  # one of FAULTS
    asked = body(streaming=False)
    if fault.startswith("cut"):
        with pytest.raises(aiohttp.ClientError):
            await post(http, tap, asked)
    elif fault == "error":
        async with post(http, tap, asked) as response:
            assert response.status == 500
            assert (await response.json())["message"].endswith("terminated")
        assert flowise.predictions == []
    else:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(post(http, tap, asked), 0.1)
    [told] = predictions(tap)
    assert told["ended"] in {"cut": {"cut"}, "cut_without_key": {"cut"}, "error": {"error"}}.get(fault, {"left", ""})


async def test_a_short_answer_breaks_before_its_end(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession
) -> None:
    flowise.script("rag", Script(tokens=["short"]), Script(tokens=["short"]))
    tap.fault = "error"
    async with post(http, tap) as response:
        seen = await response.read()
    assert b"metadata" not in seen
    assert seen.endswith(b'data:{"event":"end","data":"[DONE]"}\n\n')
    tap.fault = "cut"
    with pytest.raises(aiohttp.ClientPayloadError):
        async with post(http, tap) as response:
            await response.read()
    assert b"short" in seen


async def test_faults_come_and_go_as_fast_as_one_can_click(
    flowise: LocalFlowise, tap: Tap, http: aiohttp.ClientSession
) -> None:
    for fault in (*FAULTS, "none", "down", "none", "down"):
        tap.fault = fault
    await asyncio.sleep(0.01)
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(http, tap)
    tap.fault = "none"
    await asyncio.sleep(0.01)
    async with post(http, tap) as response:
        assert response.status == 200


async def test_the_door_keeps_its_port(tap: Tap) -> None:
    assert urlsplit(tap.url).hostname == "127.0.0.1"
    async with new_session() as session:
        tap.fault = "down"
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{tap.url}/api/v1/ping")
        tap.fault = "none"
        await asyncio.sleep(0.01)
        async with session.get(f"{tap.url}/api/v1/ping") as response:
            assert await response.text() == "pong"
