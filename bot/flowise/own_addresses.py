"""Takes Flowise's own addresses out of an answer: they name an internal host, and whoever knows a chatId can ask there.

Flowise writes them itself: an agent node makes `http://host/api/v1/get-upload-file?chatflowId=…&chatId=…&fileName=…` of
the `sandbox:` link to a file that its code has made (measured on Flowise 3.1.4). The file's name takes their place; as
the target of a link they become such a `sandbox:` link again, which leads nowhere, so that its label is what is read.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import unquote, urlsplit

from bot.errors import FlowiseError
from bot.flowise.events import CalledTools, Decision, End, Event, Metadata, Token

_NOWHERE = "sandbox:/"
_UNNAMED = "…"
_LONGEST_NAME = 200
# The most characters that are held back until it is known what they are. Flowise's own address has some 200.
_LONGEST = 1_000

_BEGINNING = re.compile(r"https?://", re.IGNORECASE)
_HALF_ENDS = frozenset("hHtTpPsS:/")
_HALF_BEGINNING = re.compile(r"(?<![a-z0-9])h(?:t(?:t(?:ps?(?::/?)?)?)?)?\Z", re.IGNORECASE)
_IN_ADDRESS = r"[^\s<>\"'`|\\()\[\]{}]"
_START = rf"https?://(?:\[[\da-f:.]{{2,60}}\])?{_IN_ADDRESS}*"
_ADDRESS = re.compile(_START, re.IGNORECASE)
# A file's name is written as it is, with its spaces.
_FILE_ADDRESS = re.compile(
    rf"{_START}?/api/v1/get-upload-file\?"
    rf"(?:[^\n<>\"`|\\()\[\]]{{0,600}}?&(?:amp;)?download=true|{_IN_ADDRESS}*)",
    re.IGNORECASE,
)
_HALF_FILE_ADDRESS = re.compile(rf"{_START}?/api/v1/get-upload-file\?[^\n<>\"`|\\()\[\]]*\Z", re.IGNORECASE)
_FILE_NAME = re.compile(r"[?&](?:amp;)?fileName=([^&]*)", re.IGNORECASE)
# What makes an address the target of a link: Markdown's, a definition's, or an attribute of HTML.
_AS_TARGET = re.compile(r"(?:\]\(\s{0,9}<?\s{0,9}|\]:\s{0,9}<?|(?:href|src)\s{0,9}=\s{0,9}[\"']?)\Z", re.IGNORECASE)
_LONGEST_BEFORE = 32
_CLOSING = ".,;:!?"
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f`*~<>|\\\[\]()]")

_DEFAULT_PORTS = {"http": "80", "https": "443"}
# What these name is the reader's own machine: an answer about Flowise, or about any web server, may speak of it.
_LOOPBACK = re.compile(r"localhost|127(?:\.\d+){3}|::1|0\.0\.0\.0")


class OwnAddresses:
    """The addresses of one Flowise server, whose base address is `url`.

    They are all those under it, unless it is a loopback address, and on any host that of a file that Flowise keeps: a
    server does not always know by which name it is called.
    """

    def __init__(self, url: str) -> None:
        self._own = _under(url)

    def without(self, text: str) -> str:
        """A whole text without them."""
        return self.filter().take(text, final=True)

    def filter(self) -> AddressFilter:
        """A filter for one text that comes in pieces."""
        return AddressFilter(self._own)

    async def left_out(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """The events of an answer without them. Text is held back for as long as it may become one."""
        held = self.filter()
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Token):
                        if text := held.take(event.text):
                            yield event if text is event.text else Token(text)
                        continue
                    ends_text = isinstance(event, CalledTools | Decision | Metadata | End)
                    if ends_text and (text := held.take("", final=True)):
                        yield Token(text)
                    yield event
        except FlowiseError:
            if text := held.take("", final=True):
                yield Token(text)
            raise


class AddressFilter:
    """Takes the addresses out of one text that comes in pieces. `own` finds one at the beginning of an address."""

    def __init__(self, own: re.Pattern[str] | None) -> None:
        self._own = own
        self._held = ""
        self._before = ""

    def take(self, text: str, *, final: bool = False) -> str:
        """The text that may be shown after this piece; `final`: nothing comes after it."""
        if not self._held and text[-1:] not in _HALF_ENDS and "://" not in text:
            return self._passed(text)  # as most tokens are
        text, self._held = self._held + text, ""
        shown: list[str] = []
        at = 0
        while (begun := _BEGINNING.search(text, at)) is not None:
            start = begun.start()
            end = self._end(text, start, final=final)
            if end is None:
                self._held = text[start:]
                return "".join((*shown, self._passed(text[at:start])))
            shown.append(self._passed(text[at:start]))
            shown.append(self._passed(self._in_place(text[start:end])))
            at = end
        half = None if final else _HALF_BEGINNING.search(text, at)
        until = len(text) if half is None else half.start()
        self._held = text[until:]
        return "".join((*shown, self._passed(text[at:until])))

    def _end(self, text: str, start: int, *, final: bool) -> int | None:
        """Where the address ends that begins there; None: more is needed to tell."""
        whole = final or len(text) - start > _LONGEST
        if not whole and _HALF_FILE_ADDRESS.match(text, start):
            return None
        found = _FILE_ADDRESS.match(text, start) or _ADDRESS.match(text, start)
        end = found.end() if found else start + 1
        return end if whole or end < len(text) else None

    def _in_place(self, address: str) -> str:
        """What is shown of an address."""
        bare = address.rstrip(_CLOSING)
        is_file = _FILE_ADDRESS.match(bare) is not None
        if not is_file and (self._own is None or self._own.match(bare) is None):
            return address
        named = _FILE_NAME.search(bare) if is_file else None
        name = _NOT_IN_NAME.sub("", unquote(named[1])).rpartition("/")[2].rpartition("::")[2].strip() if named else ""
        if _AS_TARGET.search(self._before):
            return _NOWHERE + name[:_LONGEST_NAME].replace(" ", "_")
        return (name[:_LONGEST_NAME] or _UNNAMED) + address[len(bare) :]

    def _passed(self, text: str) -> str:
        self._before = (self._before + text)[-_LONGEST_BEFORE:]
        return text


def _under(url: str) -> re.Pattern[str] | None:
    """What an address under a base address begins with; None where it names the reader's own machine."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", str(parts.port or "")
    if not host or _LOOPBACK.fullmatch(host):
        return None
    host = f"[{host}]" if ":" in host else host
    default = _DEFAULT_PORTS.get(parts.scheme.lower(), "")
    ports = "(?::80|:443)?" if port in ("", default) else f":{port}"
    path = re.escape(parts.path.rstrip("/"))
    return re.compile(rf"https?://(?:[^/?#@\s]*@)?{re.escape(host)}\.?{ports}{path}(?=[/?#]|\Z)", re.IGNORECASE)
