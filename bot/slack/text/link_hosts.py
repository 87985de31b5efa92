"""Decides on which hosts an address may be a link, and makes text of the links that lead elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import urlsplit

from bot.slack.text.rich_text import Piece, Row, Runs, TextRun, text_of, tidy

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
# Before its host an address has nothing but the scheme, and behind it at most a port: browsers read a backslash as a
# slash, and what stands before an @ as a name.
_PLACE = re.compile(r"https?://(?P<host>[^/?#@\\:\s]+)(?::\d{0,5})?(?=[/?#]|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LinkHosts:
    """The hosts that may be linked, each with all below it, in lower case and in ASCII; none: every host."""

    hosts: frozenset[str] = frozenset()

    def allow(self, url: str) -> bool:
        """Whether an address may be a link. A mail address is on no host, so it is none where hosts are named."""
        if not self.hosts:
            return True
        place = _PLACE.match(url)
        host = _in_ascii(place["host"]) if place else ""
        if not host or urlsplit(url).hostname is None:
            return False
        parts = host.split(".")
        return any(".".join(parts[first:]) in self.hosts for first in range(len(parts)))

    def applied(self, piece: Piece) -> Piece:
        """A piece in which a link that leads elsewhere is text: its label, and the address where that says more."""
        if not self.hosts:
            return piece
        if piece.table is None:
            return replace(piece, runs=self._applied(piece.runs))
        rows = tuple(Row(self._applied(cell) for cell in row) for row in piece.table.rows)
        return replace(piece, table=replace(piece.table, rows=rows))

    def _applied(self, runs: Runs) -> Runs:
        if all(run.url is None or self.allow(run.url) for run in runs):
            return runs
        return tidy(self._runs(runs))

    def _runs(self, runs: Runs) -> Iterator[TextRun]:
        for url, group in groupby(runs, key=lambda run: run.url):
            label = tuple(group)
            if url is None or self.allow(url):
                yield from label
                continue
            yield from (replace(run, url=None) for run in label)
            if not _is_written_out(text_of(label), url):
                yield TextRun(f" ({url})", label[-1].style)


ANY_HOST = LinkHosts()


def read(value: str) -> LinkHosts:
    """The hosts in a list such as `example.com, wiki.example.org`.

    Raises:
        ValueError: one of them is no host's name.
    """
    hosts = [_in_ascii(host.strip()) for host in value.split(",") if host.strip()]
    if not all(hosts):
        raise ValueError("expected names of hosts alone, separated by commas, such as example.com,wiki.example.org")
    return LinkHosts(frozenset(hosts))


def _in_ascii(host: str) -> str:
    """A host's name as it is looked up; empty where it is none."""
    try:
        name = host.removesuffix(".").encode("idna").decode().lower()
    except UnicodeError:  # an empty or too long part, a character that no name may have
        return ""
    return name if _HOST.fullmatch(name) else ""


def _is_written_out(label: str, url: str) -> bool:
    shown = label.strip().rstrip("/")
    return url.rstrip("/") in {f"{scheme}{shown}" for scheme in ("", "https://", "http://", "mailto:")}
