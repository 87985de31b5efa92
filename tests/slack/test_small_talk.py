"""Tests what asks nothing: thanks, agreement, laughs and emoji, and nothing that could be a question."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.small_talk import is_small_talk
from tests.examples import examples


@pytest.mark.parametrize(
    "text",
    [
        *(
            "thanks",
            "Thanks!",
            "thank you :pray:",
            "Thanks a lot!!",
            "thx",
            "ty",
            "Thank you so much, great job",
            "cheers",
        ),
        *(
            "ok",
            "OK.",
            "okay",
            "k",
            "got it, thanks",
            "Alright",
            "cool",
            "Perfect!",
            "sounds good 👍",
            "great, thanks again",
        ),
        *("lol", "LOOOL", "haha", "hahahaha", "hehe", "jajaja", "ㅋㅋㅋ", "哈哈哈", "www", "xD"),
        *("👍", "👍🏽", ":+1:", ":+1::skin-tone-3:", ":tada: :tada:", "🎉🎉", "❤️", "👨‍👩‍👧", "🇩🇪", "!!!", "…", ":)"),
        *(
            "Danke!",
            "vielen Dank",
            "alles klar, danke",
            "merci beaucoup",
            "d’accord",
            "ça marche",
            "muchas gracias",
            "vale",
        ),
        *(
            "obrigado",
            "grazie mille",
            "tack så mycket",
            "dzięki",
            "спасибо",
            "ок",
            "teşekkürler",
            "ありがとうございます\uff01",
        ),
        *("了解です", "谢谢\uff01", "好的", "감사합니다", "네"),
    ],
)
def test_what_asks_nothing(text: str) -> None:
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ok?",
            "thanks, but why?",
            "ok and how do I reset it",
            "thanks — what about Linux",
            "cool\uff1f",
            "好的吗\uff1f",
            "؟",
        ),
        *(
            "no",
            "stop",
            "yes please show me more",
            "thank the customer politely",
            "ok google",
            "great expectations summary",
        ),
        *(
            "thanks <@U0123ABCD>",
            "lol <https://example.com>",
            "ok 2",
            "`ok`",
            "#general",
            "/help",
            "3",
            "more",
            "continue",
        ),
        *("", " ", "tell me", "done", "again", "done with step one, next", "thanks " * 20, "why", "¿vale?", "help"),
    ],
)
def test_what_may_ask_something(text: str) -> None:
    assert not is_small_talk(text)


@given(st.text(max_size=40))
@settings(max_examples=examples(100))
def test_any_text_is_told_and_a_question_mark_always_asks(text: str) -> None:
    is_small_talk(text)
    assert not is_small_talk(f"{text}?")
