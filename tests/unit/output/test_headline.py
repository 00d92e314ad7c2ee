"""The run in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from redeliver.core.outcomes import Outcome
from redeliver.core.report import Report
from redeliver.output.headline import headline, mark
from reports import events, hook, hooks, one

UNREAD: dict[str, Any] = {"read": False, "scanned": 0, "errors": ("no",)}


@pytest.mark.parametrize(
    ("light", "says", "report"),
    [
        ("🟢", "Nothing to redeliver: no undelivered event was found", one()),
        ("🟢", "Nothing to redeliver: 1 event filtered out", one(*events(Outcome.FILTERED_OUT))),
        ("🟢", "Nothing to redeliver: 1,000 events filtered out", one(*events(*[Outcome.FILTERED_OUT] * 1_000))),
        ("🟢", "The event that had failed is recovered", one(*events(Outcome.RECOVERED))),
        ("🟢", "All 2 events that had failed are recovered", one(*events(*[Outcome.RECOVERED] * 2))),
        ("🟢", "All 1,500 events that had failed are recovered", one(*events(*[Outcome.RECOVERED] * 1_500))),
        ("🟡", "0 of 1 event recovered, 1 still undelivered", one(*events(Outcome.NOT_DUE))),
        ("🟡", "1 of 2 events recovered, 1 with no outcome yet", one(*events(Outcome.RECOVERED, Outcome.PENDING))),
        (
            "🟡",
            "1 of 4 events recovered, 2 with no outcome yet, 1 still undelivered",
            one(*events(Outcome.RECOVERED, Outcome.PENDING, Outcome.UNKNOWN, Outcome.REFUSED)),
        ),
        (
            "🔴",
            "The endpoint is down: 2 events still undelivered",
            one(*events(Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN)),
        ),
        (
            "🟡",
            "Dry run: 1 event undelivered, nothing was sent",
            Report((hook(*events(Outcome.DRY_RUN)),), dry_run=True),
        ),
        ("🟢", "Nothing to redeliver: no undelivered event was found", Report((hook(),), dry_run=True)),
        ("🟡", "Nothing to redeliver: no undelivered event was found", one(warnings=("slow",))),
        ("🔴", "The run failed: no deliveries could be checked", one(**UNREAD)),
        ("🔴", "The run failed: no deliveries could be checked", Report(hooks(3, **UNREAD))),
        ("🔴", "The run failed: no deliveries could be checked", Report((), fault="No webhook fits.")),
        ("🟡", "No deliveries could be checked", one(**UNREAD | {"errors": (), "warnings": ("the hour is spent",)})),
        ("🔴", "The run failed; nothing to redeliver: no undelivered event was found", one(errors=("no",))),
        (
            "🔴",
            "The run failed; 1 of 2 events recovered, 1 still undelivered",
            one(*events(Outcome.RECOVERED, Outcome.RUN_FAILED), errors=("no",)),
        ),
        ("🟡", "The run was stopped", Report((), signal_number=2)),
        ("🟡", "The run was stopped", Report((hook(read=False, warnings=("stopped",)),), signal_number=2)),
        (
            "🟡",
            "The run was stopped: 1 of 2 events recovered, 1 still undelivered",
            Report((hook(*events(Outcome.RECOVERED, Outcome.STOPPED)),), signal_number=15),
        ),
        (
            "🔴",
            "1 of 30 webhooks could not be checked; elsewhere nothing to redeliver: no undelivered event was found",
            Report((*hooks(29), hook(**UNREAD))),
        ),
        (
            "🔴",
            "2 of 4 webhooks could not be checked; elsewhere all 2 events that had failed are recovered",
            Report((*hooks(2, *events(Outcome.RECOVERED)), *hooks(2, **UNREAD))),
        ),
        (
            "🔴",
            "1 of 3 endpoints is down: 2 events still undelivered",
            Report((*hooks(2), hook(*events(Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN)))),
        ),
        (
            "🔴",
            "2 of 2 endpoints are down: 2 events still undelivered",
            Report(hooks(2, *events(Outcome.ENDPOINT_DOWN))),
        ),
    ],
)
def test_each_ending_has_its_sentence_and_its_mark(light: str, says: str, report: Report) -> None:
    assert (mark(report), headline(report)) == (light, says)
