"""Reports to test with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from githubsim.clock import START
from redeliver.core.outcomes import Outcome
from redeliver.core.report import EventReport, HookReport, Report

PAGE = "https://github.com/organizations/octo/settings/hooks/1?tab=deliveries"
EVENT = EventReport("g", "push", START, "HTTP 503", 2, Outcome.RECOVERED, "")


def events(*outcomes: Outcome) -> tuple[EventReport, ...]:
    """Events with these outcomes, a minute apart."""
    return tuple(
        replace(EVENT, guid=f"guid-{number}", outcome=outcome, first_failed_at=START + number * 60_000)
        for number, outcome in enumerate(outcomes)
    )


def hook(*shown: EventReport, name: str = "hook 1 of the organization octo", **known: Any) -> HookReport:  # noqa: ANN401
    """A run over one hook."""
    usual: dict[str, Any] = {"page": PAGE, "start": START, "cutoff": START, "scanned": 1_234, "redelivered": 2}
    return HookReport(hook=name, events=shown, **usual | {"checkpoint": START} | known)


def hooks(number: int, *shown: EventReport, **known: Any) -> tuple[HookReport, ...]:  # noqa: ANN401
    """So many hooks, each with these events."""
    return tuple(hook(*shown, name=f"hook {count} of the organization octo", **known) for count in range(1, 1 + number))


def one(*shown: EventReport, **known: Any) -> Report:  # noqa: ANN401
    """A report on one hook."""
    return Report((hook(*shown, **known),))
