"""Knows how a picture of a page is made small: its 256 most frequent colours, an index for each pixel, packed well."""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.async_api import Page

# Text has hundreds of shades at its edges. Those that are seldom become their nearest among the frequent ones, which
# nobody sees; what a browser takes as a screenshot becomes a third of its size.
_COUNT = """async (picture) => {
    const response = await fetch(`data:image/png;base64,${picture}`);
    const bitmap = await createImageBitmap(await response.blob());
    const { width, height } = bitmap;
    const pen = new OffscreenCanvas(width, height).getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer);
    const counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const palette = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 256).map(([colour]) => colour);
    const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
    const shown = palette.map(parts);
    const index = new Map(palette.map((colour, at) => [colour, at]));
    const nearest = (colour) => {
        const [red, green, blue] = parts(colour);
        let best = 0, least = Infinity;
        shown.forEach(([r, g, b], at) => {
            const apart = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
            if (apart < least) [best, least] = [at, apart];
        });
        return best;
    };
    const indices = new Uint8Array(pixels.length);
    for (let at = 0; at < pixels.length; at += 1) {
        if (!index.has(pixels[at])) index.set(pixels[at], nearest(pixels[at]));
        indices[at] = index.get(pixels[at]);
    }
    let text = "";
    for (let at = 0; at < indices.length; at += 32768) {
        text += String.fromCharCode(...indices.subarray(at, at + 32768));
    }
    return { width, height, palette: shown.flat(), indices: btoa(text) };
}"""


async def small(picture: bytes, page: Page) -> bytes:
    """The same picture as a PNG of at most 256 colours. `page` is a blank one, whose browser does the counting."""
    counted = await page.evaluate(_COUNT, base64.b64encode(picture).decode())
    width, height, indices = counted["width"], counted["height"], base64.b64decode(counted["indices"])
    rows = b"".join(b"\0" + indices[at : at + width] for at in range(0, len(indices), width))  # no filter (PNG, 9.2)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", bytes(counted["palette"])),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*chunks, strict=True)))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
