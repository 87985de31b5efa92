"""What a file is called in Slack: by its bytes, and so that its name does nothing."""

from __future__ import annotations

import unicodedata
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.events import ResultFile
from bot.flowise.result_content import inline_content, name_in_slack, shown_name
from bot.flowise.result_files import result_files
from bot.playground.slack.pings import pings, urls
from bot.slack import wording_of_files
from bot.slack.text.blocks import note
from bot.slack.text.limits import CONTEXT_TEXT

PNG, JPEG, GIF, PDF = b"\x89PNG\r\n\x1a\nx", b"\xff\xd8\xffx", b"GIF87ax", b"%PDF-1.4"
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "


@pytest.mark.parametrize(
    ("name", "kind", "content", "expected"),
    [
        ("plot.png", "png", PNG, "plot.png"),
        ("photo.JPEG", "", JPEG, "photo.JPEG"),
        ("plot.jpg", "jpg", PNG, "plot.jpg.png"),
        ("plot", "png", GIF, "plot.gif"),
        ("", "png", PNG, "picture.png"),
        ("", "png", WEBP, "picture.webp"),
        ("page.html", "html", PNG, "page.html.png"),
        ("plot.png", "png", b"<script>", "plot.png.txt"),
        ("plot.png", "png", b"\x00\x01", "plot.png.bin"),
        ("report.pdf", "", b"no pdf", "report.pdf.txt"),
        ("report.pdf", "", PDF, "report.pdf"),
        ("", "pdf", PDF, "file.pdf"),
        ("table.csv", "", b"a,b", "table.csv"),
        ("", "csv", b"a,b", "file.csv"),
        ("", "latex", b"x", "file.tex"),
        ("", "", b"x", "file.txt"),
        ("", "unheard", "ä".encode() * 4_000, "file.txt"),
        ("", "", ("x" + "ä" * 4_000).encode(), "file.txt"),
        ("", "", b"\xff\xfe", "file.bin"),
        ("Makefile", "", b"all:", "Makefile.txt"),
        ("gr\u00fc\u00dfe.py", "", b"x", "gr\u00fc\u00dfe.py"),
        ("gru\u0308n.py", "", b"x", "gr\u00fcn.py"),
        ("\u092b\u093c\u093e\u0907\u0932.csv", "", b"x", "\u092b\u093c\u093e\u0907\u0932.csv"),
        (".env", "", b"x", "env.txt"),
        ("x" * 60, "", b"x", "x" * 48 + ".txt"),
        ("a<!channel>.csv", "", b"x", "a__channel_.csv"),
    ],
)
def test_a_name_says_what_a_file_is(name: str, kind: str, content: bytes, expected: str) -> None:
    assert name_in_slack(ResultFile(name, kind=kind), content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("data:image/png;base64," + b64encode(PNG).decode(), PNG),
        ("data:image/png;base64, " + b64encode(PNG).decode() + "\n", PNG),
        ("DATA:text/csv,a%2Cb", b"a,b"),
        ("data:;base64,eA==", b"x"),
        ("data:image/png;base64,@@@", b""),
        ("a,b", b"a,b"),
        ("\ud83d", b"?"),
        ("", b""),
    ],
)
def test_what_came_with_a_name_is_read(content: str, expected: bytes) -> None:
    assert inline_content(ResultFile("x", content=content)) == expected


def test_the_type_of_a_uri_names_what_has_no_name() -> None:
    file = ResultFile("", content="data:image/svg+xml;base64,PHN2Zy8+")
    assert name_in_slack(file, inline_content(file)) == "file.svg"
    assert name_in_slack(ResultFile("", content="data:text/html,x"), b"x") == "file.html"


names = st.text(
    st.sampled_from("<!channel>@here#C1|&;`*_~[](){}\"'/\\.:%? \n\r\0\u202e\u2066\u2028\ud83dé🎉ap") | st.characters(),
    max_size=90,
)


@settings(max_examples=150, deadline=None)
@given(names, names, st.binary(max_size=12))
def test_no_name_or_kind_pings_links_leaves_its_place_or_breaks_a_block(name: str, kind: str, content: bytes) -> None:
    found = result_files([{"fileName": name, "type": kind, "data": "x"}, {"filePath": f"FILE-STORAGE::{name}"}])
    for file in (ResultFile(name, kind=kind), *(found.files if found else ())):
        for given_name in (name_in_slack(file, content), shown_name(file)):
            assert given_name.strip(" .") == given_name != ""
            assert len(given_name) <= 70
            assert all(char in " .()+,=-_" or unicodedata.category(char)[0] in "LMN" for char in given_name)
        for told in (
            wording_of_files.attached([shown_name(file)]),
            wording_of_files.not_fetched_here([shown_name(file)] * 5, more=True, alone=False),
        ):
            block = note(told)
            assert "\n" not in told
            assert pings("", [block], (), frozenset({"general"}), parse=False) == []
            assert urls("", [block]) == []
            assert len(told) <= CONTEXT_TEXT
