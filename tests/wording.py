"""What a text of the action's says, without its words: which kind of error it is about, its facts and its figures.

Tests hold these, so that a sentence can be written better. Whole sentences are compared in one place alone:
tests/unit/test_wording.py.
"""

from __future__ import annotations

import re

from redeliver.core.facts import FactKind
from redeliver.errors import RedeliverError

_FIGURE = re.compile(r"\d[\d,.:]*\d|\d")


def told(kind: type[RedeliverError] | FactKind, text: str) -> dict[str, str]:
    """The facts that an error of this kind shows in its sentence. The text must hold that sentence."""
    found = _sentence(kind).search(text)
    assert found, f"no {kind}: {text}"
    return found.groupdict()


def says(kind: type[RedeliverError] | FactKind, text: str) -> bool:
    """Whether the text holds a sentence of this kind of error."""
    return bool(_sentence(kind).search(text))


def figures(text: str) -> list[str]:
    """The numbers and times in a text, in order."""
    return _FIGURE.findall(text)


def _sentence(kind: type[RedeliverError] | FactKind) -> re.Pattern[str]:
    sentence = kind.value.sentence if isinstance(kind, FactKind) else kind.sentence
    # Every other part is a fact's name. A fact at the sentence's end may be a sentence itself.
    parts = re.split(r"{(\w+)(?::.*?)?}", sentence)
    names: list[str] = []
    for name in parts[1::2]:
        names.append(f"{name}_" if name in names else name)
    parts[1::2] = names
    patterns = [f"(?P<{part}>.*?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)]
    return re.compile("".join(patterns) + (r"(?!\S)" if parts[-1] else "$"), re.MULTILINE)
