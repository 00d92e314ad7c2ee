"""Leaves out of a text whatever it repeats of secrets, in whatever spelling. Pure.

Whoever repeats an address writes it as JSON, in a link, as HTML or in capitals, more than one of these at a time, and
often only a part of it. So both are decoded until nothing changes, and compared by pieces after each decoding.
The work grows with the length of the text and of the secrets, and both are bounded.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5
from itertools import compress
from typing import TYPE_CHECKING

from redeliver.text import plain, url_spans, without_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

#: What is shown in place of a secret.
MASK = "***"
#: Characters of a secret that may not be shown in a row.
_PIECE = 6
#: Characters of all secrets of one text. An address and its headers are far shorter.
_MOST = 8_192
#: Spellings of one text that are compared. Three layers of three kinds of escape have so many.
_MOST_SPELLINGS = 64
_WORD = re.compile(r"[^\W_]+")
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


class _EncodedTooOften(Exception):
    """A text can be read in more ways than are compared."""


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A text after some decodings. Each letter stands for a stretch of the text as it was given."""

    letters: str
    starts: Sequence[int]
    ends: Sequence[int]

    @property
    def words(self) -> _Spelling:
        """Without blanks and punctuation: a secret may be wrapped, hyphenated or listed piece by piece."""
        chosen = [letter.isalnum() for letter in self.letters]
        kept = "".join(compress(self.letters, chosen))
        return _Spelling(kept, list(compress(self.starts, chosen)), list(compress(self.ends, chosen)))


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
            for spelling in _spellings(secret):
                self._pieces.update(_pieces(spelling.letters, known))
        except _EncodedTooOften:
            self.add_unknown()

    def add_unknown(self) -> None:
        """Add one with which nothing can be compared. From now on, nothing of any text is shown."""
        self.are_complete = False

    def shown(self, text: str, limit: int) -> str:
        """What may be shown of a text: one line of visible characters, at most ``limit``, without addresses.

        Only the text's beginning is examined, of which no more than a part can be shown.
        """
        text = without_urls(text)[: 16 * limit]
        if not text or not self.are_complete:
            return MASK if text else ""
        try:
            # Before the text is cut: the beginning of a secret is secret, too.
            shown = plain(_without(text, self._found(text)), limit)
            # What was left out may have joined the pieces around it.
            return MASK if self._found(shown) else shown
        except _EncodedTooOften:
            return MASK

    def _found(self, text: str) -> list[tuple[int, int]]:
        """Where a text repeats a piece of a secret, or has an address."""
        found: list[tuple[int, int]] = []
        for spelling in _spellings(text):
            found += [(spelling.starts[start], spelling.ends[end - 1]) for start, end in url_spans(spelling.letters)]
            for one in (spelling, spelling.words):
                letters = _without_plus(one.letters)
                last = len(letters) - _PIECE
                places = [at for at in range(last + 1) if letters[at : at + _PIECE] in self._pieces]
                found += [(one.starts[at], one.ends[at + _PIECE - 1]) for at in places]
        return found


def _pieces(letters: str, known: Collection[str]) -> Iterator[str]:
    """All pieces of a spelling but those that lie within known words and the marks beside them."""
    secret = bytearray(b"\x01" * len(letters))
    for word in _WORD.finditer(letters):
        if word[0] in known:
            start, end = max(0, word.start() - 1), min(len(letters), word.end() + 1)
            secret[start:end] = bytes(end - start)
    plain_letters = _without_plus(letters)
    for at in range(len(letters) - _PIECE + 1):
        if secret.find(1, at, at + _PIECE) >= 0:
            yield plain_letters[at : at + _PIECE]
    for part in _PART.split(letters):
        joined = "".join(word for word in _WORD.findall(part) if word not in known)
        yield from (joined[at : at + _PIECE] for at in range(len(joined) - _PIECE + 1))


def _without_plus(letters: str) -> str:
    """With blanks for it, as in a form. It is no blank everywhere, so it is compared so on both sides."""
    return letters.replace("+", " ")


def _without(text: str, stretches: list[tuple[int, int]]) -> str:
    """A text with the mask in place of these stretches, and of words of which they are a part."""
    shown: list[str] = []
    at = 0
    for first, last in _joined(stretches):
        start, end = first, last
        # Blanks around it say nothing, and the rest of a word may say more.
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        if start >= end:
            continue
        while start > at and text[start - 1].isalnum() and text[start].isalnum():
            start -= 1
        while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
            end += 1
        if start > at or not shown:
            shown += [text[at:start], MASK]
        at = max(at, end)
    return "".join([*shown, text[at:]])


def _joined(stretches: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The same stretches, in order, and one in place of those that touch."""
    start = end = 0
    for first, last in sorted(stretches):
        if first > end:
            yield start, end
            start = first
        end = max(end, last)
    yield start, end


# -- spellings --------------------------------------------------------------------------------------------------


def _spellings(text: str) -> Iterator[_Spelling]:
    """All that a text can stand for: itself, and each spelling with one kind of escape decoded.

    Raises:
        _EncodedTooOften: there are too many.
    """
    found: set[str] = set()
    left = [_folded(_Spelling(text, range(len(text)), range(1, len(text) + 1)))]
    while left:
        spelling = left.pop()
        if spelling.letters in found:
            continue
        if len(found) == _MOST_SPELLINGS:
            raise _EncodedTooOften
        found.add(spelling.letters)
        yield spelling
        for escapes, meaning in _KINDS:
            if escapes.search(spelling.letters):
                left.append(_folded(_decoded(spelling, escapes, meaning)))


def _folded(spelling: _Spelling) -> _Spelling:
    letters, starts, ends = [], [], []
    for letter, start, end in zip(spelling.letters, spelling.starts, spelling.ends, strict=True):
        for one in _fold(letter):
            letters.append(one)
            starts.append(start)
            ends.append(end)
    return _Spelling("".join(letters), starts, ends)


@lru_cache(maxsize=1_024)
def _fold(letter: str) -> str:
    """A letter without case, width, font and accents. Invisible ones are none, and every blank is a space."""
    if letter.isspace():
        return " "
    # A letter without case can have a compatible one again.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letter).casefold())
    return "".join(one for one in folded if one.isprintable() and not unicodedata.combining(one))


def _decoded(spelling: _Spelling, escapes: re.Pattern[str], meaning: Callable[[str], str]) -> _Spelling:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for escape in escapes.finditer(spelling.letters):
        start, end = escape.span()
        meant = meaning(escape[0])
        letters += [spelling.letters[at:start], meant]
        starts += [*spelling.starts[at:start], *[spelling.starts[start]] * len(meant)]
        ends += [*spelling.ends[at:start], *[spelling.ends[end - 1]] * len(meant)]
        at = end
    letters.append(spelling.letters[at:])
    return _Spelling("".join(letters), [*starts, *spelling.starts[at:]], [*ends, *spelling.ends[at:]])


def _of_percent(escape: str) -> str:
    return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")


def _of_unicode(escape: str) -> str:
    """As in JSON and JavaScript. What writes these need not escape the other backslashes of a text."""
    units = bytes.fromhex("".join(escape[at + 2 : at + 6] for at in range(0, len(escape), 6)))
    return units.decode("utf-16-be", "replace")


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


_KINDS = (
    (_PERCENT, _of_percent),
    (_UNICODE, _of_unicode),
    (_BACKSLASH, _of_backslash),
    (_REFERENCE, _of_reference),
)
