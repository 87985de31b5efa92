"""Tests whether an answer ends with a question, as a person would see it."""

# ruff: noqa: RUF001  # other scripts are what is tested
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.last_words import ends_with_question
from bot.flowise.events import CalledTools, SourceDocuments, Token
from bot.reply.contract import Remark
from tests.examples import examples

QUESTIONS = [
    *(
        "Shall I go on?",
        "Shall I go on? \n\n",
        "**Shall I go on?**",
        "_Shall I go on?_",
        "Shall I *go on*?",
        "Really?!",
    ),
    *("Shall I go on? 😊", "Shall I go on? :smile:", "Shall I go on?👍🏽", "Ready ❓", "Which one ⁇", "What‽"),
    *("続けますか？", "続けますか。", "要继续吗？", "要继续吗", "هل أتابع؟", "Να συνεχίσω;", "Να συνεχίσω\u037e"),
    *("Շարունակե՞մ։", "¿Sigo?", "Soll ich weitermachen?", "계속할까요?", "ต่อไหม?"),
    *("Shall I go on? [1]", "Shall I go on? [^1]", "Shall I go on?【4†a.pdf】", "Shall I go on? (yes/no)"),
    *("He asked: “Shall I go on?”", "It is done. (Is it?)", "Did you mean [the handbook](https://a.example/b)?"),
    "Which one do you mean?\n\n- the red one\n- the blue one",
    "Which one do you mean?\n1. the red one\n2. the blue one\n",
    "Is it this?\n\n```\nls -l\n```",
    "Is it this?\n\n**Sources:**\n- a.pdf\n- b.pdf",
    "Is it this?\n\nSource: a.pdf, page 3",
    "Is it this?[^1]\n\n[^1]: a.pdf",
    "Is it this?<br>",
    *("Is it this? :)", "Is it this? ;-)", "Is it this?\n\n---", "Is it?\n\n![chart](https://a.example/x.png)"),
    "<think>hm</think>Is it this?",
]
ANSWERS = [
    *(
        "",
        " \n",
        "It is done.",
        "Why? Because it is.",
        "**Done**",
        "Done 🤔",
        "Done [1]",
        "See [Why?](https://a.example).",
    ),
    *("See [Why?](https://a.example)", "Use a; then b;", "You can ask “why” too."),
    "## Why is it so?\n- because\n- of this",
    "Steps:\n- do this\n- do that",
    "Done:\n```\nwhat?\n```",
    "Why? See below.\n\nSources:\n- Why?.pdf, page 3",
    "<think>Is it this?</think>It is.",
    "Is it this? No.\n\n:tada:",
]


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_seen_as_one_however_it_is_written(text: str) -> None:
    assert ends_with_question([Token(text)])
    assert ends_with_question([*map(Token, text), SourceDocuments(()), Remark("a remark.")])


@pytest.mark.parametrize("text", ANSWERS)
def test_what_asks_nothing_is_no_question(text: str) -> None:
    assert not ends_with_question([Token(text)])
    assert not ends_with_question([Token("Shall I?\n"), CalledTools(("search",)), *map(Token, text.strip() or "No.")])


@settings(max_examples=examples(50))
@given(st.text(st.sampled_from("a?.*_`()[]<>:-1\n 【】😊~"), max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert ends_with_question([Token(text)]) in {True, False}


def test_a_long_answer_is_read_by_its_end() -> None:
    assert ends_with_question([Token("word. " * 20_000), Token("Is it?")])
    assert not ends_with_question([Token("Is it? " * 20_000), Token("It is.")])
