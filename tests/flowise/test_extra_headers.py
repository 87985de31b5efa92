"""Headers that a proxy asks for."""

from __future__ import annotations

import pytest

from bot.flowise.extra_headers import read, replaces_key, secrets


def test_headers_are_read() -> None:
    assert read("X-Client-Id=abc.access, X-Client-Secret = s3cret== ,") == {
        "X-Client-Id": "abc.access",
        "X-Client-Secret": "s3cret==",
    }
    assert read(" ") == {}
    assert replaces_key(read("authorization=Basic YWRhOnNlY3JldA=="))
    assert not replaces_key(read("X-A=1"))


def test_each_value_is_a_secret_unless_it_is_a_word_of_every_text() -> None:
    headers = read("X-Secret=s3cret,X-On=1,Authorization=Basic YWRhOnNlY3JldA==")
    assert secrets(headers) == ("Basic YWRhOnNlY3JldA==", "YWRhOnNlY3JldA==", "s3cret")


@pytest.mark.parametrize(
    "text",
    [
        "X-Secret",
        "=secretvalue",
        "X-Secret=",
        "X Secret=secretvalue",
        "X-Secret=secret\nvalue",
        "X-Secret=secretvalue\u00e9",
        "X-Secret=secretvalue,other",
        "Host=secretvalue",
        "Content-Length=5",
        "X-Secret=secretvalue,x-secret=secretvalue",
    ],
)
def test_what_cannot_be_sent_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected ") as failure:
        read(text)
    assert "secretvalue" not in str(failure.value)
