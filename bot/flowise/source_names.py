"""Turns what a loader calls a document, a path or an address as often as a name, into what a person would call it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import SplitResult, urlsplit

_LONGEST_URL = 2000

# What loaders and stores write where they know no name.
_NO_NAMES = frozenset(
    {"blob", "buffer", "unknown", "undefined", "null", "none", "nan", "n/a", "-", "untitled"}
    | {"[object object]", "[object blob]"}
)

# A space is allowed: SharePoint's addresses have them, and as %20 they can be linked.
_NOT_IN_A_URL = re.compile(r"[^\S ]|[\x00-\x1f\x7f<>|\"\\`]")
_WEB = re.compile(r"(?i:https?)://|www\.[^\s/.]+\.[^\s/.]")

# Only with its semicolon: a name may well be "R&D &notes".
_ENTITY = re.compile(r"&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# A picture in a title: `![chart](data:image/png;base64,…)`.
_FILE_ITSELF = re.compile(r"(?<!\w)data:[\w.+-]+/[\w.+-]+[;,]", re.IGNORECASE)
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")

# A path, from its root or to a file. `Budget 24/25` and `TCP/IP basics` are names.
_ROOTED = re.compile(r"[\\/]|~[\\/]|\.{1,2}[\\/]|[A-Za-z]:[\\/]|(?:[A-Za-z][\w+.-]*:)+//?")
_FILE = re.compile(r"[\w)\]]\.[A-Za-z][A-Za-z0-9]{0,7}$")
_SLASH = re.compile(r"(?<! )[\\/](?! )")
# `Budget 24/25.xlsx`, `TCP/IP basics.pdf`: no folder, and no harm is done if it is one.
_NO_FOLDER = re.compile(r"(?P<before>\d|(?<![A-Za-z])[A-Z]{1,4})/(?=\d{1,2}(?!\d)|[A-Z]{1,4}(?![A-Za-z]))")
_SCHEME = re.compile(r"(?:[A-Za-z][\w+.-]*:)+//")
_STORAGE = "FILE-STORAGE::"

_UUID = r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"
# Names that a program has given: nobody knows a document by them.
_OPAQUE = re.compile(
    rf"(?:{_UUID}|[0-9a-f]{{16,}}|\d{{9,}}|tmp[a-z0-9_]{{8}}|gdrive_\d+_[a-z0-9]+)(?:\.\w+)?", re.IGNORECASE
)
# An upload's name behind its id, and a page's name before it (Notion's exports).
_BEHIND_ID = re.compile(rf"{_UUID}[-_ ]+(?=\S)", re.IGNORECASE)
_BEFORE_ID = re.compile(r"(?<=\S)[ _-][0-9a-f]{32}(?=\.\w+$|$)")
# What Office writes into the title of a PDF.
_PRINTED = re.compile(r"Microsoft (?:Office )?(?:Word|Excel|PowerPoint) - ")

# Where files and pages have an id for an address. The name is at its end at best.
_DRIVES = (
    *("docs.google.com", "drive.google.com", "storage.googleapis.com", "storage.cloud.google.com"),
    *("sharepoint.com", "onedrive.live.com", "1drv.ms", "amazonaws.com", "blob.core.windows.net"),
    *("dropbox.com", "dropboxusercontent.com", "box.com", "digitaloceanspaces.com", "r2.cloudflarestorage.com"),
    *("firebasestorage.googleapis.com", "backblazeb2.com", "wasabisys.com"),
)
_NOTION = ("notion.so", "notion.site")
# Parameters with which an address gives access to whoever has it (S3, Google and Azure storage, CloudFront).
_SIGNED = re.compile(r"(?i)(?:^|&)(?:x-amz-signature|x-goog-signature|signature|sig|rlkey)=")


# SharePoint shows a file by a page of its own.
_FILE_PARAMETER = re.compile(r"(?:^|&)file=([^&]*)")


def web_address(text: str) -> str | None:
    """The address that a text is and that may be linked; None where it is none.

    It is http(s), with a host and without a user part, which could be a password or a false host. It keeps its query,
    even where that is a signature: the link works only with it. Only a link leads there; the query is in no name.
    """
    if _WEB.match(text) is None or _NOT_IN_A_URL.search(text):
        return None
    url = text.replace("&amp;", "&")
    url = url if "://" in url[:8] else f"https://{url}"
    address = _split(url)
    if address is None or not address.hostname or "@" in address.netloc or " " in address.netloc:
        return None
    url = url.replace(" ", "%20")
    return url if len(url) <= _LONGEST_URL else None


def address_name(url: str) -> str:
    """What to call the document at an address of the web: the name of a file on a drive, or else host and path."""
    address = _split(url)
    if address is None:
        return ""
    host = address.hostname or ""
    path = decoded(address.path).rstrip("/")
    last = path[path.rfind("/") + 1 :]
    if _is_at(host, _NOTION) and (slug := _BEFORE_ID.sub("", last)) != last:
        return slug.replace("-", " ")
    if _is_at(host, _DRIVES) or _SIGNED.search(address.query):
        if last.lower().endswith(".aspx"):
            file = _FILE_PARAMETER.search(address.query)
            last = decoded(file[1]) if file else ""
        if _FILE.search(last) and _NOT_IN_A_URL.search(last) is None:
            return last
    return f"{host}{path}"


def name(text: str, *, is_title: bool = False) -> str:
    """What to call a document by a text that is no linked address; empty where it names nothing.

    Of a path, its end. A slash in a title is none of a path, unless it leads from a root or through folders to a file.
    """
    text = unescaped(text).removeprefix(_STORAGE).strip()
    if text.lower() in _NO_NAMES or text.lower().startswith("data:") or _FILE_ITSELF.search(text):
        return ""
    text = _PRINTED.sub("", text)
    if _WEB.match(text):
        return decoded(_unlinked(text))
    path = (_unlinked(text) if _SCHEME.match(text) else text).rstrip("/\\")
    path = _end(decoded(path), is_rooted=_ROOTED.match(text) is not None, is_title=is_title)
    path = _BEFORE_ID.sub("", _BEHIND_ID.sub("", path))
    return "" if path.lower() in _NO_NAMES else path


def _end(path: str, *, is_rooted: bool, is_title: bool) -> str:
    """The last part of a path; the whole of what is none."""
    is_file = _FILE.search(path) is not None
    folders = len(_SLASH.findall(path))
    if is_title and folders < (1 if is_rooted else 2) + (0 if is_file else 2):
        return path
    if is_rooted:
        return re.split(r"[\\/]", path)[-1]
    path = _NO_FOLDER.sub("\\g<before>\0", path)
    if is_file and _SLASH.search(path):
        path = re.split(r"[\\/]", path)[-1]
    return path.replace("\0", "/")


def is_address(text: str) -> bool:
    """Whether a text is meant as an address of the web, linked or not."""
    return _WEB.match(text) is not None


def is_file_name(text: str) -> bool:
    """Whether a name ends like that of a file."""
    return _FILE.search(text) is not None


def is_opaque(text: str) -> bool:
    """Whether a program has made up a name: a UUID, a hash, a temporary file."""
    return _OPAQUE.fullmatch(text) is not None


def unescaped(text: str) -> str:
    """A text with HTML's entities read once; loaders of web pages leave them in titles."""
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text) if "&" in text else text


def decoded(text: str) -> str:
    """A text with its percent-encoding read once.

    What is malformed stays, and so does what would be invisible or a control character.
    """
    return text if " " in text else _PERCENT.sub(_decoded, text)


def _decoded(encoded: re.Match[str]) -> str:
    try:
        plain = bytes.fromhex(encoded[0].replace("%", "")).decode("utf-8")
    except ValueError:
        return encoded[0]
    return plain if plain.isprintable() else encoded[0]


def _unlinked(address: str) -> str:
    """Host and path of an address that is not linked, without what may be a secret in it."""
    scheme = _SCHEME.match(address)
    place = address[scheme.end() :] if scheme else address
    if ":" in place.partition("@")[0] or _WEB.match(address):  # a password may have any character
        place = place[place.rfind("@") + 1 :]
    return re.split("[?#]", place, maxsplit=1)[0].rstrip("/")


def _split(url: str) -> SplitResult | None:
    try:
        address = urlsplit(url)
        _ = address.port  # is read only when it is asked for
    except ValueError:  # a port that is none, a bracket that never closes
        return None
    return address


def _is_at(host: str, places: tuple[str, ...]) -> bool:
    return any(host == place or host.endswith(f".{place}") for place in places)
