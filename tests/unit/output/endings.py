"""Reports of every kind of ending, with the figures that their headline and their annotations must show, in order."""

from __future__ import annotations

from typing import Any

from githubsim.clock import DAY, HOUR, MINUTE, START
from redeliver.core.facts import Fact, FactKind
from redeliver.core.redelivery import Outcome
from redeliver.core.report import HookReport, Outage, Report
from reports import Problem, events, hook, hooks, one

UNREAD: dict[str, Any] = {"read": False, "scanned": 0, "errors": ("no",)}
AT_LEAST_A_DAY = Outage(START - DAY, at_least=True, cause="timed out", backlog=1)
STOPPED = Fact(FactKind.STOPPED, {"number": 15})
NEW = Outage(None, at_least=False, cause="HTTP 503", backlog=1)


def outage(*outcomes: Outcome, hours: int = 6, number: int = 1, **known: Any) -> HookReport:  # noqa: ANN401
    """A webhook whose receiver is down."""
    since = Outage(START - hours * HOUR, at_least=False, cause="no connection", backlog=240)
    usual: dict[str, Any] = {"outage": since}
    return hook(*events(*outcomes), number=number, **usual | known)


#: The mark, the headline's figures, and the report.
ENDINGS: list[tuple[str, str, Report]] = [
    ("🟢", "", one()),
    ("🟢", "1", one(*events(Outcome.FILTERED_OUT))),
    ("🟢", "1,000", one(*events(*[Outcome.FILTERED_OUT] * 1_000))),
    ("🟢", "", one(*events(Outcome.RECOVERED))),
    ("🟢", "1,500", one(*events(*[Outcome.RECOVERED] * 1_500))),
    ("🟡", "0 1 1 9 21:20 72", one(*events(Outcome.NOT_DUE))),
    (
        "🟡",
        "1 4 2 1 9 21:20 72",
        one(*events(Outcome.PENDING, Outcome.UNKNOWN, Outcome.REFUSED, Outcome.RECOVERED)),
    ),
    ("🟡", "0 2 2", one(*events(*[Outcome.TOO_OLD] * 2))),
    (
        "🟡",
        "1 3 1 1 9 21:21 72",
        one(*events(Outcome.TOO_OLD, Outcome.NOT_DUE, Outcome.RECOVERED)),
    ),
    (
        "🟡",
        "1 9 21:20 72",
        Report((hook(*events(Outcome.DRY_RUN)),), dry_run=True),
    ),
    ("🟢", "", Report((hook(),), dry_run=True)),
    # What is lost comes first.
    (
        "🔴",
        "2 1",
        one(*events(Outcome.GIVEN_UP, Outcome.EXPIRED, Outcome.RECOVERED, Outcome.GIVEN_UP)),
    ),
    ("🔴", "1", one(*events(Outcome.GIVEN_UP))),
    (
        "🔴",
        "1 0 1 1 9 21:20 72",
        one(*events(Outcome.REFUSED, Outcome.GIVEN_UP)),
    ),
    (
        "🔴",
        "27 21:20 3 21:20",
        one(gap=(START - 10 * DAY, START - 3 * DAY)),
    ),
    (
        "🔴",
        "2",
        Report(hooks(2, gap=(1, 2))),
    ),
    # What will be lost, next.
    (
        "🔴",
        "2 2 23:20 3 23:20 70",
        Report((outage(*[Outcome.ENDPOINT_DOWN] * 2, hours=70, deadline=START + 2 * HOUR),)),
    ),
    (
        "🔴",
        "11 59 7 09:19 0 1 1",
        one(*events(Outcome.NOT_DUE), deadline=START + 12 * HOUR - MINUTE),
    ),
    (
        "🟡",
        "0 1 1 7 09:20 12",
        one(*events(Outcome.NOT_DUE), deadline=START + 12 * HOUR),
    ),
    (
        "🔴",
        "21:20 0 1 1",
        one(*events(Outcome.NOT_DUE), deadline=START),
    ),
    (
        "🔴",
        "5 21:25",
        one(partial=True, warnings=("only the newest",), deadline=START + 5 * MINUTE),
    ),
    # What is down, or off.
    (
        "🔴",
        "15:20 6 2 9 21:20 72",
        Report((outage(Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN),)),
    ),
    (
        "🔴",
        "5 21:20 24 1 9 21:20 72",
        one(*events(Outcome.ENDPOINT_DOWN), partial=True, outage=AT_LEAST_A_DAY),
    ),
    (
        "🔴",
        "503 1 9 21:20 72",
        one(*events(Outcome.ENDPOINT_DOWN), outage=NEW),
    ),
    (
        "🔴",
        "1 3 2 9 21:20 72",
        Report((*hooks(2), outage(Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN))),
    ),
    (
        "🔴",
        "2 2 2 9 21:20 72",
        Report((outage(Outcome.ENDPOINT_DOWN), outage(Outcome.ENDPOINT_DOWN))),
    ),
    (
        "🟡",
        "",
        one(active=False),
    ),
    (
        "🟡",
        "2 3",
        Report((hook(), *hooks(2, active=False))),
    ),
    # What was not read is not called fine.
    ("🟡", "", one(partial=True, warnings=("only the newest",))),
    ("🟡", "", one(warnings=("slow",))),
    ("🔴", "", one(**UNREAD)),
    ("🔴", "", Report(hooks(3, **UNREAD))),
    ("🔴", "", Report((), fault=Problem("No webhook fits."))),
    ("🟡", "", one(**UNREAD | {"errors": (), "warnings": ("the hour is spent",)})),
    ("🔴", "", one(errors=("no",))),
    (
        "🔴",
        "1 30",
        Report((*hooks(29), hook(**UNREAD))),
    ),
    (
        "🔴",
        "2 4 2",
        Report((*hooks(2, *events(Outcome.RECOVERED)), *hooks(2, **UNREAD))),
    ),
    # A run that was stopped.
    ("🟡", "", Report((), signal_number=2)),
    ("🟡", "", Report((hook(read=False),), signal_number=2)),
    (
        "🟡",
        "38 40",
        Report((hook(*events(Outcome.RECOVERED)), hook(), hook(read=False)), signal_number=2, unreached=37),
    ),
    (
        "🟡",
        "1 2 1 9 21:20 72",
        Report((hook(*events(Outcome.STOPPED, Outcome.RECOVERED)),), signal_number=15),
    ),
]

#: The figures of the errors, of the warning and of the notice (None: there is none), and the report.
ANNOTATED: list[tuple[tuple[tuple[str, ...], str | None, str | None], Report]] = [
    (((), None, None), one()),
    (((), None, None), one(*events(Outcome.FILTERED_OUT))),
    (((), None, ""), one(*events(Outcome.RECOVERED))),
    (
        ((), "0 1 1 9 21:20 72", None),
        one(*events(Outcome.PENDING)),
    ),
    (
        ((), "0 1 1 9 21:20 72 1", None),
        one(*events(Outcome.REFUSED)),
    ),
    (
        ((), "", None),
        one(*events(Outcome.RECOVERED), warnings=("It was slow.", "It was late.")),
    ),
    ((("",), None, None), one(read=False, errors=("It may not.",))),
    # The outage is told once, with its cause, what it costs, and until when.
    (
        ((), "15:20 6 1 9 21:20 72 1 4", None),
        Report((outage(Outcome.ENDPOINT_DOWN),)),
    ),
    # What is urgent is red.
    (
        (("2 23:20",), "0 1 1 1", None),
        one(*events(Outcome.REFUSED), deadline=START + 2 * HOUR),
    ),
    # A loss is an error, and not told again beside it.
    (
        (("1 0 2026 11 09 21:20:00",), None, ""),
        one(
            *events(Outcome.GIVEN_UP, Outcome.RECOVERED),
        ),
    ),
    (
        ((), "", None),
        one(active=False),
    ),
    (
        ((), "", None),
        Report((hook(endings=(STOPPED,)),), signal_number=15),
    ),
    (
        (("1 0 2026 11 09 21:20:00", ""), "", None),
        one(
            *events(Outcome.GIVEN_UP),
            errors=("No.",),
            warnings=("It was slow.",),
        ),
    ),
    # With several webhooks, each remark names the first that has it.
    (
        (("1 1",), "0 2 2 9 21:20 72 2", None),
        Report(hooks(2, *events(Outcome.REFUSED), errors=("No.",))),
    ),
]
