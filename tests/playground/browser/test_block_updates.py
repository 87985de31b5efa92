"""A message that grows stays where it is: no node is made anew that could have stayed, no half-written mark is seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.playground.browser.gallery import Gallery, gallery_in, sent
from tests.playground.browser.samples import EVERY_BLOCK, MODAL, listing, plain, rich, section, text

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gallery(chromium: Browser) -> AsyncIterator[Gallery]:
    async with gallery_in(chromium) as shown:
        yield shown


_WATCH = """() => {
    window.changes = [];
    window.watcher?.disconnect();
    window.watcher = new MutationObserver((found) => window.changes.push(...found));
    window.watcher.observe(document.querySelector("#out > *"),
        { subtree: true, childList: true, attributes: true, characterData: true });
}"""
_CHANGES = """() => {
    window.changes.push(...window.watcher.takeRecords());
    return window.changes.map(({ type, attributeName, target, removedNodes }) => ({
        type, attribute: attributeName, place: target.nodeName.toLowerCase(),
        removed: [...removedNodes].map((node) => node.textContent),
    }));
}"""


async def test_the_same_blocks_drawn_again_change_nothing(gallery: Gallery) -> None:
    files = [{"id": "F1", "name": "a.txt", "mimetype": "text/plain", "size": 1}]
    attachments = [{"color": "#336699", "title": "Build", "fields": [{"title": "a", "value": "b"}]}]
    await gallery.draw(*EVERY_BLOCK, files=files, attachments=attachments)
    await gallery.page.evaluate(_WATCH)
    await gallery.grow(*EVERY_BLOCK, files=files, attachments=attachments)
    assert await gallery.page.evaluate(_CHANGES) == []


async def test_the_same_view_drawn_again_changes_nothing(gallery: Gallery) -> None:
    await gallery.open(**MODAL)
    await gallery.page.evaluate(_WATCH)
    await gallery.page.evaluate("view => gallery.reopen(view)", MODAL)
    assert await gallery.page.evaluate(_CHANGES) == []


async def test_every_block_item_and_row_has_a_key(gallery: Gallery) -> None:
    shown = await gallery.draw(*EVERY_BLOCK)
    keys = await shown.locator("> .blocks > *").evaluate_all(
        "(all) => all.map(({ dataset }) => [dataset.key, dataset.block])"
    )
    assert keys == [[block.get("block_id", str(at)), block["type"]] for at, block in enumerate(EVERY_BLOCK)]
    assert (
        await shown.locator("li:not([data-key]), tr:not([data-key])").count()
        == await shown.locator(".task-sources li").count()
    )


def growing(steps: int) -> list[dict[str, Any]]:
    """What a rich_text answer looks like while it grows: a text, then a list that gets longer."""
    return [
        rich(
            section(text("Here is what I found" + "!" * step)), listing("bullet", *(f"point {n}" for n in range(step)))
        )
        for step in range(1, steps)
    ]


async def test_a_growing_list_keeps_what_is_there(gallery: Gallery) -> None:
    first, *later = growing(6)
    await gallery.draw(first)
    await gallery.page.evaluate(_WATCH)
    for block in later:
        await gallery.grow(block)
    changes = await gallery.page.evaluate(_CHANGES)
    assert [change["removed"] for change in changes if change["removed"]] == []
    assert [change["place"] for change in changes if change["type"] == "childList"] == ["ul"] * 4


ANSWER = """# Summary

The **most important** points of [the handbook](https://example.com/handbook?page=3) are _these_:

1. Take `30 days` of ~~leave~~ vacation, <@U1> knows more :tada:
2. Ask *early*

| Month | Days |
|-------|-----:|
| May   | **3** |
| June  | 4 |

```python
print("hello")
```

- [x] done
> quoted, and ![a chart](https://example.com/c.png)
"""


async def test_half_written_markdown_shows_no_marks(gallery: Gallery) -> None:
    """After each character what is shown is a beginning of what is shown in the end, in the same kinds of elements."""
    whole = await (await gallery.draw({"type": "markdown", "text": ANSWER})).inner_text()
    await gallery.draw({"type": "markdown", "text": "H"}, streaming=True)
    steps = [sent({"type": "markdown", "text": ANSWER[: at + 1]}, streaming=True) for at in range(len(ANSWER))]
    texts: list[str] = await gallery.page.evaluate(
        """(steps) => {
            const out = document.querySelector("#out > *");
            return steps.map((message) => {
                gallery.grow(JSON.parse(message));
                return out.textContent;
            });
        }""",
        steps,
    )
    final = texts[-1]
    assert "".join(whole.split()) == "".join(final.split())
    odd = [shown for shown in texts if not final.startswith(shown) and not followed(shown, final)]
    assert odd == []


def followed(shown: str, final: str) -> bool:
    """Whether one text is the other with a piece left out, as a table's caption counts or a target that is to come."""
    rest = iter(final)
    return all(character in rest for character in shown)


HALVES = {
    "a **bo": "<p>a <strong>bo</strong></p>",
    "a **": "<p>a</p>",
    "a *b* and `co": "<p>a <em>b</em> and <code>co</code></p>",
    "see [the page](https://exa": "<p>see the page</p>",
    "see [the pa": "<p>see the pa</p>",
    "as in [1]": "<p>as in [1]</p>",
    "text\n-": "<p>text</p>",
    "text\n--": "<p>text</p>",
    "- one\n-": "<ul><li><p>one</p></li></ul>",
    "| a | b |": "",
    "| a | b |\n|--": "",
    "```py\nx\n``": "<div><span>py</span><pre><code>x</code></pre></div>",
    "hello <@U": "<p>hello</p>",
    "so :tad": "<p>so</p>",
    "2 * 3 * 4": "<p>2 * 3 * 4</p>",
    "snake_case": "<p>snake_case</p>",
    "#": "",
    "see: ": "<p>see:</p>",
    "a !": "<p>a</p>",
    "wow!": "<p>wow!</p>",
    "a <b": "<p>a</p>",
}


@pytest.mark.parametrize("source", HALVES)
async def test_what_is_open_is_closed_and_what_means_nothing_is_held_back(gallery: Gallery, source: str) -> None:
    shown = await gallery.draw({"type": "markdown", "text": source}, streaming=True)
    made = await shown.locator(".markdown").evaluate(
        """(block) => {
            const shown = (node) => node.nodeType === Node.TEXT_NODE ? node.data
                : `<${node.localName}>${[...node.childNodes].map(shown).join("")}</${node.localName}>`;
            return [...block.childNodes].map(shown).join("");
        }"""
    )
    assert made == HALVES[source]


async def test_what_is_finished_is_shown_as_it_is(gallery: Gallery) -> None:
    shown = await gallery.draw({"type": "markdown", "text": "an **open end\n\n| no table |"})
    assert await shown.inner_text() == "an **open end\n\n| no table |"


async def test_a_fold_stays_as_its_reader_left_it(gallery: Gallery) -> None:
    def folds(words: str) -> dict[str, Any]:
        inside = [{"type": "section", "text": plain(words)}]
        return {
            "type": "container",
            "block_id": "c",
            "title": plain("T"),
            "is_collapsible": True,
            "child_blocks": inside,
        }

    shown = await gallery.draw(folds("one"))
    await shown.locator("summary").click()
    await gallery.grow(folds("one, two"))
    assert await shown.locator("details").evaluate("(details) => details.open") is False
    # Another element in its place, as after a look at another channel.
    await gallery.page.evaluate("blocks => gallery.draw({ blocks })", [folds("one, two, three")])
    assert await gallery.out.locator("details").evaluate("(details) => details.open") is False
