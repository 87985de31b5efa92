"""Labels that lie: what is read as another address is found, however it is disguised, at a cost of its length."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.text.links import linked, misleads
from bot.slack.text.lookalikes import is_blank
from bot.slack.text.markdown import render
from bot.slack.text.rich_text import PLAIN, TextRun, text_of
from tests.examples import examples

EVIL = "https://evil.example/"
# One or more of each range of Default_Ignorable_Code_Point, and others that show nothing.
INVISIBLE = (
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180d\u180e\u180f\u200b\u200d\u200e\u200f\u202a\u202c\u2060\u2064",
    *"\u2066\u2069\u206f\u3164\ufe00\ufe0f\ufeff\uffa0\ufff0\ufff8\ufff9\ufffc\ufffe\x00\x7f",
    *"\U0001bca0\U0001d159\U0001d173\U00016fe4\U000e0001\U000e0020\U000e0100\U000e01ef\U000e0fff",
    *"\u0301\u0338\u20dd\u200a\u2009\u2006\u202f\u205f",
)
DOTS = "\u2024\u3002\uff0e\uff61\ufe52\ua4f8\u0701\u0702\ua60e\u06d4\u00b7\u2022\u2027\u2219\u22c5\u0660\u06f0\u30fb"
SLASHES = "\u2044\u2215\u2571\u29f8\u27cb\u1735\uff0f"
COLONS = "\ua789\u2236\uff1a\ufe55\u02d0"


@pytest.mark.parametrize("char", INVISIBLE, ids=lambda char: f"U+{ord(char):04X}")
@pytest.mark.parametrize("address", ["paypal.com", "https://paypal.com/login", "security@paypal.com", "10.0.0.1"])
def test_an_address_with_what_cannot_be_seen_in_it(address: str, char: str) -> None:
    for place in range(0, len(address) + 1, 2):
        assert misleads(address[:place] + char + address[place:], EVIL), place
    assert misleads(char + char.join(address) + char, EVIL)


@pytest.mark.parametrize(
    "label",
    [
        *(f"paypal{dot}com" for dot in DOTS),
        *(f"paypal.com{slash}login" for slash in SLASHES),
        *(f"https:{slash}{slash}intranet" for slash in SLASHES),
        *(f"https{colon}//intranet" for colon in COLONS),
        *("-paypal.com", "..paypal.com", "see...paypal.com", "see…paypal.com", "paypal.com-login", "paypal.c0m"),
        *(
            "\u0440\u0430\u0443\u0440\u0430l.com",
            "PayPal.COM",
            "\uff50aypal\uff0ecom",
            "".join(chr(0x1D41A + ord(c) - 97) if c > "." else c for c in "paypal.com"),
            "ⓟⓐⓨⓟⓐⓛ.ⓒⓞⓜ",
            "🅿🅰🆈🅿🅰🅻.🅲🅾🅼",
        ),
        *("p̲a̲y̲p̲a̲l̲.̲c̲o̲m̲", "pa̸̷yp̵al.com", "paypal.com\u4e3flogin", "paypal.com\u200a-x"),
        # Turned round by its marks, each of these reads as an address from its end.
        *("\u2067moc\u200f.\u200flapyap\u2069", "\u2067m\u200fo\u200fc\u200f.\u200fx\u2069", "\u202emoc.lapyap"),
    ],
)
def test_an_address_in_disguise(label: str) -> None:
    assert misleads(label, EVIL)


@pytest.mark.parametrize(
    ("label", "url"),
    [
        ("Col·lecció del centre", "https://a.b/x"),
        ("约翰·史密斯", "https://a.b/x"),
        ("ジョン・スミス", "https://a.b/x"),
        ("हिन्दी पुस्तक", "https://a.b/x"),
        ("Prix\u202f: 10\u202f000 €", "https://a.b/x"),
        ("Read more…", "https://a.b/x"),
        ("v1.2 of e.g. this", "https://a.b/x"),
        ("Demo.mp4, handbook.pdf", "https://a.b/x"),
        ("müller.example", "https://müller.example/x"),
        ("exam\u00adple.com", "https://example.com/x"),
        ("👩‍👩‍👧 family ❤️", "https://a.b/x"),
    ],
)
def test_an_honest_label(label: str, url: str) -> None:
    assert not misleads(label, url)


README = "https://github.com/acme/app/blob/main/README.md"
ARTICLE = "https://help.example.com:8443/article/%E6%9D%B1?id=42#part"


@pytest.mark.parametrize(
    ("label", "url"),
    [
        # Without its scheme, its port, its query or its fragment, percent-encoded or not, or cut off behind its host.
        *((label, ARTICLE) for label in ("help.example.com/article/東", "help.example.com/article/%E6%9D%B1?id=42")),
        *(
            (label, ARTICLE)
            for label in ("https://help.example.com/article/東", "help.example.com:8443", "help.example.com")
        ),
        *((label, ARTICLE) for label in ("help.example.com/art…", "https://help.example.com:8443/article/%E6…")),
        ("acme.com/our docs/a b.docx", "https://acme.com/our%20docs/a%20b.docx"),
        ("youtu.be/dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcQ"),
        # A file's name that could be a host's, where that file is what the link leads to.
        *((label, README) for label in ("README.md", "docs/README.md", "app/README.md at main · acme/app")),
        ("app.py", "https://github.com/acme/app/blob/main/app.py?plain=1#L10"),
        ("Leave policy.md", "https://contoso.sharepoint.com/sites/HR/Leave%20policy.md"),
        ("main.go", "https://a.b/x"),
        ("notes.odt", "https://drive.google.com/file/d/1"),
    ],
)
def test_a_shortened_address_and_the_name_of_its_file(label: str, url: str) -> None:
    assert not misleads(label, url)


@pytest.mark.parametrize(
    ("label", "url"),
    [
        ("paypal.com", "https://evil.example/paypal.com"),
        ("paypal.com/README.md", "https://evil.example/paypal.com/README.md"),
        ("www.point.md", "https://evil.example/www.point.md"),
        ("README.md", "https://evil.example/other.md"),
        ("README.md", "https://evil.example/?x=README.md"),
        ("README.md", "https://evil.example/#/README.md"),
        ("help.example.com/other", ARTICLE),
        ("help.example.co…", "https://help.example.com.evil.example/"),
        ("help.example.com…", "https://help.example.com.evil.example/"),
        ("https://help.example.com…", "https://help.example.com.evil.example/"),
        ("help.example.com:9000", ARTICLE),
        ("good.com", "https://good.com%2f.evil.example/"),
        ("good.com", "https://good.com%23@evil.example/"),
        ("good.com", "https://good.com%40evil.example/"),
        ("good.com/x", "https://evil.example/?https://good.com/x"),
    ],
)
def test_a_shortened_address_of_another_host(label: str, url: str) -> None:
    assert misleads(label, url)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.sampled_from(INVISIBLE), min_size=11, max_size=11), st.sampled_from(DOTS))
def test_whatever_is_put_between_the_letters(between: list[str], dot: str) -> None:
    label = "".join(char + hidden for char, hidden in zip(f"paypal{dot}com", between, strict=False))
    assert misleads(label, EVIL)


@pytest.mark.parametrize("blank", [*INVISIBLE, "\u2800", "\u200b\u2060 \u3164", " \n"], ids=ascii)
def test_a_link_of_which_nothing_can_be_seen_shows_where_it_leads(blank: str) -> None:
    if unicodedata.category(blank[0]) in ("Mn", "Me"):
        return  # stands on a dotted circle where it has no letter
    assert is_blank(blank)
    assert linked((TextRun(blank),), EVIL, PLAIN) == (TextRun(EVIL, PLAIN, EVIL),)


def test_an_entity_brings_no_character_back_that_was_taken_out() -> None:
    [piece] = render("[&#x202e;moc.lapyap](https://evil.example/) &#x202e;&#8238;x&#x200b;")
    assert "\u202e" not in text_of(piece.runs)


@pytest.mark.parametrize("hostile", ["a", "a.", "1.", "-", "a-.", "://", "é.", "a@", "a.b@", "·a", "\u034fa."])
def test_a_hostile_label_costs_no_more_than_its_length(hostile: str) -> None:
    def cost(times: int) -> float:
        begun = time.process_time()
        misleads(hostile * times, EVIL)
        return time.process_time() - begun

    # A cost that grows with the square would be 64 times as high.
    assert min(cost(8_000) for _ in range(2)) < 24 * max(min(cost(1_000) for _ in range(3)), 0.001)
