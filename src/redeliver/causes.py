"""Faults, told once for each cause, however many webhooks have it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from redeliver.headline import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redeliver.report import HookReport, Report

_NUMBER = re.compile(r"[0-9]+")


def errors(report: Report) -> list[str]:
    """What makes the run fail, a sentence or two for each cause."""
    told = _by_cause(report.hooks, ((hook, fault) for hook in report.hooks for fault in hook.errors))
    return [report.fault, *told] if report.fault else told


def warnings(report: Report) -> list[str]:
    """What should be known, likewise."""
    return _by_cause(report.hooks, ((hook, fault) for hook in report.hooks for fault in hook.warnings))


def short_name(hook: HookReport) -> str:
    """The hook's number, which is enough among its like; else its whole name."""
    number = _NUMBER.search(hook.hook)
    return number[0] if number else hook.hook


def _by_cause(hooks: Sequence[HookReport], faults: Iterable[tuple[HookReport, str]]) -> list[str]:
    groups: dict[str, list[str]] = {}
    for hook, fault in faults:
        # A sentence names the webhook, and sometimes a variable that goes by its number.
        number = rf"(?<![0-9]){re.escape(short_name(hook))}(?![0-9])"
        cause = re.sub(number, "", fault.replace(hook.hook, ""))
        groups.setdefault(cause, []).append(fault if len(hooks) == 1 or hook.hook in fault else f"{hook.hook}: {fault}")
    return [first + _likewise(len(others)) for first, *others in groups.values()]


def _likewise(others: int) -> str:
    return f" ({count(others, 'more webhook')} likewise.)" if others else ""
