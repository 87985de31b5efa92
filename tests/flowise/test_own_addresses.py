"""Flowise's own addresses are taken out of what it says, however it is cut."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import FlowiseBroke
from bot.flowise.events import CalledTools, End, Event, Metadata, SourceDocuments, Token
from bot.flowise.own_addresses import OwnAddresses

URL = "http://flowise:3000/"
QUERY = "chatflowId=11-22&chatId=33-44&fileName={}&download=true"
FILE = "http://flowise:3000/api/v1/get-upload-file?" + QUERY.format("table.csv")
ELSEWHERE = "https://other.example/behind/api/v1/get-upload-file?" + QUERY.format("a%20b.png")

CASES = [
    ("nothing of it", "Hello, here is https://docs.example/a?b=c and http://flowise.example/.", None),
    ("a link", f"See [the table]({FILE}).", "See [the table](sandbox:/table.csv)."),
    ("a link with a title", f'See [it]({FILE} "the table").', 'See [it](sandbox:/table.csv "the table").'),
    ("a link in angles", f"See [it](<{FILE}>).", "See [it](<sandbox:/table.csv>)."),
    ("a picture", f"![plot]({FILE})", "![plot](sandbox:/table.csv)"),
    ("a definition", f"[1]: {FILE}\n", "[1]: sandbox:/table.csv\n"),
    ("an attribute", f'<a href="{FILE}">it</a>', '<a href="sandbox:/table.csv">it</a>'),
    ("an attribute without quotes", f"<img src={FILE}>", "<img src=sandbox:/table.csv>"),
    ("bare", f"It is at {FILE}, as you wished.", "It is at table.csv, as you wished."),
    ("bare, in parentheses", f"(see {FILE})", "(see table.csv)"),
    ("in code", f"`curl {FILE}`", "`curl table.csv`"),
    ("its own label", f"[{FILE}]({FILE})", "[table.csv](sandbox:/table.csv)"),
    ("two", f"{FILE} {FILE}", "table.csv table.csv"),
    ("on another host", f"[it]({ELSEWHERE}) {ELSEWHERE}", "[it](sandbox:/a_b.png) a b.png"),
    ("a name with spaces", f"[it]({FILE.replace('table', 'my big table')})!", "[it](sandbox:/my_big_table.csv)!"),
    ("the same, bare", f"{FILE.replace('table', 'my big table')} is it", "my big table.csv is it"),
    ("a path as its name", f"{FILE.replace('table.csv', '..%2F..%2Fetc%2Fpasswd')}", "passwd"),
    ("a name that is Markdown", f"{FILE.replace('table', '%3C!channel%3E%60**')} is it", "!channel.csv is it"),
    ("HTML's ampersands", f'<a href="{FILE.replace("&", "&amp;")}">it</a>', '<a href="sandbox:/table.csv">it</a>'),
    ("no name", "http://flowise:3000/api/v1/get-upload-file?chatId=33 it is", "… it is"),
    ("another page of it", "See http://flowise:3000/canvas/11-22.", "See …."),
    ("its root, in capitals", "See HTTP://Flowise:3000 or http://flowise:3000/", "See … or …"),
    ("with a name before the host", "http://me:secret@flowise:3000/canvas", "…"),
    ("another port, another host", "http://flowise:30001/a http://flowise:80/a http://myflowise:3000/a", None),
    ("half an address", "http", None),
    ("what begins like one", "the http and https:// of ht", None),
]  # fmt: skip


def taken(own: OwnAddresses, pieces: Iterator[str] | list[str]) -> str:
    """What is left of a text that comes in pieces."""
    held = own.filter()
    return "".join(map(held.take, pieces)) + held.take("", final=True)


@pytest.mark.parametrize(("text", "left"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_address_is_taken_out_however_it_is_cut(text: str, left: str | None) -> None:
    own, expected = OwnAddresses(URL), text if left is None else left
    assert own.without(text) == expected
    for size in (1, 2, 3, 7, 50):
        assert taken(own, [text[start : start + size] for start in range(0, len(text), size)]) == expected
    for cut in range(len(text)):
        assert taken(own, [text[:cut], text[cut:]]) == expected
    assert own.without(expected) == expected


@pytest.mark.parametrize(
    ("url", "kept", "out"),
    [
        ("https://acme.example/flowise/", "https://acme.example/handbook https://acme.example/flowises", "/flowise/x"),
        ("https://acme.example:443", "https://acme.example.net/ https://acme.example:8443/", "/canvas"),
        ("http://[fd00::7]:3000", "http://[fd00::8]:3000/", "/canvas"),
    ],
)
def test_its_own_are_those_under_its_address(url: str, kept: str, out: str) -> None:
    own, address = OwnAddresses(url), url.rstrip("/").removesuffix("/flowise").removesuffix(":443") + out
    assert own.without(kept) == kept
    assert own.without(f"{kept} {address} ") == f"{kept} … "


@pytest.mark.parametrize("url", ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"])
def test_the_readers_own_machine_may_be_spoken_of(url: str) -> None:
    own = OwnAddresses(url)
    assert own.without(f"Open {url}/ in your browser.") == f"Open {url}/ in your browser."
    assert own.without(f"See {url}/api/v1/get-upload-file?{QUERY.format('a.csv')}") == "See a.csv"


@given(st.text(alphabet='htps:/.flowise3000 ()[]<>"?&=\n', max_size=60), st.integers(1, 5))
def test_no_text_depends_on_how_it_is_cut(text: str, size: int) -> None:
    own = OwnAddresses(URL)
    assert taken(own, [text[start : start + size] for start in range(0, len(text), size)]) == own.without(text)
    assert "http://flowise:3000/" not in own.without(text)


def test_other_text_is_not_held_back() -> None:
    held = OwnAddresses(URL).filter()
    pieces = ["Hello", " there, that", " is with", " all", " graph", " paper"]
    assert [held.take(piece) for piece in pieces] == pieces


def test_no_more_than_an_address_is_held_back() -> None:
    held = OwnAddresses(URL).filter()
    shown = [held.take(piece) for piece in ["http://docs.example/", *["a" * 50] * 100]]
    assert max(map(len, shown)) < 1_200
    assert sum(map(len, shown)) > 4_000


@pytest.mark.slow
def test_hostile_text_costs_no_more_than_twice_as_much_where_it_is_twice_as_long() -> None:
    own = OwnAddresses(URL)

    def seconds(text: str) -> float:
        began = time.process_time()
        own.without(text)
        return time.process_time() - began

    for part in ("http://", "http://x/api/v1/get-upload-file?a ", "https://[::", "h", "](<"):
        once, twice = (min(seconds(part * count) for _ in range(3)) for count in (2_000, 8_000))
        assert twice < 12 * max(once, 0.002), part


async def test_the_events_of_an_answer_keep_their_order() -> None:
    async def events() -> AsyncGenerator[Event, None]:
        for event in (
            Token("See http://flowise:3000/a"),
            SourceDocuments(()),
            Token("bc"),
            CalledTools(("search",)),
            Token("It is at http"),
            Metadata("c"),
            End(),
        ):
            yield event

    assert [event async for event in OwnAddresses(URL).left_out(events())] == [
        Token("See "),
        SourceDocuments(()),
        Token("…"),
        CalledTools(("search",)),
        Token("It is at "),
        Token("http"),
        Metadata("c"),
        End(),
    ]


async def test_what_is_held_back_of_an_answer_that_breaks_off_is_shown() -> None:
    async def events() -> AsyncGenerator[Event, None]:
        yield Token("See https://docs.example/a")
        raise FlowiseBroke("gone")

    shown = OwnAddresses(URL).left_out(events())
    assert [await anext(shown), await anext(shown)] == [Token("See "), Token("https://docs.example/a")]
    with pytest.raises(FlowiseBroke):
        await anext(shown)
