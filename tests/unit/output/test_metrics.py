"""Metrics for Prometheus: what the run knows, and what it cannot know as it was before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from exposition import read
from githubsim.clock import HOUR, START
from redeliver.core.case import Outcome
from redeliver.core.facts import Fact, FactKind
from redeliver.core.health import Health, HookHealth
from redeliver.core.report import Outage, Report, SendingReport
from redeliver.output import metrics
from redeliver.output.metrics import BEGINNING, RUN_METRICS, WEBHOOK_METRICS, run_metrics, webhook_metrics
from redeliver.text import plain
from reports import Problem, events, hook, one, stats
from unit.output.endings import STOPPED

ENDED = 1_794_000_000.25
LATER = ENDED + 900
OUTAGE = Outage(START - HOUR, at_least=False, cause="HTTP 503", tests=3)
STATS = stats({"push": (30, 27), "issues": (10, 9)}, p95=1_800, near=4)
NO_EVENTS = stats({}, p95=None)
OF_STATS = {
    "events": 40,
    "first_try_ratio": 0.9,
    "p50_duration_seconds": 1.8,
    "p95_duration_seconds": 1.8,
    "longest_duration_seconds": 1.8,
    "near_timeout_events": 4,
}
FINE = one(checkpoint=START + 1_500, seconds=12.5)
BEFORE = run_metrics(one(*events(Outcome.PENDING), outage=OUTAGE), ENDED)


def webhook(hook_id: int | None = 1, **known: Any) -> HookHealth:  # noqa: ANN401  any of its fields
    """A webhook as the list has it."""
    usual: dict[str, Any] = {
        "owner": "octo",
        "active": True,
        "deliveries": 40,
        "failed": 3,
        "last_success": START,
        "undelivered": 2,
        "stats": STATS,
    }
    return HookHealth(hook_id, host="hooks.example", **(usual | known))


def states(name: str, shown: Health) -> dict[str, int]:
    """A set of states, as the exposition has it."""
    return {f"{name}={state}": int(state is shown) for state in Health}


def after(report: Report, before: str = "", hook_id: str = "1") -> dict[str, float]:
    """The metrics of one of octo's webhooks after a run."""
    return read(run_metrics(report, LATER, before))["octo", hook_id]


def test_metrics_say_what_the_report_says() -> None:
    kinds = (
        *(Outcome.RECOVERED, Outcome.RECOVERED, Outcome.PENDING),
        *(Outcome.GIVEN_UP, Outcome.FILTERED_OUT, Outcome.TYPE_FAILS),
    )
    report = one(
        *events(*kinds),
        gap=(START - HOUR, START),
        checkpoint=START + 1_500,
        outage=OUTAGE,
        sending=SendingReport(per_minute=40, slowdowns=2, slowed_by="HTTP 429", failing_types=()),
        seconds=12.5,
        stats=STATS,
    )
    assert after(report) == {
        metrics.LAST_RUN: LATER,
        "redeliver_last_run_duration_seconds": 12.5,
        "redeliver_scanned_attempts": 1_234,
        "redeliver_redelivered_events": 2,
        "redeliver_recovered_events": 2,
        metrics.UNDELIVERED: 3,
        "redeliver_lost_events": 1,
        "redeliver_slowdowns": 2,
        "redeliver_failing_type_events": 1,
        "redeliver_gap_seconds": 3_600,
        metrics.DEADLINE: report.hooks[0].events[2].forgotten_at / 1_000,
        metrics.CHECKPOINT: (START + 1_500) / 1_000,
        **states(metrics.HEALTH, Health.DOWN),
        **{f"redeliver_{name}": value for name, value in OF_STATS.items()},
        **of_types(metrics.TYPE_UNDELIVERED, push=3, issues=0),
        **of_types(metrics.TYPE_EVENTS, push=30, issues=10),
        **of_types(metrics.TYPE_FAILED, push=3, issues=1),
    }


def of_types(metric: str, **numbers: int) -> dict[str, int]:
    return {f"{metric}={name}": number for name, number in numbers.items()}


def names(told: dict[str, float]) -> set[str]:
    return {name.partition("=")[0] for name in told}


def test_missing_values_are_absent_and_not_zero() -> None:
    unknown = {metrics.DEADLINE, metrics.ACTIVE, metrics.EXPIRY}
    told = names(after(one(checkpoint=None, stats=STATS)))
    assert set(RUN_METRICS) - told == {metrics.CHECKPOINT, *unknown}
    assert metrics.CHECKPOINT in after(one(checkpoint=0))
    durations = {f"redeliver_{one}_duration_seconds" for one in ("p50", "p95", "longest")}
    told = names(after(one(stats=NO_EVENTS)))
    assert set(RUN_METRICS) - told == {"redeliver_first_try_ratio", *durations, *unknown, *metrics.TYPE_METRICS}


def test_partial_reading_has_no_statistics() -> None:
    of_stats = {f"redeliver_{name}" for name in OF_STATS} | {metrics.TYPE_EVENTS, metrics.TYPE_FAILED}
    assert not of_stats & names(after(one(stats=None), run_metrics(one(stats=STATS), ENDED)))


@pytest.mark.parametrize(
    "report",
    [
        one(errors=["lost"]),
        one(read=False),
        Report((hook(endings=(STOPPED,)),), signal_number=15),
    ],
    ids=["a fault", "a log that was not read", "a signal"],
)
def test_failed_run_keeps_the_time_of_the_last_success(report: Report) -> None:
    told = after(report, BEFORE)
    assert (told[metrics.LAST_RUN], told[metrics.LAST_SUCCESS]) == (LATER, ENDED)
    assert metrics.LAST_SUCCESS not in after(report)
    assert after(one(warnings=["slow"]), BEFORE)[metrics.LAST_SUCCESS] == LATER


def test_run_that_reads_the_log_replaces_what_was_known() -> None:
    told = after(one(checkpoint=None), BEFORE)
    assert told[metrics.UNDELIVERED] == 0
    assert not {metrics.DEADLINE, metrics.CHECKPOINT, metrics.TYPE_UNDELIVERED} & names(told)


def test_run_that_cannot_read_the_log_keeps_what_was_known() -> None:
    told = after(one(errors=["no"], read=False, checkpoint=None, redelivered=0), BEFORE)
    kept = {metrics.UNDELIVERED, metrics.DEADLINE, metrics.CHECKPOINT, metrics.LAST_SUCCESS}
    kept |= {f"{metrics.TYPE_UNDELIVERED}=push"}
    old = read(BEFORE)["octo", "1"]
    assert {name: told[name] for name in kept} == {name: old[name] for name in kept}
    assert (told[metrics.UNDELIVERED], told[metrics.LAST_RUN], told["redeliver_redelivered_events"]) == (1, LATER, 0)
    unknown = states(metrics.HEALTH, Health.UNKNOWN)
    assert {name: told[name] for name in unknown} == unknown
    # Nor does the first of all runs.
    assert metrics.UNDELIVERED not in after(one(read=False))


UNLISTED = Fact(FactKind.UNLISTED_WARNING, {"names": ("octo",), "first": Problem("no")})


@pytest.mark.parametrize(
    "broken_off",
    [
        Report((), fault=Problem("no list")),
        Report((hook(number=2),), unreached=1),
        Report((hook(number=2),), signal_number=2),
        Report((hook(number=2),), left_out=(UNLISTED,)),
    ],
)
def test_unreached_webhook_keeps_its_metrics(broken_off: Report) -> None:
    assert after(broken_off, BEFORE) == read(BEFORE)["octo", "1"]


def test_webhook_that_is_no_longer_chosen_is_dropped() -> None:
    assert set(read(run_metrics(one(number=2), LATER, BEFORE))) == {("octo", "2")}


@given(st.text() | st.integers(0, len(BEFORE)).map(lambda cut: BEFORE[:cut]))
def test_any_text_may_have_been_there_before(before: str) -> None:
    assert after(FINE, before) == after(FINE)
    assert after(one(read=False, errors=["no"]), before)[metrics.LAST_RUN] == LATER


def test_repeated_writing_does_not_grow_the_text() -> None:
    text = BEFORE
    for _ in range(3):
        text = run_metrics(Report((), fault=Problem("no list")), LATER, text)
    assert text == BEFORE


def test_list_of_webhooks_has_metrics_of_each() -> None:
    told = read(webhook_metrics([webhook(), webhook(2, active=False, last_success=None, stats=NO_EVENTS)]))
    always = {
        "redeliver_webhook_deliveries": 40,
        "redeliver_webhook_failed_deliveries": 3,
        "redeliver_webhook_undelivered_events": 2,
        **states(metrics.WEBHOOK_HEALTH, Health.DEGRADED),
    }
    of_stats = {f"redeliver_webhook_{name}": value for name, value in OF_STATS.items()}
    successful = {"redeliver_webhook_last_success_timestamp_seconds": START / 1_000, "redeliver_webhook_active": 1}
    assert told["octo", "1"] == always | of_stats | successful
    no_events = {
        "redeliver_webhook_events": 0,
        "redeliver_webhook_near_timeout_events": 0,
        "redeliver_webhook_active": 0,
    }
    assert told["octo", "2"] == always | no_events
    of_app = read(webhook_metrics([webhook(None, owner="91011", active=None)]))
    assert "redeliver_webhook_active" not in of_app["91011", ""]


def test_every_metric_is_a_gauge_with_a_help_and_no_timestamp() -> None:
    # Of a series that is there twice, node_exporter would drop one.
    assert not set(RUN_METRICS) & set(WEBHOOK_METRICS)
    for text, ours in (
        (run_metrics(FINE, ENDED), RUN_METRICS),
        (webhook_metrics([webhook()]), WEBHOOK_METRICS),
    ):
        assert text.startswith(BEGINNING)
        families = list(text_string_to_metric_families(text))
        assert {family.name: family.documentation for family in families} == ours
        assert {family.type for family in families} == {"gauge"}
        # node_exporter takes no samples that have one.
        assert {sample.timestamp for family in families for sample in family.samples} == {None}


@given(st.lists(st.text(), max_size=5))
def test_any_type_of_event_is_one_label_value(types: list[str]) -> None:
    waiting = [replace(event, name=name) for event, name in zip(events(*[Outcome.PENDING] * 5), types, strict=False)]
    told = after(one(*waiting, stats=stats(dict.fromkeys(types, (2, 1)))))
    shown = {plain(name, 60) for name in types}
    for metric, number in ((metrics.TYPE_UNDELIVERED, len(types)), (metrics.TYPE_EVENTS, 2 * len({*types}))):
        assert {name for name in told if name.startswith(f"{metric}=")} == {f"{metric}={name}" for name in shown}
        assert sum(value for name, value in told.items() if name.startswith(f"{metric}=")) == number


def test_types_beyond_the_first_fifty_are_one() -> None:
    (waiting,) = events(Outcome.PENDING)
    types = {f"type-{number}": (2, 1) for number in range(60)}
    told = after(one(replace(waiting, name="zeta"), stats=stats(types)))
    assert len([name for name in told if name.startswith(metrics.TYPE_EVENTS)]) == 51
    assert (told[f"{metrics.TYPE_UNDELIVERED}=zeta"], told[f"{metrics.TYPE_FAILED}=other"]) == (1, 11)


@given(st.text(), st.text())
def test_any_owner_and_id_is_one_label_value(owner: str, hook_id: str) -> None:
    known = {"owner": owner, "hook_id": hook_id}
    before = run_metrics(one(**known), ENDED)
    for text in (before, run_metrics(one(**known), LATER, before)):
        assert set(read(text)) == {(plain(owner), plain(hook_id))}
