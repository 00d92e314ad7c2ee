"""Faults, told once for each cause, however many webhooks have it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redeliver.text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"[0-9]+")


def group_errors(hooks: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """A sentence or two for each cause, of hooks' names and the faults of each."""
    groups: dict[str, list[str]] = {}
    for hook, faults in hooks:
        for fault in faults:
            named = fault if len(hooks) == 1 or hook in fault else f"{hook}: {fault}"
            groups.setdefault(_cause(fault, hook), []).append(named)
    return tuple(first + _likewise(len(others)) for first, *others in groups.values())


def short_name(hook: str) -> str:
    """The hook's number, which is enough among its like; else its whole name."""
    number = _NUMBER.search(hook)
    return number[0] if number else hook


def _cause(fault: str, hook: str) -> str:
    # A sentence names the webhook, and sometimes a variable that goes by its number.
    number = short_name(hook)
    return _NUMBER.sub(lambda found: "" if found[0] == number else found[0], fault.replace(hook, ""))


def _likewise(others: int) -> str:
    return f" ({count(others, 'more webhook')} likewise.)" if others else ""
