"""What the tests in a browser watch for is seen: a page that complains, breaks its policy, leaves the machine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page

from tests.playground.browser.conftest import Tabs, findings

pytestmark = pytest.mark.browser

_POLICY = "default-src 'none'; script-src 'self'; img-src data:; require-trusted-types-for 'script'"
_MARKUP = {
    "leaves": '<img src="//elsewhere.invalid/x.png" alt="">',
    "inline": "<script>alert(1)</script>",
    "faint": '<img src="data:,">',
}
_SCRIPTS = {
    "error": "console.error('this went wrong');",
    "throws": "throw new Error('this was thrown');",
    "markup": "document.body.innerHTML = '<p>markup</p>';",
    "calm": "console.log('all is well'); document.title = 'done';",
}


@pytest_asyncio.fixture(loop_scope="session")
async def address() -> AsyncIterator[str]:
    """A server of small pages, each with one script, under the policy that ours are under."""

    async def page(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        policy = "default-src *" if name == "leaves" else _POLICY
        markup = _MARKUP.get(name, "")
        head = '<!doctype html><html lang="en"><title>a page</title><link rel="icon" href="data:,">'
        text = f'{head}<body>{markup}<script src="{name}.js"></script>'
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def script(request: web.Request) -> web.Response:
        return web.Response(text=_SCRIPTS.get(request.match_info["name"], ""), content_type="text/javascript")

    app = web.Application()
    app.add_routes([web.get("/{name}.js", script), web.get("/{name}", page)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("error", "this went wrong"),
        ("throws", "this was thrown"),
        ("markup", "TrustedHTML"),
        ("inline", "inline script"),
        ("leaves", "request to another machine"),
    ],
)
async def test_what_a_page_may_not_do_is_seen(tabs: Tabs, address: str, name: str, words: str) -> None:
    await tabs.open(f"{address}/{name}")
    assert any(words in said for said in tabs.complaints)
    with pytest.raises(AssertionError):
        tabs.judge()
    for said in list(tabs.complaints):
        tabs.forgive(said)


async def test_a_calm_page_is_left_in_peace(tab: Page, tabs: Tabs, address: str) -> None:
    await tab.goto(f"{address}/calm")
    assert await tab.title() == "done"
    assert tabs.complaints == []


async def test_what_few_can_read_is_found(tab: Page, address: str) -> None:
    await tab.goto(f"{address}/calm")
    assert await findings(tab) == []
    await tab.goto(f"{address}/faint")
    [found] = await findings(tab)
    assert found.startswith("image-alt: img")


async def test_a_page_under_the_policy_can_be_asked(tab: Page, address: str) -> None:
    await tab.goto(f"{address}/calm")
    assert await tab.evaluate("() => document.querySelectorAll('script').length") == 1
