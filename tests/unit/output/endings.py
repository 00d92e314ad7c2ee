"""Reports of every kind of ending. tests/unit/wording has what is said of them."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

from githubsim.clock import DAY, HOUR, MINUTE, START
from redeliver.core.case import Outcome
from redeliver.core.facts import Fact, FactKind
from redeliver.core.forecast import forecast
from redeliver.core.report import HookReport, Outage, Report, TokenEnd
from reports import Problem, events, hook, hooks, one

UNREAD: dict[str, Any] = {"read": False, "scanned": 0, "errors": ("no",)}
AT_LEAST_A_DAY = Outage(START - DAY, at_least=True, cause="timed out", tests=3)
STOPPED = Fact(FactKind.STOPPED, {"number": 15})
NEW = Outage(None, at_least=False, cause="HTTP 503", tests=3)


def outage(*outcomes: Outcome, hours: int = 6, number: int = 1, **known: Any) -> HookReport:  # noqa: ANN401
    """A webhook whose receiver is down."""
    since = Outage(START - hours * HOUR, at_least=False, cause="no connection", tests=3)
    takes = forecast(600, 150, inf, run_seconds=3_600, time_left=inf)
    usual: dict[str, Any] = {"outage": since, "forecast": takes}
    return hook(*events(*outcomes), number=number, **usual | known)


def ends(days: int) -> TokenEnd:
    """The end of a token in so many days."""
    return TokenEnd(START + days * DAY, days * DAY, "https://github.com/settings/tokens/new", is_webhooks=True)


ENDINGS: list[Report] = [
    one(),
    one(*events(Outcome.FILTERED_OUT)),
    one(*events(*[Outcome.FILTERED_OUT] * 1_000)),
    one(*events(Outcome.RECOVERED)),
    one(*events(*[Outcome.RECOVERED] * 1_500)),
    one(*events(Outcome.NOT_DUE)),
    one(*events(Outcome.PENDING, Outcome.UNKNOWN, Outcome.REFUSED, Outcome.RECOVERED)),
    one(*events(*[Outcome.TOO_OLD] * 2)),
    one(*events(Outcome.TOO_OLD, Outcome.NOT_DUE, Outcome.RECOVERED)),
    Report((hook(*events(Outcome.DRY_RUN)),), dry_run=True),
    Report((hook(),), dry_run=True),
    # What is lost comes first.
    one(*events(Outcome.GIVEN_UP, Outcome.EXPIRED, Outcome.RECOVERED, Outcome.GIVEN_UP)),
    one(*events(Outcome.GIVEN_UP)),
    one(*events(Outcome.REFUSED, Outcome.GIVEN_UP)),
    one(gap=(START - 10 * DAY, START - 3 * DAY)),
    Report(hooks(2, gap=(1, 2))),
    # What will be lost, next.
    Report((outage(*[Outcome.ENDPOINT_DOWN] * 2, hours=70, deadline=START + 2 * HOUR),)),
    one(*events(Outcome.NOT_DUE), deadline=START + 12 * HOUR - MINUTE),
    one(*events(Outcome.NOT_DUE), deadline=START + 12 * HOUR),
    one(*events(Outcome.NOT_DUE), deadline=START),
    one(partial=True, warnings=("only the newest",), deadline=START + 5 * MINUTE),
    # What is down, or off.
    Report((outage(Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN),)),
    one(*events(Outcome.ENDPOINT_DOWN), partial=True, outage=AT_LEAST_A_DAY),
    one(*events(Outcome.ENDPOINT_DOWN), outage=NEW),
    Report((*hooks(2), outage(Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN))),
    Report((outage(Outcome.ENDPOINT_DOWN), outage(Outcome.ENDPOINT_DOWN))),
    one(active=False),
    one(active=False, should_be_on=True),
    Report((hook(), *hooks(2, active=False))),
    # What somebody must see to, though all went well.
    one(silent=True),
    one(silent=True, newest_delivery=START - 9 * HOUR),
    one(silent=True, active=False, should_be_on=True),
    *(Report((hook(),), tokens=(ends(days),)) for days in (15, 13, 2, 0)),
    one(*events(Outcome.PENDING), deadline=START + 2 * HOUR),
    # What was not read is not called fine.
    one(partial=True, warnings=("only the newest",)),
    one(warnings=("slow",)),
    one(**UNREAD),
    Report(hooks(3, **UNREAD)),
    Report((), fault=Problem("No webhook fits.")),
    one(**UNREAD | {"errors": (), "warnings": ("the hour is spent",)}),
    one(errors=("no",)),
    Report((*hooks(29), hook(**UNREAD))),
    Report((*hooks(2, *events(Outcome.RECOVERED)), *hooks(2, **UNREAD))),
    # A run that was stopped.
    Report((), signal_number=2),
    Report((hook(read=False),), signal_number=2),
    Report((hook(*events(Outcome.RECOVERED)), hook(), hook(read=False)), signal_number=2, unreached=37),
    Report((hook(*events(Outcome.STOPPED, Outcome.RECOVERED)),), signal_number=15),
]

ANNOTATED: list[Report] = [
    one(),
    one(*events(Outcome.FILTERED_OUT)),
    one(*events(Outcome.RECOVERED)),
    one(*events(Outcome.PENDING)),
    one(*events(Outcome.REFUSED)),
    one(*events(Outcome.RECOVERED), warnings=("It was slow.", "It was late.")),
    one(read=False, errors=("It may not.",)),
    # The outage is told once, with its cause, what it costs, and until when.
    Report((outage(Outcome.ENDPOINT_DOWN),)),
    # What is urgent is red.
    one(*events(Outcome.REFUSED), deadline=START + 2 * HOUR),
    # A loss is an error, and not told again beside it.
    one(*events(Outcome.GIVEN_UP, Outcome.RECOVERED)),
    one(active=False),
    one(active=False, should_be_on=True),
    one(silent=True, newest_delivery=START - 9 * HOUR),
    Report((hook(),), tokens=(ends(13), replace(ends(2), page="https://github.com/settings/x", is_webhooks=False))),
    Report((hook(endings=(STOPPED,)),), signal_number=15),
    one(*events(Outcome.GIVEN_UP), errors=("No.",), warnings=("It was slow.",)),
    # With several webhooks, each remark names the first that has it.
    Report(hooks(2, *events(Outcome.REFUSED), errors=("No.",))),
]
