"""A picture of few colours is made small without changing a pixel; one of many, without changing any by much."""

from __future__ import annotations

import base64

import pytest
from playwright.async_api import Page

from docs.palette import small

pytestmark = pytest.mark.browser

_FEW = "<body style='background: #123456; color: #fedcba'><h1>Words</h1></body>"
_MANY = "<body style='background: linear-gradient(45deg, #f00, #0f0, #00f)'></body>"
# The greatest difference of any channel of any pixel between two pictures.
_COMPARE = """async (pictures) => {
    const [one, other] = await Promise.all(pictures.map(async (picture) => {
        const response = await fetch(`data:image/png;base64,${picture}`);
        const bitmap = await createImageBitmap(await response.blob());
        const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        pen.drawImage(bitmap, 0, 0);
        return pen.getImageData(0, 0, bitmap.width, bitmap.height).data;
    }));
    if (one.length !== other.length) return Infinity;
    return one.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at])), 0);
}"""


@pytest.mark.parametrize(("content", "most"), [(_FEW, 0), (_MANY, 100)])
async def test_what_is_made_small_looks_the_same(tab: Page, content: str, most: int) -> None:
    await tab.set_viewport_size({"width": 300, "height": 120})
    await tab.set_content(content)
    picture = await tab.screenshot()
    made = await small(picture, tab)
    assert made != picture
    difference = await tab.evaluate(_COMPARE, [base64.b64encode(it).decode() for it in (picture, made)])
    assert difference <= most
