"""Defines what is stored of a file of an answer that was sent to Slack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that has arrived in Slack, under the `file_id` that Slack has given it.

    `key` tells it from the other files of its answer. It is noted before the file is shared, so that whoever goes on
    with the answer looks for it, and shares it if it is not there. `shared`: it was seen to be.
    """

    key: str
    file_id: str
    shared: bool = False
