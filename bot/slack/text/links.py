"""Decides which addresses become links, and detects labels that lie about where a link leads."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urlsplit

from markdown_it.rules_inline import StateInline

from bot.slack.text.data_uris import stand_in
from bot.slack.text.escaping import ELLIPSIS, units
from bot.slack.text.limits import LINK_URL
from bot.slack.text.lookalikes import is_blank, readings
from bot.slack.text.rich_text import Runs, Style, TextRun

_NOWHERE = ("sandbox:", "data:", "blob:", "file:", "cid:", "attachment:", "javascript:", "vbscript:", "about:")
_SCHEMES = ("http", "https", "mailto")

# A word with a scheme, a mail address, an IPv4 address or a domain name in it. Each begins where nothing of its kind
# precedes it, so that the time for a hostile label grows only with its length.
_ADDRESS = re.compile(
    r"(?<![a-z0-9+.-])[a-z0-9+.-]+://\S+|mailto:\S+|(?<![^\s@])[^\s@]+@[^\s@]+\.[^\s@]+"
    r"|(?<![\w.-])[.-]*+(?:(?:[\w-]+\.+)+(?P<top>xn--[\w-]+|[^\W\d_][^\W_]+)|(?:\d{1,3}\.){3}\d{1,3})"
    r"(?::\d+)?(?:[/?#]\S*)?(?!\w)"
)

# Endings of file names that are no top-level domains: `handbook.pdf` is a title, not an address.
_FILES = frozenset(
    {"csv", "doc", "docx", "gif", "htm", "html", "jpeg", "jpg", "js", "json", "log", "mp3", "mp4", "pdf", "png"}
    | {"ppt", "pptx", "txt", "xls", "xlsx", "xml", "yaml", "yml"}
    | {"css", "docm", "epub", "go", "ipynb", "java", "odp", "ods", "odt", "php", "rtf", "sql", "svg", "tsv", "xlsm"}
)
# Endings of file names that are top-level domains too: `README.md` may be another address. It is none where the link
# leads to a file of that name.
_FILES_OR_HOSTS = frozenset({"mov", "md", "py", "rs", "sh", "zip"})


def target(href: str) -> str | None:
    """The address for a link element, or None where it must stay text: another scheme, no host, too long."""
    parts = _split(href)
    if parts is None or parts.scheme not in _SCHEMES or units(href) > LINK_URL or re.search(r"[\s<>|\x00-\x1f]", href):
        return None
    return href if (parts.path if parts.scheme == "mailto" else parts.hostname) else None


def leads_nowhere(href: str) -> bool:
    """Whether an address means nothing outside of the machine it was made on, or is a file or a program itself."""
    return href.strip().lower().startswith(_NOWHERE)


def linked(label: Runs, href: str, style: Style) -> Runs:
    """What is shown for a link: its label, linked.

    Where the label looks like another address, the target is shown and linked instead; where the target is none that
    we link, label and target are text. A target that leads nobody anywhere is not shown.
    """
    url = target(href)
    text = "".join(run.text for run in label)
    if url is None and leads_nowhere(href):
        return (TextRun(stand_in(href), style),) if is_blank(text) else label
    if url is None:
        return (TextRun(href, style),) if is_blank(text) else (*label, TextRun(f" ({href})", style))
    if is_blank(text):
        return (TextRun(url, style, url),)
    if misleads(text, url):
        return (*label, TextRun(" (", style), TextRun(url, style, url), TextRun(")", style))
    return tuple(TextRun(run.text, run.style, url) for run in label)


def autolinked(label: Runs, href: str, style: Style) -> Runs:
    """The runs for an address that is in the text by itself."""
    text = "".join(run.text for run in label)
    url = target(href)
    if url is not None and misleads(text, url):
        return (TextRun(url, style, url),)
    return tuple(TextRun(run.text, run.style, url) for run in label)


# A model that has seen Slack's own markup writes <address|label>, of which Markdown makes one long, dead address.
_SLACK_LINK = re.compile(r"<(https?://(?:[^\s<>|]+|[^\s/?#<>|]+[/?#][^<>|\n]*))\|([^<>\n]*)>")


def slack_link(state: StateInline, silent: bool) -> bool:
    """A rule for markdown-it: Slack's way to write a link is one too."""
    found = _SLACK_LINK.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("link_open", "a", 1).attrSet("href", re.sub(r"[ \t]", "%20", found[1].strip()))
        state.push("text", "", 0).content = found[2]
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


def misleads(label: str, url: str) -> bool:
    """Whether a label looks like an address that is not the link's own."""
    own = _forms(url)
    whole = _trim(label.strip().lower())
    if whole in own or _is_beginning(whole, own):
        return False
    # Of a file's name with spaces in it, only the last word looks like an address.
    file = re.split("[/ ]", unquote(re.split("[?#]", url.lower(), maxsplit=1)[0]))[-1]
    return any(_names_another(reading, own, file) for reading in readings(label))


def _names_another(reading: str, own: frozenset[str], file: str) -> bool:
    for found in _ADDRESS.finditer(reading):
        address = _trim(found[0])
        is_file = found["top"] in _FILES and "/" not in found[0]
        is_own_file = found["top"] in _FILES_OR_HOSTS and address == file and not address.startswith("www.")
        if not (is_file or is_own_file or address in own):
            return True
    return False


def _is_beginning(label: str, own: frozenset[str]) -> bool:
    """Whether a label is an own address that was cut off behind its host."""
    kept = label.removesuffix(ELLIPSIS)
    return kept != label and "/" in kept.rpartition("://")[2] and any(form.startswith(kept) for form in own)


def _forms(url: str) -> frozenset[str]:
    """The ways in which an address may be written in its own label: whole, or without its scheme, its port, its query
    or its fragment, or its host alone. What is percent-encoded behind the host may be written as it reads."""
    address = url.lower()
    parts = _split(address)
    if parts is None:
        return frozenset()
    bare = address.removeprefix(f"{parts.scheme}:").removeprefix("//")
    ends = {bare.removeprefix(parts.netloc)}
    hosts = {parts.netloc}
    if parts.hostname:
        ends |= {"", parts.path, f"{parts.path}?{parts.query}"}
        hosts |= {parts.hostname, parts.hostname.removeprefix("www."), parts.netloc.removeprefix("www.")}
    forms = {host + form for host in hosts for end in ends for form in (end, unquote(end))}
    scheme = f"{parts.scheme}://" if parts.hostname else f"{parts.scheme}:"
    return frozenset(_trim(form) for form in forms | {f"{scheme}{form}" for form in forms} | {address})


def _trim(address: str) -> str:
    return address.strip("()[]<>\"'.,;:!/-")


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:  # for example a bracket that opens an IPv6 address and never closes
        return None
