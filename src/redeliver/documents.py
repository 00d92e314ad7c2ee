"""Where the documents of the release that is running say more. Pure."""

from __future__ import annotations

import re

from redeliver import REPOSITORY, __version__, errors
from redeliver.core.facts import Fact
from redeliver.errors import ErrorKind, RedeliverError

_DOCS = f"https://github.com/{REPOSITORY}/blob/v{__version__}/docs"
_NAMES = {kind: name for name, kind in vars(errors).items() if isinstance(kind, ErrorKind)}


def document(page: str) -> str:
    """The address of a page under docs/, or of a part of it: ``on-call.md#losses``."""
    return f"{_DOCS}/{page}"


def entry(told: Fact | RedeliverError) -> str:
    """The address of an error's or a fact's entry in docs/errors.md."""
    if isinstance(told, Fact):
        error = told.fields.get("error")
        name = told.kind.name
        if isinstance(error, RedeliverError):
            return entry(error)
    else:
        name = _NAMES[told.error_kind] if told.error_kind else type(told).__name__
    return document(f"errors.md#{anchor(name)}")


def anchor(name: str) -> str:
    """The anchor of an entry: the name of an error's class or kind, or of a fact's kind, in kebab case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).replace("_", "-").lower()
