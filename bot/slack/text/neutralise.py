"""Makes a line of a model's Markdown harmless in Slack: no ping, no link, no preview.

Slack's streaming takes Markdown, not blocks, and no `unfurl_links: false`. So addresses are shown as code, which is
never linked, and what could be read as a mention is broken up by an invisible character. What is still half open at the
end of a line that grows is held back; what has gone out is never taken back.

Each piece is harmless by itself, and `kept_apart` sees to it that two of them are harmless together, wherever a text
was cut: what is live may begin in the one and end in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from bot.slack.text.addresses import address
from bot.slack.text.data_uris import stand_in
from bot.slack.text.escaping import clean
from bot.slack.text.links import leads_nowhere
from bot.slack.text.streamed_marks import beside, marked
from bot.slack.text.targets import target_at

# U+2060, word joiner: no width, no line break.
_JOINER = "\u2060"
_LIVE = re.compile(r"(?<=!)(?=(?:here|channel|everyone)\b|(?:subteam|date)\\?\^)|(?<=@)(?=(?:here|channel|everyone)\b)")
# What may have an effect where two pieces meet; Markdown removes the backslash before a caret.
_MET = re.compile(
    r"<!(?:here|channel|everyone|(?:subteam|date)\\?\^)|<[@#][A-Z0-9]|@(?:here|channel|everyone)\b|(?<![\w&/#])\#[a-z0-9]"
    r"|(?i:[a-z][a-z0-9+.-]{0,31}://\S|www\.\S)"
)
# What each of these has in it: without, there is no need to look.
_SIGNS = re.compile(r"[<@#]|://|www\.", re.IGNORECASE)
SEAM = 40
"""The number of characters before a piece that decide whether the two have an effect together."""
_IDS = re.compile(r"(?<=<[@#])(?=[A-Z0-9])")
# Outside of code an @ may be followed by what only becomes a word later, by a link's label for instance; and the bare
# name of a channel is none there.
_AT = re.compile(r"(?<![\w.+-])@(?!\u2060)|(?<![\w&/#])#(?=[a-z0-9])")

_SPECIAL_BUT_URLS = r"(?P<ticks>`{1,100})|(?P<bracket>!?\[)|(?P<angle><)|(?P<escape>\\.)|(?P<entity>&\#?\w{1,31};)"
_SPECIAL = re.compile(
    rf"{_SPECIAL_BUT_URLS}|(?P<url>(?:[a-z][a-z0-9+.-]{{0,31}}://|www\.)[^\s<>`|]{{0,1500}})", re.IGNORECASE
)
# An address may begin at any letter, which is looked for only where there is one: that is most of what a search costs.
_NO_URL = re.compile(_SPECIAL_BUT_URLS)
_URL_SIGN = re.compile(r"://|www\.", re.IGNORECASE)
# A label may have brackets of its own: a number, or a picture that is the link.
_INNER = r"\[(?:[^\[\]\\]|\\.){0,300}+"
_LABEL_PARTS = rf"(?:[^\[\]\\]|\\.|{_INNER}\](?:\([^()\n]{{0,1500}}\))?+)"
_LINK = re.compile(
    rf"!?\[(?P<label>{_LABEL_PARTS}{{0,600}}+)\]"
    r"\(\s{0,9}<?(?P<url>[^\s<>()]{0,1500}(?:\([^\s<>()]{0,200}\)[^\s<>()]{0,200}){0,5})>?"
    r"(?:\s{1,9}(?:\"[^\"]{0,300}\"|'[^']{0,300}'|\([^()]{0,300}\)))?\s{0,9}\)"
)
_LABEL = re.compile(rf"!?\[(?P<label>{_LABEL_PARTS}{{0,600}}+)\](?=\()")
_PICTURE = re.compile(r"!\[((?:[^\[\]\\]|\\.){0,300}+)\]\([^()\n]{0,1500}\)")
_HALF_LINK = re.compile(
    rf"!?\[{_LABEL_PARTS}{{0,300}}+(?:{_INNER})?\\?(?:\](?:\([^()\s]{{0,1500}}(?:\([^()\s]{{0,200}}\)?)?"
    r"(?:\s[^()]{0,300}(?:\([^()]{0,200}\)?[^()]{0,200}){0,3})?)?)?"
)
_AUTOLINK = re.compile(
    r"<(?P<url>[a-z][a-z0-9+.-]{1,31}:[^\s<>|]{1,1500}|https?://[^\s/?#<>|]{1,300}[/?#][^<>|]{0,1200})"
    r"(?:\|(?P<label>[^<>]{0,300}))?>",
    re.IGNORECASE,
)
_HALF_ANGLE = re.compile(
    r"<(?:[a-z][^\s<>|]{0,1500}|https?://[^\s/?#<>|]{1,300}[/?#][^<>|]{0,300})(?:\|[^<>]{0,300})?|<br\s{0,3}/?",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_DEFINITION = re.compile(r"[ >]*\[[^\[\]]+\]:")
_LONGEST_CODE = 400
# So much of a line is looked at to see whether a mark in it opens or closes.
_LINE = 400
_NEARBY = 12
# How far the other end of something is looked for: a hostile line must not cost more than its length.
_REACH = 1_200
# A longer word is split while it grows.
_LONGEST_WORD = 2_000
_WORDS = re.compile(r"\s{0,1000}\S{0,1000}")
_MARKS = "*_~"
_TRAILING = ".,;:!?\"'*_~)"
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def code(text: str) -> str:
    """Text of a code block, in which only what Slack itself would read as a mention is broken up."""
    return _IDS.sub(_JOINER, _LIVE.sub(_JOINER, text))


def line(text: str, *, final: bool, begun: str = "") -> Iterator[tuple[str, int]]:
    """The pieces of a line outside of code blocks, as they may be shown, each with where in `text` it ends.

    `final`: no more of the line will come. Else pieces end before what is half open. `begun`: the line before `text`.
    """
    before = ""
    for piece, end in _pieces(text, final=final, begun=begun):
        shown = kept_apart(before, piece)
        before = (before + shown)[-SEAM:]
        yield shown, end


def kept_apart(before: str, piece: str) -> str:
    """A piece as it can follow on `before`: with something invisible between them where both together would be live."""
    end = before[-SEAM:]
    if not end or end[-1].isspace():
        return piece
    both = end + piece[:SEAM]
    if not _SIGNS.search(both):
        return piece
    met = any(found.start() < len(end) < found.end() for found in _MET.finditer(both))
    return _JOINER + piece if met else piece


def _pieces(text: str, *, final: bool, begun: str) -> Iterator[tuple[str, int]]:
    at, before = 0, begun
    if _DEFINITION.match(text):
        at = text.index("[") + 1
        yield text[: at - 1] + "\\[", at
    end = len(text) if final else last_word(text)
    specials = _SPECIAL if _URL_SIGN.search(text, at) else _NO_URL
    while at < len(text):
        special = specials.search(text, at)
        start = special.start() if special else len(text)
        shown = _special(text, special, final) if special and (final or start < end) else None
        stop = max(at, min(start, end))
        if shown:
            shown = beside((before + text[at:start])[-_NEARBY:], shown[0]), shown[1]
        elif special:
            # What follows decides how marks before it are written.
            stop -= len(text[at:stop]) - len(text[at:stop].rstrip(_MARKS))
        for word in _WORDS.finditer(text, at, stop):
            if word[0]:
                after = text[word.end() : word.end() + SEAM]
                then = shown[0][:SEAM] if shown and word.end() == start else after
                source = (begun + text[max(0, word.start() - _LINE) : word.start()])[-_LINE:]
                yield marked(_AT.sub(_behind, code(word[0])), (source, after), (before, then)), word.end()
                before = (before + word[0])[-_LINE:]
        if shown is None:
            return
        yield shown
        at, before = shown[1], (before + shown[0])[-_LINE:]


def _behind(sign: re.Match[str]) -> str:
    return sign[0] + _JOINER


def last_word(text: str) -> int:
    """Where the last word of a text that grows begins, which may become an address or a mention.

    Other scripts than those of ASCII put no spaces between words, and neither do addresses have letters of them.
    """
    for place in range(len(text), max(0, len(text) - _LONGEST_WORD), -1):
        if not "!" <= text[place - 1] <= "~":
            return place
    return 0 if len(text) < _LONGEST_WORD else len(text)


def shown(text: str) -> str:
    """A whole line, or another finished text, made harmless."""
    return "".join(piece for piece, _ in line(text, final=True))


def _special(text: str, special: re.Match[str], final: bool) -> tuple[str, int] | None:
    """What is shown for what begins here, and where it ends; None: it waits for more."""
    start, found = special.start(), special[0]
    match special.lastgroup:
        case "ticks":
            return _code_span(text, start, found, final)
        case "bracket":
            return _link(text, start, found, final)
        case "angle":
            return _angle(text, start, final)
        case "entity":
            return _entity(found), special.end()
        case "url":
            return _url(text, special, final)
    return _apart(found), special.end()


def _code_span(text: str, start: int, ticks: str, final: bool) -> tuple[str, int] | None:
    closing = re.compile(rf"(?<!`){ticks}(?!`)").search(text, start + len(ticks), start + _REACH)
    if closing is not None and (final or closing.end() < len(text) or len(ticks) == 1):
        return code(text[start : closing.end()]), closing.end()
    if not final and len(text) - start < _LONGEST_CODE:
        return None
    return "\\`" * len(ticks) + _JOINER, start + len(ticks)


def _link(text: str, start: int, bracket: str, final: bool) -> tuple[str, int] | None:
    link = _LINK.match(text, start)
    if link is not None:
        return _with_address(_label(link["label"]), link["url"]), link.end()
    label = _LABEL.match(text, start)
    if label is not None and (target := target_at(text, label.end())) is not None:
        return _with_address(_label(label["label"]), target.url), target.end
    if not final and _HALF_LINK.fullmatch(text, start):
        return None
    # A bracket that no address follows stays what it is: an empty box of a task list, a note's number.
    stays = text.find("](", start, start + _REACH) < 0 <= text.find("]", start, start + _REACH)
    return (bracket if stays else bracket.replace("[", "\\[")), start + len(bracket)


def _label(text: str) -> str:
    """The label of a link; of a picture in it, its description."""
    return shown(_PICTURE.sub(r"\1", text)).strip()


def _angle(text: str, start: int, final: bool) -> tuple[str, int] | None:
    if (auto := _AUTOLINK.match(text, start)) is not None:
        return _with_address(shown(auto["label"] or "").strip(), auto["url"]), auto.end()
    if (broken := _BREAK.match(text, start)) is not None:
        return " ", broken.end()
    if not final and _HALF_ANGLE.fullmatch(text, start):
        return None
    # The word after it belongs to it: `<@U1>` must not be told apart into harmless halves.
    named = _IDS.search(text, start, start + 3)
    return (text[start : start + 2] + _JOINER, start + 2) if named else ("<", start + 1)


def _entity(text: str) -> str:
    """The character that is meant, so that it is not made into something live behind our back."""
    meant = clean(unescape(text)).replace("\n", " ")
    return _apart(f"\\{meant}") if _PUNCTUATION.fullmatch(meant) else meant


def _apart(escaped: str) -> str:
    """An escaped character, kept apart from what follows where the two might mean something."""
    return escaped + _JOINER if escaped[1] in "<!@#" else escaped


def _url(text: str, special: re.Match[str], final: bool) -> tuple[str, int] | None:
    found = address(text, special.start(), special.end())
    if not final and (found.seen if found and found.end else special.end()) == len(text):
        return None
    end = found.end if found and found.end else special.start() + len(special[0].rstrip(_TRAILING))
    url = text[special.start() : end]
    return (f"`{code(url)}`" if url else special[0]), end if url else special.end()


def _with_address(label: str, url: str) -> str:
    if leads_nowhere(url):
        return label or stand_in(url)
    shows = code(re.sub(r"\s", "%20", clean(url).strip()).replace("`", ""))
    if not shows or shows.startswith("#"):
        return label
    return f"{label} (`{shows}`)" if label and label != shows else f"`{shows}`"
