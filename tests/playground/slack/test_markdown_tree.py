"""The tree that a client draws of Markdown: which elements, and nothing that a hostile text could make of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from bot.playground.slack.markdown_parser import parsed
from bot.playground.slack.markdown_tree import TAGS, Node, tree


def nodes(source: str) -> list[Any]:
    return json.loads(json.dumps(tree(parsed(source))))  # type: ignore[no-any-return]


def outline(found: Sequence[Any]) -> str:
    """A tree in short: tags as in HTML, with what else they have."""
    return "".join(node if isinstance(node, str) else _element(node) for node in found)


def _element(node: dict[str, Any]) -> str:
    has = "".join(f" {key}={value}" for key, value in node.items() if key not in ("tag", "children", "text") and value)
    inside = node.get("text", outline(node.get("children", [])))
    return f"<{node['tag']}{has}>{inside}</>" if inside else f"<{node['tag']}{has}>"


def elements(found: Sequence[Node]) -> Iterator[Any]:
    for node in found:
        if not isinstance(node, str):
            yield node
            children = node.get("children", ())
            assert isinstance(children, Sequence)
            yield from elements(children)


TREES = {
    "# Top\n\ntext": "<heading level=1>Top</><p>text</>",
    "a\nb  \nc": "<p>a<br>b<br>c</>",
    "**b** *i* ~~s~~ `c`": "<p><strong>b</> <em>i</> <s>s</> <code>c</></>",
    "_**both**_": "<p><em><strong>both</></></>",
    "[l](https://a.example/?x=1&y=2)": "<p><a href=https://a.example/?x=1&y=2>l</></>",
    "![alt *x*](https://a.example/p.png) ![](p.png)": (
        "<p><a href=https://a.example/p.png>alt *x*</> <a href=p.png>Image</></>"
    ),
    "<https://a.example> https://a.example/b_c.": (
        "<p><a href=https://a.example>https://a.example</> <a href=https://a.example/b_c>https://a.example/b_c</>.</>"
    ),
    "example.com a@b.example 10.0.0.1": "<p>example.com a@b.example 10.0.0.1</>",
    "<@U1> <#C1|general> <!here> <https://a.example|label>": (
        "<p><reference>@U1</> <reference>#C1|general</> <reference>!here</> <reference>https://a.example|label</></>"
    ),
    ":tada: :wave::skin-tone-3: 10:30:45": ("<p><emoji>:tada:</> <emoji>:wave::skin-tone-3:</> 10<emoji>:30:</>45</>"),
    ":10:tada: :_a_: \\:tada: `:tada:`": "<p><emoji>:10:tada:</> :<em>a</>: :tada: <code>:tada:</></>",
    "see:https://a.example/:tada:": "<p>see:<a href=https://a.example/:tada:>https://a.example/:tada:</></>",
    "x:45https://a.example": "<p>x:45https://a.example</>",
    "1. one\n   - two\n3. three": "<ol><li><p>one</><ul><li><p>two</></></></><li><p>three</></></>",
    "7. seven": "<ol start=7><li><p>seven</></></>",
    "- [x] done\n- [ ] **to** do\n- [y] plain": (
        "<ul><li done=True><p>done</></><li><p><strong>to</> do</></><li><p>[y] plain</></></>"
    ),
    "> q\n> > r": "<blockquote><p>q</><blockquote><p>r</></></>",
    "```py title\nx\n\n```": "<pre language=py>x\n</>",
    "    x = 1\n": "<pre>x = 1</>",
    "---": "<hr>",
    "| a | b |\n|---|--:|\n| *1* | |": (
        "<table><tr><td>a</><td align=right>b</></><tr><td><em>1</></><td align=right></></>"
    ),
    "[a]\n\n[a]: https://a.example": "<p>[a]</><p>[a]: <a href=https://a.example>https://a.example</></>",
    "&amp;lt; &copy;": "<p>&lt; ©</>",
    "": "",
}


@pytest.mark.parametrize("source", TREES)
def test_the_tree_of_a_text(source: str) -> None:
    assert outline(nodes(source)) == TREES[source]


def test_an_item_that_is_to_be_done_says_so() -> None:
    [bullets] = nodes("- [ ] later\n- plain")
    assert [item.get("done") for item in bullets["children"]] == [False, None]


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "<div onclick=x>\n</div>",
        "<!-- <b> -->",
        "[a](javascript:alert(1)) ![b](vbscript:x) <javascript:alert(1)> [c](file:///etc/passwd)",
    ],
)
def test_markup_and_scripts_stay_texts(source: str) -> None:
    assert {node["tag"] for node in elements(tree(parsed(source)))} <= {"p", "br"}
    shown = outline(nodes(source))
    assert shown.removeprefix("<p>").removesuffix("</>").replace("<br>", "\n") == source


DEEP = {
    "stars": "*" * 3_000 + "a" + "*" * 3_000,
    "quotes": "> " * 5_000 + "x",
    "lists": "\n".join("  " * depth + "- a" for depth in range(150)),
    "links": "[" * 4_000 + "a" + "](https://a.example)" * 200,
    "everything": "> " * 60 + "- " * 30 + "*a _b " * 500 + "c_ d*" * 500,
}


@pytest.mark.parametrize("name", DEEP)
def test_what_nests_deeply_is_json_that_anybody_can_read(name: str) -> None:
    found = nodes(DEEP[name])
    assert {node["tag"] for node in elements(found)} <= TAGS
    assert json.dumps(found)
