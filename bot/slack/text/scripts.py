"""Tells characters by their script, as far as marks and addresses need it."""

from __future__ import annotations

import re

CJK = (
    "\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe10-\ufe1f\ufe30-\ufe6f\uff00-\uffef"
    "\U00016fe0-\U00018dff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
"""Chinese, Japanese and Korean, their punctuation and wide forms among them, as ranges of a regular expression. Emoji
are as wide, but none of them."""

LATIN = "\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0300-\u036f\u1e00-\u1eff"
"""Latin letters outside of ASCII, and the accents that follow a letter, as ranges."""

UNSPACED = CJK + "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"
"""Scripts in which a word follows another one without a space: Thai, Lao, Tibetan, Burmese and Khmer too."""

_CJK = re.compile(f"[{CJK}]")


def is_cjk(char: str) -> bool:
    return _CJK.match(char) is not None
