from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.text.markdown import render
from bot.slack.text.rich_text import plain_text
from bot.slack.text.unfinished import heal
from tests.examples import examples

HEALED = [
    ("", ""),
    ("finished **bold** and `code`", "finished **bold** and `code`"),
    ("**bo", "**bo**"),
    ("**bold*", "**bold**"),
    ("**bold ", "**bold**"),
    ("*it **bo", "*it **bo***"),
    ("a **", "a "),
    ("_it", "_it_"),
    ("snake_case and 2 * 3", "snake_case and 2 * 3"),
    ("~~st", "~~st~~"),
    ("~~st~", "~~st~~"),
    ("a `co", "a `co`"),
    ("a ``x`", "a ``x``"),
    ("a `", "a "),
    ("`**` **b", "`**` **b**"),
    ("\\**b", "\\**b*"),
    ("end\\", "end"),
    ("end\\\\", "end\\\\"),
    ("[label](htt", "label"),
    ("see [lab", "see lab"),
    ("**[lab](h", "**lab**"),
    ("see [lab]", "see lab"),
    ("![al", "al"),
    ("![alt](http://a.b/c", "alt"),
    ("[done](http://a.b/(c)) [1] ", "[done](http://a.b/(c)) [1] "),
    ("see [1", "see 1"),
    ("see [1]", "see "),
    ("see [1](http", "see 1"),
    ("one\n\n- **two\n- *three", "one\n\n- **two\n- *three*"),
    ("para **one\n\n*two", "para **one\n\n*two*"),
    ("para\n-", "para"),
    ("para\n---", "para"),
    ("-", ""),
    ("- ", ""),
    ("- x\n  - ", "- x"),
    ("- [", ""),
    ("- [x", ""),
    ("##", ""),
    ("1", ""),
    ("1.", ""),
    ("1. ", ""),
    (">", ""),
    ("``", ""),
    ("```py", "```py"),
    ("```py\n**x", "```py\n**x"),
    ("```py\nx\n``", "```py\nx\n"),
    ("```py\nx\n```", "```py\nx\n```"),
    ("~~~\n**x\n~~~\n", "~~~\n**x\n~~~"),
    ("~~~\n**x\n~~~\n*y", "~~~\n**x\n~~~\n*y*"),
    ("````\nx\n```", "````\nx\n"),
    ("```a `b", "```a```"),
    ("a[*`b", "a*`b`"),
    ("\\![`b", "\\!`b`"),
    ("```\nx\n```\n**y", "```\nx\n```\n**y**"),
    ("- a\n  ```\n  **x", "- a\n  ```\n  **x"),
    ("|", ""),
    ("text\n\n| a | b |", "text"),
    ("| a | b |\n|--", ""),
    ("| a | b |\n|---|---|\n| **c", "| a | b |\n|---|---|\n| **c**"),
    ("| a | b |\n|---|---|\n|", "| a | b |\n|---|---|"),
    ("| a |\nno table", "| a |\nno table"),
    ("one<br", "one"),
    ("one <", "one "),
    ("see <https://a.b/c", "see "),
    ("see <https://a.b|the pa", "see "),
    ("see **<https://a.b|the pa", "see "),
    ("see **_`", "see "),
    ("*a\\*", "*a\\**"),
    ("see *[_[", "see "),
    ("[a *b", "a *b*"),
    ("x < y and <b", "x < y and "),
    ("x <y", "x <y"),
    ("`<br", ""),
    ("`List<Str", "`List`"),
    ("`a*b*c` and", "`a*b*c` and"),
    ("`snake_ca", "`snake`"),
    ("`" + "a*b " * 101, "`" + "a*b " * 100 + "a*b`"),
    ("<https://a.b|page> <!here", "<https://a.b|page> <!here"),
    ("- [x] do\n- [ ", "- [x] do"),
    ("> > qu **o", "> > qu **o**"),
    ("漢字 **漢", "漢字 **漢**"),
    ("**重要：**", "**重要：**"),
    ("**重要：**請", "**重要：**請"),
    ("含**「", "含**「**"),
    ("含**「重", "含**「重**"),
    ('말**"', '말**"**'),
    ('말**"중', '말**"중**'),
    ('word**"', "word"),
    ('word**"中', 'word**"中**'),
    ("*斜体，**", "*斜体，*"),
    ("2*3", "2*3"),
    ("see http", "see "),
    ("see https:/", "see "),
    ("see https://a.b/c", "see "),
    ("see https://a.b/c.", "see "),
    ("see https://a.b/c. ", "see https://a.b/c. "),
    ("参照https://a.b/c，然", "参照https://a.b/c，然"),
    ("https://a.b에서", ""),
    ("see https://a.b/_c d", "see https://a.b/_c d"),
    ("*see https://a.b/c*", "*see*"),
    ("https://a.b/c[1", "https://a.b/c\u20601"),
    ("`a*b`", "`a`"),
    ("``a`b ", "``a``"),
    ("*a\\ ", "*a*"),
    ("<https://a.b/~~c> *d", "<https://a.b/~~c> *d*"),
    ("a &am", "a "),
    ("a &amp; b", "a &amp; b"),
    ("see !", "see "),
    ("Hi!", "Hi!"),
    ("[Plan](https://a.b/My Pl", "Plan"),
    ("[Plan](https://a.b/My Plan (1).p", "Plan"),
    ("[Plan](https://a.b/My Plan.pdf) *x", "[Plan](https://a.b/My Plan.pdf) *x*"),
    ("*a [b*](https://a.b) c", "*a [b*](https://a.b) c*"),
    ("[x](a *b c) d", "[x](a *b c) d*"),
    ("<https://a.b/My Pl", ""),
    ("[- a", "\u2060- a"),
    ("مرحبا `با", "مرحبا `با`"),
]


@pytest.mark.parametrize(("source", "healed"), HEALED)
def test_what_is_half_open_is_closed_or_held_back(source: str, healed: str) -> None:
    assert heal(source) == healed


@settings(deadline=None, max_examples=examples(100))
@given(st.text("ab \n*_~`[]()!\\|-#>1.<:「重。", max_size=40))
def test_healing_takes_anything(source: str) -> None:
    render(heal(source))


ANSWER = """Here is **what I *found*** in `the code`, see [the handbook](https://a.example/b).

1. First **point**
   - nested _item_
2. Second

| Name | Age |
|------|-----|
| Ann  | 31  |

```py
x = 1
```
> quoted ~~words~~
"""


def test_no_mark_is_ever_seen_while_an_answer_grows() -> None:
    for end in range(len(ANSWER) + 1):
        seen = plain_text(render(heal(ANSWER[:end])))
        assert not set(seen) & set("*_~`[]#>"), seen
        assert "https" not in seen
        assert "|--" not in seen
