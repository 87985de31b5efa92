"""Recognises messages that ask nothing: thanks, an "ok", a laugh, or emoji alone."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LONGEST = 60
"""Characters. Whoever writes more says more than thanks."""

_SHORT_NAME = re.compile(r":[a-z0-9_+'-]{1,100}:(?::skin-tone-[2-6]:)?")
_LAUGH = re.compile(
    r"(?:l+o+l+|r+o+f+l+|l+m+a+o+|x+d+|(?:ha){2,}h?|(?:he){2,}|(?:hi){2,}|(?:ja){2,}|(?:kk)+|w{2,}|哈+|ㅋ+|ㅎ+)"
)

# By language, as people write them in chats. Whole phrases: "great" alone is no question, "great, and why?" is one.
_PHRASES: Final = frozenset(
    phrase
    for phrases in (
        # English
        "thanks, thank you, thank you so much, thank you very much, thanks a lot, thanks so much, many thanks",
        "thanks again, thank you again",
        "thx, tnx, ty, tysm, cheers, ok, okay, okey, k, kk, okie, alright, all right, got it, gotcha, i see",
        "makes sense, will do, sounds good, cool, great, nice, perfect, awesome, excellent, amazing, good",
        "great job, good job, well done, wow, good bot, that works, it works, works, fine, sure, yep, yup, noted",
        "no worries, np, you rock, brilliant, that helps, that helped, very helpful, helpful, much appreciated",
        "appreciated, so much, very much, a lot",
        # German
        "danke, dankeschön, danke schön, danke dir, danke euch, vielen dank, besten dank, herzlichen dank",
        "tausend dank, super, prima, toll, klasse, passt, alles klar, verstanden, gut, sehr gut, perfekt, genau",
        "merci, jo, ja, jep",
        # French
        "merci beaucoup, merci bien, d'accord, dac, parfait, très bien, bien, génial, ça marche, entendu, oui",
        # Spanish, Portuguese, Italian
        "gracias, muchas gracias, mil gracias, vale, perfecto, genial, entendido, de acuerdo, sí, bueno",
        "obrigado, obrigada, muito obrigado, muito obrigada, valeu, beleza, perfeito, entendi, certo, grazie",
        "grazie mille, perfetto, va bene, capito, bene, ottimo",
        # Dutch, Scandinavian, Polish, Russian, Turkish
        "dank je, dank je wel, bedankt, dankjewel, top, prima, oké, tack, tack så mycket, takk, tusen takk, tak",
        "mange tak, dzięki, dziękuję, super, jasne, спасибо, большое спасибо, спс, ок, окей, понял, поняла",
        "понятно, хорошо, супер, teşekkürler, teşekkür ederim, tamam, sağol",
        # Japanese, Chinese, Korean
        "ありがとう, ありがとうございます, ありがとうございました, 了解, 了解です, わかりました, なるほど",
        "谢谢, 謝謝, 多谢, 好的, 好, 嗯, 明白, 收到, 고마워, 고마워요, 고맙습니다",
        "감사합니다, 네, 알겠습니다, 오케이",
    )
    for phrase in phrases.split(", ")
)
_MOST_WORDS = max(phrase.count(" ") + 1 for phrase in _PHRASES)


def is_small_talk(text: str) -> bool:
    """Whether a message is nothing but thanks, agreement, a laugh or emoji, so that nobody expects an answer to it.

    A question mark in any script makes it a question. `text` is as Slack sends it.
    """
    said = text.strip()
    if not said or len(said) > _LONGEST or any("QUESTION MARK" in unicodedata.name(char, "") for char in said):
        return False
    said = _SHORT_NAME.sub(" ", said)
    if re.search(r"[<>`/@#\d]", said):  # a mention, a link, code, a number: something is meant by it
        return False
    words = _words(said.lower())
    return not words or _is_made_of_phrases(words)


def _words(said: str) -> list[str]:
    """The words, without punctuation, emoji and other signs."""
    kept = "".join(char if _belongs_to_a_word(char) else " " for char in unicodedata.normalize("NFC", said))
    return kept.replace("’", "'").split()


def _belongs_to_a_word(char: str) -> bool:
    return char in "'’" or unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "Mc"


def _is_made_of_phrases(words: list[str]) -> bool:
    place = 0
    while place < len(words):
        longest = next(
            (
                size
                for size in range(_MOST_WORDS, 0, -1)
                if place + size <= len(words) and _is_phrase(" ".join(words[place : place + size]))
            ),
            0,
        )
        if not longest:
            return False
        place += longest
    return True


def _is_phrase(said: str) -> bool:
    return said in _PHRASES or _LAUGH.fullmatch(said) is not None
