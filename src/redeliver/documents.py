"""Where the documents of the release that is running say more. Pure."""

from __future__ import annotations

import re

from redeliver import REPOSITORY, __version__
from redeliver.core.facts import Fact
from redeliver.errors import RedeliverError

_DOCS = f"https://github.com/{REPOSITORY}/blob/v{__version__}/docs"


def document(page: str) -> str:
    """The address of a page under docs/, or of a part of it: ``on-call.md#losses``."""
    return f"{_DOCS}/{page}"


def entry(told: Fact | RedeliverError) -> str:
    """The address of an error's or a fact's entry in docs/errors.md."""
    if isinstance(told, Fact):
        error = told.fields.get("error")
        return entry(error) if isinstance(error, RedeliverError) else document(f"errors.md#{anchor(told.kind.name)}")
    return document(f"errors.md#{anchor(type(told).__name__)}")


def anchor(name: str) -> str:
    """The anchor of an entry: the name of an error's class or kind, or of a fact's kind, in kebab case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).replace("_", "-").lower()
