"""The inspector tells how old text is when it is shown: by hand-made answers, and by what the bot's renderers make."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from bot.playground.flowise.essay import essay
from bot.slack.text.pages import Document
from bot.slack.text.streaming import StreamText
from tests.playground.browser.modules import Modules, modules_in

pytestmark = pytest.mark.browser

_MEASURE = """
    const { Received } = await import("/static/inspector/received.js");
    const received = new Received();
    const shown = module.measure(received, given.frames, given.calls);
    return {
        characters: received.characters, tokens: received.tokens, letters: received.letters.length,
        steps: shown.steps.map(({ at, characters }) => [at, characters]), reached: shown.letters,
        mean: shown.mean, worst: shown.worst,
        waited: (given.times ?? []).map((at) => [shown.charactersBy(at), shown.waitedBy(at)]),
    };
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def modules(chromium: Browser) -> AsyncIterator[Modules]:
    """One page for all tests here: what they run is pure."""
    async with modules_in(chromium) as found:
        yield found


@dataclass(frozen=True)
class _Measured:
    characters: int
    tokens: int
    letters: int
    reached: int
    steps: list[list[float]]
    mean: float | None
    worst: float
    waited: list[list[float]]


def _frames(*tokens: tuple[float, str]) -> list[dict[str, object]]:
    return [
        {"n": n, "at": at, "event": "token", "data": json.dumps({"event": "token", "data": text}), "size": 50}
        for n, (at, text) in enumerate(tokens, 1)
    ]


def _call(at: float, text: str = "", **changes: Any) -> dict[str, object]:
    args = changes.pop("args", {"text": text})
    call = {"method": "chat.update", "args": args, "at": at, "took": 0.25, "answer": "ok", "ts": "1.0"}
    return call | changes


async def _measured(modules: Modules, frames: object, calls: object, times: Sequence[float] = ()) -> _Measured:
    given = {"frames": frames, "calls": calls, "times": list(times)}
    return _Measured(**await modules.run("inspector/age.js", _MEASURE, given))


WORDS = ((1.0, "One two "), (1.5, "three four "), (2.0, "five six."))


async def test_text_is_as_old_as_the_time_from_its_frame_to_the_answer_of_the_call(modules: Modules) -> None:
    calls = [_call(1.25, "One two"), _call(2.0, "One two three four five six.")]
    found = await _measured(modules, _frames(*WORDS), calls, [1.6, 2.1, 2.3])
    assert (found.characters, found.tokens, found.letters) == (28, 3, 22)
    assert found.steps == [[1.5, 8], [2.25, 28]]
    # 6 letters after 0.5 s, 9 after 0.75 s, 7 after 0.25 s.
    assert found.mean == pytest.approx((6 * 0.5 + 9 * 0.75 + 7 * 0.25) / 22)
    assert found.worst == pytest.approx(0.75)
    assert found.waited == [[8, pytest.approx(0.1)], [8, pytest.approx(0.6)], [28, 0]]


@pytest.mark.parametrize(("answer", "reached"), [("ok", 22), ("dropped", 22), ("429", 0), ("500", 0), ("broken", 0)])
async def test_only_what_slack_has_done_shows_text(modules: Modules, answer: str, reached: int) -> None:
    call = _call(2.5, "One two three four five six.", answer=answer)
    assert (await _measured(modules, _frames(*WORDS), [call])).reached == reached


async def test_a_call_shows_nothing_that_came_after_it_was_made(modules: Modules) -> None:
    frames = _frames((1.0, "again and "), (2.0, "again and "), (3.0, "again and"))
    found = await _measured(modules, frames, [_call(1.5, "again and again and")])
    assert found.steps == [[1.75, 10]]


@pytest.mark.parametrize(
    "text",
    ["One other question is answered first.", "Flowise could not be reached. Please try again in a minute.", "", "…"],
)
async def test_a_sentence_of_the_bot_is_no_text_of_flowise(modules: Modules, text: str) -> None:
    found = await _measured(modules, _frames(*WORDS), [_call(2.5, text)])
    assert (found.reached, found.mean, found.worst) == (0, None, 0)


async def test_words_before_and_after_the_answer_do_not_count(modules: Modules) -> None:
    frames = _frames((1.0, "The mapping is kept in Redis for "), (2.0, "thirty days after its last use."))
    text = "@ada asked: for how long?\nThe mapping is kept in Redis for\nSources\nhandbook.pdf"
    found = await _measured(modules, frames, [_call(2.5, text)])
    assert found.steps == [[2.75, 33]]


async def test_an_address_that_a_label_hides_is_passed_over(modules: Modules) -> None:
    received = "Read [the long handbook](https://docs.example.com/handbook/of/the/bot?page=12) before you begin."
    blocks = [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "Read "},
                        {"type": "link", "url": "https://docs.example.com/", "text": "the long handbook"},
                        {"type": "text", "text": " before you begin."},
                    ],
                }
            ],
        }
    ]
    found = await _measured(modules, _frames((1.0, received)), [_call(1.5, args={"text": "", "blocks": blocks})])
    assert found.steps == [[1.75, len(received)]]


async def test_a_stream_is_told_piece_by_piece(modules: Modules) -> None:
    calls = [
        _call(1.25, method="chat.startStream", args={"markdown_text": "One two "}),
        _call(1.75, method="chat.appendStream", args={"chunks": [{"type": "markdown_text", "text": "three four "}]}),
        _call(2.25, method="chat.stopStream", args={"markdown_text": "five six."}),
    ]
    found = await _measured(modules, _frames(*WORDS), calls)
    assert [characters for _, characters in found.steps] == [8, 19, 28]


async def test_an_edit_that_takes_text_away_makes_nothing_unseen(modules: Modules) -> None:
    calls = [_call(1.25, "One two"), _call(2.0, "Interrupted.")]
    assert (await _measured(modules, _frames(*WORDS), calls)).steps == [[1.5, 8]]


async def test_a_frame_that_was_cut_counts_by_what_is_kept_of_it(modules: Modules) -> None:
    frame = {"n": 1, "at": 1.0, "event": "token", "data": '{"event":"token","data":"kept \\u00e4nd \\u00', "size": 9000}
    assert (await _measured(modules, [frame], [])).characters == len("kept änd ")


async def test_letters_of_any_script_count(modules: Modules) -> None:
    frames = _frames((1.0, "日本語の答え、"), (1.5, "Ответ: 42 🙂"))
    found = await _measured(modules, frames, [_call(2.0, "日本語の答え、Ответ: 42 🙂")])
    assert found.reached == found.letters == 6 + 5 + 2
    assert found.steps == [[2.25, found.characters]]


def _pieces(text: str, size: int) -> Iterable[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


async def test_an_answer_rendered_as_blocks_over_several_messages_is_followed_to_its_end(modules: Modules) -> None:
    text, document = essay(6_000), Document()
    frames: list[tuple[float, str]] = []
    calls: list[dict[str, object]] = []
    for second, piece in enumerate(_pieces(text, 900)):
        document.append(piece)
        frames.append((float(second), piece))
        pages = document.pages(growing=True)
        calls += [
            _call(second + 0.5, ts=f"{number}.0", args={"text": page.text, "blocks": page.blocks})
            for number, page in enumerate(pages)
        ]
    pages = document.pages(growing=False)
    assert len(pages) > 2
    last = {"text": pages[-1].text, "blocks": pages[-1].blocks}
    calls.append(_call(len(frames), ts=f"{len(pages) - 1}.0", args=last))
    found = await _measured(modules, _frames(*frames), calls)
    assert found.reached == found.letters
    assert found.steps[-1][1] == len(text)
    # Each call shows what had come half a second before; little is held back as half-open Markdown.
    assert found.mean == pytest.approx(0.75, abs=0.1)
    shown_by = {int(at): shown for at, shown in found.steps[:-1]}
    assert all(0 <= 900 * (second + 1) - shown < 400 for second, shown in shown_by.items())


async def test_an_answer_streamed_over_several_messages_is_followed_to_its_end(modules: Modules) -> None:
    text, stream = essay(3_000), StreamText()
    frames: list[tuple[float, str]] = []
    calls: list[dict[str, object]] = []
    number = 1
    for second, piece in enumerate([*_pieces(text, 700), ""]):
        stream.append(piece)
        frames.append((float(second), piece))
        while (said := stream.piece(growing=piece != "")) is not None:
            stream.taken(said)
            args = {"markdown_text": said.markdown}
            calls.append(_call(second + 0.5, ts=f"{number}.0", method="chat.appendStream", args=args))
            if not said.full:
                break
            stream.close()
            number += 1
    assert number > 1
    found = await _measured(modules, _frames(*frames), calls)
    assert found.reached == found.letters
    assert found.steps[-1][1] == len(text)
