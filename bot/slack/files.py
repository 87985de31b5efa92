"""Fetches the bytes of files that people attached, from Slack's file host alone."""

from __future__ import annotations

import aiohttp

from bot.slack.addresses import Addresses
from bot.slack.shared_files import FileRefusedError, SharedFile

# Seconds for one file, which is some ten megabytes at most.
_SECONDS = aiohttp.ClientTimeout(total=60.0, sock_connect=8.0, sock_read=20.0)
_CHUNK = 64 * 1024
_PAGE = "text/html"


class FileHost:
    """Slack's file host. `addresses` says where the token may go; the session follows no redirect."""

    def __init__(self, session: aiohttp.ClientSession, token: str, addresses: Addresses) -> None:
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        self._addresses = addresses

    async def content(self, file: SharedFile) -> bytearray:
        """The bytes of a file: as many as its `size` says, which are the most that is taken into memory.

        Raises:
            FileRefusedError: it is not there, may not be read, or is not what was announced. Its text is for the log.
        """
        if objection := self._addresses.objection_to_file(file.url):
            raise FileRefusedError(f"address refused: {objection}")
        try:
            async with self._session.get(file.url, headers=self._headers, timeout=_SECONDS) as answer:
                return await _read(answer, file)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise FileRefusedError(f"not fetched: {type(error).__name__}") from None


async def _read(answer: aiohttp.ClientResponse, file: SharedFile) -> bytearray:
    if answer.status != 200:
        status = answer.status
        raise FileRefusedError(f"HTTP {status}", may_not=status in (401, 403), is_gone=status in (404, 410))
    is_page = answer.content_type == _PAGE
    if is_page and file.mimetype != _PAGE:
        # Without a token that may read it, Slack shows a page to sign in, with 200.
        raise FileRefusedError("a web page", may_not=True)
    content, end = bytearray(file.size), 0
    async for chunk in answer.content.iter_chunked(_CHUNK):
        if end + len(chunk) > len(content):
            raise FileRefusedError("more than was announced")
        content[end : end + len(chunk)] = chunk
        end += len(chunk)
    if is_page and end != len(content):
        raise FileRefusedError("a web page", may_not=True)
    del content[end:]
    return content
