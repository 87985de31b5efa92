"""Puts what is made of the code into a page, between two marks."""

from __future__ import annotations

import re


def between(text: str, name: str, made: str) -> str:
    """The text of a page with what is made between `<!-- name -->` and `<!-- /name -->`."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    return marked.sub(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", text)
