"""Leaves out of a text whatever it repeats of secrets, in whatever spelling. Pure.

Whoever repeats an address writes it as JSON, in a link, as HTML or in capitals, more than one of these at a time, and
often only a part of it. So both are decoded until nothing changes, and compared by pieces after each decoding.
The work grows with the length of the text and of the secrets, and both are bounded.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from html.entities import html5
from typing import TYPE_CHECKING

from redeliver.text import URL, plain, without_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

#: What is shown in place of a secret.
MASK = "***"
#: Characters of a secret that may not be shown in a row.
_PIECE = 6
#: Characters of all secrets of one text. An address and its headers are far shorter.
_MOST = 8_192
#: Spellings of one text that are compared. Three layers of three kinds of escape have so many.
_MOST_SPELLINGS = 64
_WORD = re.compile(r"[^\W_]+")
#: A word, blanks, or another character.
_TOKEN = re.compile(r"[^\W_]+|\s+|[\W_]")
_PART = re.compile(r"[/?&=#;:@,\s]+")

# Escapes, of which a text is decoded one kind at a time: what looks like one kind can be a secret within another.
# None goes back over more than a few characters, so the time is linear in the text's length.
_PERCENT = re.compile(r"(?:%[89a-f][0-9a-f])+|%[0-7][0-9a-f]")
_UNICODE = re.compile(r"[%\\]ud[89ab][0-9a-f]{2}[%\\]ud[c-f][0-9a-f]{2}|[%\\]u[0-9a-f]{4}")
_BACKSLASH = re.compile(r"\\x[0-9a-f]{2}|\\[^ac-eg-mo-qsu-z0-9]")
_REFERENCE = re.compile(r"&(?:#0*[0-9]{1,7};?|#x0*[0-9a-f]{1,6};?|[a-z][a-z0-9]{1,31};?)")
#: Characters that have a name in HTML. To a comparison, case makes no difference; a name in lower case comes last and
#: stays.
_NAMED = {name.lower(): meaning for name, meaning in sorted(html5.items())}


#: A letter of a spelling, and where the stretch of the text as it was given begins and ends for which it stands.
_Mark = tuple[str, int, int]


class Secrets:
    """Secrets, and texts without them."""

    def __init__(self) -> None:
        """None yet."""
        self._pieces: set[str] = set()
        self._left = _MOST
        self.are_complete = True
        """Whether any text can be compared with all of them."""

    def add(self, secret: str, known: Collection[str] = ()) -> None:
        """Add one. ``known``: words in it, in lower case, that are no secret by themselves."""
        self._left -= len(secret) + 1
        if self._left < 0:
            self.add_unknown()
        if not self.are_complete:
            return
        try:
            for letters, _ in _spellings(secret):
                self._pieces.update(_pieces(letters, known))
        except ValueError:
            self.add_unknown()

    def add_unknown(self) -> None:
        """Add one with which nothing can be compared. From now on, nothing of any text is shown."""
        self.are_complete = False

    def shown(self, text: object, limit: int) -> str:
        """What may be shown of a text: one line of visible characters, at most ``limit``, without addresses.

        Only the text's beginning is examined, of which no more than a part can be shown. Empty: it is no text.
        """
        text = without_urls(text)[: 16 * limit] if isinstance(text, str) else ""
        if not text or not self.are_complete:
            return MASK if text else ""
        try:
            # Before the text is cut: the beginning of a secret is secret, too.
            shown = plain(_without(text, self._found(text)), limit)
            # What was left out may have joined the pieces around it.
            return MASK if self._found(shown) else shown
        except ValueError:
            return MASK

    def _found(self, text: str) -> list[tuple[int, int]]:
        """Where a text repeats a piece of a secret, or has an address."""
        found: list[tuple[int, int]] = []
        for letters, marks in _spellings(text):
            found += [(marks[url.start()][1], marks[url.end() - 1][2]) for url in URL.finditer(letters)]
            # Once more without blanks and punctuation: a secret may be wrapped, hyphenated or listed piece by piece.
            words = [place for place, letter in enumerate(letters) if letter.isalnum()]
            for places in (range(len(letters)), words):
                compared = "".join([letters[place] for place in places]).replace("+", " ")
                starts = range(len(compared) - _PIECE + 1)
                repeats = [at for at in starts if compared[at : at + _PIECE] in self._pieces]
                found += [(marks[places[at]][1], marks[places[at + _PIECE - 1]][2]) for at in repeats]
        return found


def _pieces(letters: str, known: Collection[str]) -> Iterator[str]:
    """All pieces of a spelling but those that lie within known words and the marks beside them."""
    secret = bytearray(b"\x01" * len(letters))
    for word in _WORD.finditer(letters):
        if word[0] in known:
            start, end = max(0, word.start() - 1), min(len(letters), word.end() + 1)
            secret[start:end] = bytes(end - start)
    # With blanks for it, as in a form. It is no blank everywhere, so it is compared so on both sides.
    plain_letters = letters.replace("+", " ")
    for at in range(len(letters) - _PIECE + 1):
        if secret.find(1, at, at + _PIECE) >= 0:
            yield plain_letters[at : at + _PIECE]
    for part in _PART.split(letters):
        joined = "".join(word for word in _WORD.findall(part) if word not in known)
        yield from (joined[at : at + _PIECE] for at in range(len(joined) - _PIECE + 1))


def _without(text: str, stretches: list[tuple[int, int]]) -> str:
    """A text with the mask in place of these stretches, and of words of which they are a part."""
    hidden = bytearray(len(text))
    for start, end in stretches:
        hidden[start:end] = b"\x01" * (end - start)
    tokens = [*_TOKEN.finditer(text)]
    kinds = ""
    for token in tokens:
        is_blank = token[0].isspace()
        # Blanks beside what is hidden say nothing, and the rest of a word may say more.
        is_hidden = (all if is_blank else any)(hidden[token.start() : token.end()])
        kinds += "." if not is_hidden else " " if is_blank else "x"
    shown: list[str] = []
    at = 0
    for run in re.finditer("x(?: ?x)*", kinds):
        shown += [text[at : tokens[run.start()].start()], MASK]
        at = tokens[run.end() - 1].end()
    return "".join([*shown, text[at:]])


# -- spellings --------------------------------------------------------------------------------------------------


def _spellings(text: str) -> Iterator[tuple[str, list[_Mark]]]:
    """All that a text can stand for: itself, and each spelling with one kind of escape decoded.

    Raises ValueError if there are too many.
    """
    found: set[str] = set()
    left = [[(letter, at, at + 1) for at, letter in enumerate(text)]]
    while left:
        marks = [(one, start, end) for letter, start, end in left.pop() for one in _fold(letter)]
        letters = "".join([one for one, _, _ in marks])
        if letters in found:
            continue
        if len(found) == _MOST_SPELLINGS:
            raise ValueError("it can be read in too many ways")
        found.add(letters)
        yield letters, marks
        for escapes, meaning in _KINDS:
            decoded, at = list[_Mark](), 0
            for escape in escapes.finditer(letters):
                (_, start, _), (_, _, end) = marks[escape.start()], marks[escape.end() - 1]
                decoded += [*marks[at : escape.start()], *((one, start, end) for one in meaning(escape[0]))]
                at = escape.end()
            if at:
                left.append([*decoded, *marks[at:]])


@lru_cache(maxsize=1_024)
def _fold(letter: str) -> str:
    """A letter without case, width, font and accents. Invisible ones are none, and every blank is a space."""
    if letter.isspace():
        return " "
    # A letter without case can have a compatible one again.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letter).casefold())
    return "".join(one for one in folded if one.isprintable() and not unicodedata.combining(one))


def _of_backslash(escape: str) -> str:
    """As in JSON and JavaScript."""
    if escape[1] == "x":
        return bytes.fromhex(escape[2:]).decode("latin-1")
    return " " if escape[1] in "bfnrt" else escape[1]


def _of_reference(escape: str) -> str:
    """As in HTML, where some names need no semicolon, and end where no longer name is known."""
    if escape[1] == "#":
        return html.unescape(escape)
    for end in range(len(escape), 2, -1):
        if escape[1:end] in _NAMED:
            return _NAMED[escape[1:end]] + escape[end:]
    return escape


_KINDS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (_PERCENT, lambda escape: bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")),
    # As in JSON and JavaScript. What writes these need not escape the other backslashes of a text.
    (_UNICODE, lambda escape: bytes.fromhex(re.sub(r"[%\\]u", "", escape)).decode("utf-16-be", "replace")),
    (_BACKSLASH, _of_backslash),
    (_REFERENCE, _of_reference),
)
