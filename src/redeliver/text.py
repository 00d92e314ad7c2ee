"""Untrusted text, made safe to show.

Delivery rows, API messages and link targets come from outside. They lose their URLs where they enter: when they become
a fact of an error or a field that is shown. Sentences that the action wrote keep theirs. What GitHub's runner acts on:
``::name::`` at the start of a line after any blanks, and ``##[name]`` anywhere in one
(https://github.com/actions/runner, ActionCommand.cs). What its pages act on: Markdown, HTML, mentions.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

# Cc, Cf, Cs, Co, Cn: control, format (bidi overrides, zero width), surrogate, private, unassigned.
# Zl, Zp: line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# A match starts only at the start of a word and does not backtrack, so the time is linear in the text's length.
# Anything before "://" counts as the scheme: it is better to remove too much than to show a secret.
URL = re.compile(r"(?<![a-z0-9+.-])[a-z0-9+.-]*+://\S*", re.IGNORECASE)
#: As a sentence of the action's own has it: no character that ends a sentence or an autolink is the last one.
_WEB_ADDRESS = re.compile(r"(https://[\w.-]*\w(?::[0-9]{1,5})?(?:/(?:[\w./~?&=%+-]*[\w/=])?)?)", re.ASCII)
#: GitHub's tokens (https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats),
#: a private key from its first line on, and JSON Web Tokens. The time to search is linear in the text's length.
_CREDENTIAL = re.compile(
    r"(?<![a-z0-9])(?:gh[oprsu]|github_pat)_\w+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*"
    r"|(?<![\w-])eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
#: Characters of a text that are searched for URLs. A reason follows the URL, and GitHub's own texts are far shorter.
_LOOKED_AT = 16_384
_BLANKS = re.compile(r"\s+")
_MARK = re.compile(r"[!-/:-@[-`{-~]")
_ISSUE = re.compile(r"\bGH&#45;(?=[0-9])", re.IGNORECASE)
_OF_A_SHELL = {ord(mark): f"\\u{ord(mark):04x}" for mark in "'`$;&|<>()#"}
#: GUIDs that a sentence names.
_NAMED = 8
_COMMAND_START = re.compile(r"^(\s*):(?=:)")


class OwnText(str):
    """Text that the action wrote, or that it has checked as thoroughly: an error shows it whole, URLs included."""

    __slots__ = ()


class Naming(str):
    """Text that names a webhook, or something of one: ``template`` is the same text for every webhook."""

    __slots__ = ("template",)

    template: str

    def __new__(cls, template: str, name: object) -> Self:
        """``template`` has ``{}`` where the name belongs."""
        made = super().__new__(cls, template.format(name))
        made.template = template
        return made


def plain(text: str, limit: int = 200) -> str:
    """Text from outside as one line of at most ``limit`` visible characters, with no URL and no credential in it.

    A URL is removed whole, since a hook's URL can hold credentials. An invisible character does not end it.
    """
    return one_line(_CREDENTIAL.sub("<credential>", without_urls(text[: 8 * limit])), limit)


def one_line(sentence: str, limit: int) -> str:
    """A sentence of the action's own as one line of visible characters, at most ``limit`` of them."""
    shown = _BLANKS.sub(" ", _visible(sentence[: 8 * limit])).strip()
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def holds_credential(text: str) -> bool:
    """Whether there is something in a text that has the form of a credential."""
    return bool(_CREDENTIAL.search(text))


def without_urls(text: str) -> str:
    """The beginning of a text (16,384 characters), with every URL removed whole."""
    return URL.sub("<url>", text[:_LOOKED_AT])


def for_log(line: str) -> str:
    """A log line that the runner cannot read as a workflow command, whatever it holds."""
    return _COMMAND_START.sub(r"\1: ", _visible(line)).replace("##[", "# #[")


def for_shell(json_text: str) -> str:
    r"""Equivalent JSON in which only the double quotes mean anything to a shell or a runner.

    Somebody will write ``echo '${{ steps.redeliver.outputs.report }}'``, which pastes it into a script. JSON needs
    these characters only within strings, where each can be written as ``\u0027``. Without ``#``, no ``##[`` is left.
    """
    return json_text.translate(_OF_A_SHELL)


def for_markdown(text: str, limit: int = 200) -> str:
    """A piece of Markdown that shows ``text`` and does nothing else, in a table cell too.

    Every ASCII character but letters, digits and blanks becomes a character reference, which CommonMark never
    reads as structure. GitHub looks for mentions, issue numbers, emoji and addresses in the resulting text: an
    invisible word joiner prevents that.
    """
    return _escaped(plain(text, limit))


def sentence_in_markdown(sentence: str, limit: int) -> str:
    """The same for a sentence of the action's own. Its web addresses are links: text from outside has none left."""
    parts = _WEB_ADDRESS.split(one_line(sentence, limit))
    return "".join(f"<{part}>" if place % 2 else _escaped(part) for place, part in enumerate(parts))


def _escaped(shown: str) -> str:
    references = _MARK.sub(lambda mark: f"&#{ord(mark[0])};" + ("&#8288;" if mark[0] in "@#:" else ""), shown)
    return _ISSUE.sub(r"\g<0>&#8288;", references)


def _visible(text: str) -> str:
    if text.isprintable():  # as nearly every text is
        return text
    return "".join(" " if unicodedata.category(mark) in _UNSEEN else mark for mark in text)


def some_of(names: Sequence[str]) -> str:
    """The first few GUIDs or names, and how many more there are."""
    named = ", ".join(plain(name, 80) for name in names[:_NAMED])
    return f"{named} and {len(names) - _NAMED:,} more" if len(names) > _NAMED else named


def count(number: int, what: str, several: str = "") -> str:
    """``1 event``, ``1,234 events``."""
    return f"{number:,} {what if number == 1 else several or what + 's'}"
