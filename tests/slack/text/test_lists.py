"""Lists: how they join what stands around them, and sub-lists that are indented by two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.text.markdown import outline
from bot.slack.text.nesting import nested
from bot.slack.text.pages import Document
from tests.examples import examples
from tests.slack.text.notation import seen
from tests.slack.text.test_markdown import listed, section, shown, text
from tests.slack.text.test_seams import streamed

JOINED = [
    ("And then:\n- a\n- b\n\nEnd.", "And then:\n- a\n- b\n\nEnd."),
    ("And then:\n\n- a\n- b\n\nEnd.", "And then:\n\n- a\n- b\n\nEnd."),
    ("## Steps\n1. a\n2. b\n## Next\n- c", "{b:Steps}\n1 a\n2 b\n{b:Next}\n- c"),
    ("A:\n1. a\n\nB:\n1. b\n\n\nC", "A:\n1 a\n\nB:\n1 b\n\nC"),
    ("- a\n1. b\n* c", "- a\n1 b\n- c"),
    ("> q\n- a\n> r", "q\n- a\nr"),
    ("- a\n```\nc\n```\n- b\n\n```\nd\n```\n\n- e", "- a\nc\n- b\n\nd\n\n- e"),
    ("A\n- a\n---\n- b", "A\n- a\n———\n- b"),
    ("A:  \n \t\n- a\n \n\nB", "A:\n\n- a\n\nB"),
    ("# H\ntext\n\nmore", "{b:H}\n\ntext\n\nmore"),
]


@pytest.mark.parametrize(("source", "drawn"), JOINED)
def test_a_list_has_a_blank_line_beside_it_where_the_source_has_one(source: str, drawn: str) -> None:
    assert seen(source) == drawn


def test_a_line_end_is_none_in_front_of_a_list_for_slack_begins_one_there() -> None:
    assert shown("And then:\n- a\n\nEnd.") == [
        section(text("And then:")),
        listed("bullet", text("a")),
        section(text("\nEnd.")),
    ]


@pytest.mark.parametrize(
    "filler", ["word " * 600, "- item\n" * 360, "```\n" + "code\n" * 600 + "```\n", "para\n\n" * 410]
)
def test_it_joins_alike_wherever_a_long_text_is_cut(filler: str) -> None:
    source = f"{filler}\nAnd then:\n- a\n- b\n# End\n- c\n\nlast"
    whole, growing = Document(), Document()
    whole.append(source)
    for at in range(0, len(source), 40):
        growing.append(source[at : at + 40])
        if at > len(source) - 100:
            growing.pages(growing=True)
    assert growing.pages(growing=False) == whole.pages(growing=False)
    assert whole.pages(growing=False)[-1].text.endswith("And then:\n• a\n• b\nEnd\n• c\n\nlast")


def test_a_list_right_after_code_that_was_cut_off_has_no_blank_line_before_it() -> None:
    document = Document()
    document.append("```\n" + "x = 1\n" * 395 + "```\n")
    document.append("- a\n")
    assert document.pages(growing=True)[0].text.endswith("x = 1\n• a")


NESTED = [
    ("1. First\n  - sub a\n2. Second", "1 First\n  - sub a\n2 Second"),
    ("1. A\n  - b\n    - c\n      more\n  - d\n2. E\n  1. x\n  2. y\n3. F",
     "1 A\n  - b\n    - c\nmore\n  - d\n2 E\n  1 x\n  2 y\n3 F"),
    ("10. A\n  - b\n   - c\n11. D", "10 A\n  - b\n  - c\n11 D"),
    ("1) A\n  * b\n2) C", "1 A\n  - b\n2 C"),
    ("1. A\n\n  - b\n\n2. C", "1 A\n  - b\n2 C"),
    ("-   A\n  - b\n- C", "- A\n  - b\n- C"),
    ("- A\n  - b\n    - c\n- D", "- A\n  - b\n    - c\n- D"),
    ("> 1. A\n>   - b\n> 2. C", "1 A\n  - b\n2 C"),
    ("1. A\n  - **b:** c\n  - [d](https://e.example)", "1 A\n  - {b:b:} c\n  - <d|https://e.example>"),
    ("1. A\n  ```\n  1. x\n    - y\n  ```\n2. B", "1 A\n1. x\n  - y\n2 B"),
    ("1. A\n  - b\n    ```\n    c\n      d\n    ```\n2. E", "1 A\n  - b\nc\n  d\n2 E"),
    ("1. A\n\ntext\n\n  - b", "1 A\n\ntext\n\n- b"),
    ("10. A\n\ntext\n\n  - b\n\n10. C\n# H\n  - d", "10 A\n\ntext\n\n- b\n\n10 C\n{b:H}\n- d"),
    ("1. A\n  2. B\n  3. C", "1 A\n2 B\n3 C"),
    ("1. A\n - b\n2. C", "1 A\n- b\n2 C"),
    ("1. A\n\t- b\n2. C", "1 A\n  - b\n2 C"),
    ("- A\n\n      code", "- A\ncode"),
    ("    - code", "- code"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "drawn"), NESTED)
def test_a_sub_list_is_one_with_two_spaces(source: str, drawn: str) -> None:
    assert seen(source) == drawn


@pytest.mark.parametrize("size", [1, 5, 1_000])
def test_in_a_stream_a_sub_list_is_indented_as_far_as_slack_wants(size: int) -> None:
    source = (
        "1. First\n  - sub **a**\n    - deep\n    ```py\n    x = 1\n      y\n    ```\n2. Second\n  - b\n\ntext\n\n  - c"
    )
    messages, _ = streamed([source[at : at + size] for at in range(0, len(source), size)])
    assert messages == [
        "1. First\n   - sub **a**\n     - deep\n     ```py\n     x = 1\n       y\n     ```\n2. Second\n   - b\n\n"
        "text\n\n  - c"
    ]


@settings(deadline=None, max_examples=examples(25))
@given(
    st.lists(
        st.sampled_from(["- a", "1. b", "  - c", "  1. d", "    - e", "   f", "", "> ", "```", "\t", "# g", "10. "])
    )
)
def test_no_line_is_lost_or_changed_but_for_its_indentation(lines: list[str]) -> None:
    source = "\n".join(lines)
    moved = nested(source)
    assert [line.lstrip() for line in moved.split("\n")] == [line.lstrip() for line in source.split("\n")]
    assert all(span.end <= len(lines) + 1 for span in outline(source).spans)


def test_it_grows_with_its_levels() -> None:
    document = Document()
    drawn = set()
    for char in "1. First\n  - sub\n2. Second":
        document.append(char)
        drawn |= {page.text for page in document.pages(growing=True)}
    assert "1. First\n  • sub\n2. Second" in drawn
    assert not any("\n•" in version for version in drawn)
