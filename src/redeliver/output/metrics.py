"""Results of runs and health of webhooks, in the format of Prometheus. Pure.

Needs the package of the extra ``metrics``, so import it only where metrics are asked for: without the package that
raises MetricsPackageMissing. Every series has its webhook's owner and id as labels, and some an event's type. Runs and
lists have no metric in common: of a series that is in two of its files, node_exporter reports one and drops the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.case import Outcome
from redeliver.core.deliveries import named_type
from redeliver.core.facts import FactKind
from redeliver.core.flow import MOST_TYPES
from redeliver.core.health import Health
from redeliver.errors import MetricsPackageMissing
from redeliver.text import plain

try:
    from prometheus_client.exposition import generate_latest
    from prometheus_client.metrics_core import GaugeMetricFamily, StateSetMetricFamily
    from prometheus_client.parser import text_string_to_metric_families
except ModuleNotFoundError as missing:
    raise MetricsPackageMissing from missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prometheus_client.metrics_core import Metric

    from redeliver.core.deliveries import DeliveryStats
    from redeliver.core.health import HookHealth
    from redeliver.core.report import HookReport, Report

LAST_RUN = "redeliver_last_run_timestamp_seconds"
LAST_SUCCESS = "redeliver_last_successful_run_timestamp_seconds"
UNDELIVERED = "redeliver_undelivered_events"
DEADLINE = "redeliver_deadline_timestamp_seconds"
CHECKPOINT = "redeliver_checkpoint_timestamp_seconds"
ACTIVE = "redeliver_active"
EXPIRY = "redeliver_token_end_timestamp_seconds"
HEALTH = "redeliver_health"
WEBHOOK_HEALTH = "redeliver_webhook_health"

#: The states by their numbers, which stand for them until they are written.
_STATES = [*Health]
_HEALTH = "State of the receiver: 1 for the state in the label, 0 for the others."
#: Metrics of first attempts; a prefix says whether a run or a listing reports them.
_STATS = {
    "events": "Events whose first attempt was read.",
    "first_try_ratio": "Share of events that were delivered on the first attempt. Absent if there are no events.",
    "p50_duration_seconds": "Median duration of first attempts that delivered their event. Absent if not known.",
    "p95_duration_seconds": "95th percentile of the durations of first attempts that delivered their event. "
    "Absent if not known.",
    "longest_duration_seconds": "Longest duration of a first attempt that delivered its event. Absent if not known.",
    "near_timeout_events": "Events whose first attempt delivered them shortly before GitHub's time-out.",
}
TYPE_UNDELIVERED = "redeliver_type_undelivered_events"
TYPE_EVENTS = "redeliver_type_events"
TYPE_FAILED = "redeliver_type_failed_events"
#: Of each type of event, which is the label ``event``: MOST_TYPES names, since strangers choose them, and OTHER.
TYPE_METRICS = {
    TYPE_UNDELIVERED: "Events of a type that were still undelivered after the last run that could read the delivery "
    "log.",
    TYPE_EVENTS: "Events of a type whose first attempt was read.",
    TYPE_FAILED: "Events of a type whose first attempt failed.",
}
#: Of the last run over a webhook.
RUN_METRICS = {
    LAST_RUN: "When the last run ended.",
    LAST_SUCCESS: "When the last run without an error, a loss or a stop ended.",
    "redeliver_last_run_duration_seconds": "How long the last run took.",
    "redeliver_scanned_attempts": "Attempts that the last run read from the delivery log.",
    "redeliver_redelivered_events": "Redeliveries that GitHub accepted from the last run.",
    "redeliver_recovered_events": "Events that were delivered during the last run.",
    UNDELIVERED: "Events that were still undelivered after the last run that could read the delivery log.",
    "redeliver_lost_events": "Events that the last run found lost: given up, or expired.",
    "redeliver_slowdowns": "How often the last run slowed down because the receiver was overloaded.",
    "redeliver_failing_type_events": "Events left to the next run, because the receiver fails on their type.",
    "redeliver_gap_seconds": "Length of the gap that the last run found: GitHub deleted its deliveries before any run "
    "had checked them.",
    DEADLINE: "When GitHub begins to delete what is still undelivered. Absent if nothing is.",
    CHECKPOINT: "The moment up to which everything is settled. Absent if no checkpoint is kept.",
    ACTIVE: "1 if GitHub sends deliveries to the webhook, 0 if it is switched off. Absent if not known.",
    EXPIRY: "When the first of the run's tokens that people have to renew expires. Absent if not known, or if there is "
    "none.",
    HEALTH: _HEALTH,
    **TYPE_METRICS,
} | {f"redeliver_{name}": meaning for name, meaning in _STATS.items()}
#: Of a webhook's log, as ``redeliver hooks`` reads it.
WEBHOOK_METRICS = {
    "redeliver_webhook_deliveries": "Attempts within the lookback.",
    "redeliver_webhook_failed_deliveries": "Attempts within the lookback that failed.",
    "redeliver_webhook_undelivered_events": "Events with a failed attempt within the lookback and no success.",
    "redeliver_webhook_last_success_timestamp_seconds": "When the last successful attempt within the lookback was "
    "made. Absent if there is none.",
    "redeliver_webhook_active": "1 if GitHub sends deliveries to the webhook, 0 if it is switched off. Absent if not "
    "known.",
    WEBHOOK_HEALTH: _HEALTH,
} | {f"redeliver_webhook_{name}": meaning for name, meaning in _STATS.items()}
#: How every text of ours begins.
BEGINNING = "# HELP redeliver_"

#: Values by the metrics' names, None for what is absent; those of a webhook by its owner and id, and of a type in it by
#: the type too.
_Values = dict[str, float | None]
_Series = dict[tuple[str, ...], _Values]


def run_metrics(report: Report, ended: float, before: str = "") -> str:
    """Metrics of a run that ended then (epoch seconds).

    ``before``: the text of the run before it. What this run cannot know stays as it was there: when a run last
    succeeded, what is undelivered if the log could not be read, and all of a webhook that the run did not come to.
    """
    old = _read(before)
    series: _Series = {}
    for hook in report.hooks:
        key = plain(hook.owner), plain(hook.hook_id)
        was_stopped = any(fact.kind is FactKind.STOPPED for fact in hook.endings)
        values: _Values = {
            LAST_RUN: ended,
            LAST_SUCCESS: ended if hook.read and not (hook.is_failing or was_stopped) else None,
            "redeliver_last_run_duration_seconds": hook.seconds,
            "redeliver_scanned_attempts": hook.scanned,
            "redeliver_redelivered_events": hook.redelivered,
            "redeliver_recovered_events": hook.recovered,
            UNDELIVERED: hook.undelivered if hook.read else None,
            "redeliver_lost_events": hook.lost,
            "redeliver_slowdowns": hook.sending.slowdowns if hook.sending else 0,
            "redeliver_failing_type_events": hook.count(Outcome.TYPE_FAILS),
            "redeliver_gap_seconds": (hook.gap[1] - hook.gap[0]) / 1000 if hook.gap else 0,
            DEADLINE: _seconds(hook.deadline),
            CHECKPOINT: _seconds(hook.checkpoint),
            ACTIVE: hook.active,
            EXPIRY: _seconds(report.token_ends_at),
            HEALTH: _STATES.index(hook.health),
        }
        for name in [LAST_SUCCESS] if hook.read else [LAST_SUCCESS, UNDELIVERED, DEADLINE, CHECKPOINT]:
            if values[name] is None:
                values[name] = old.get(key, {}).get(name)
        series[key] = values | _of_stats("redeliver_", hook.stats)
        if not hook.read:
            known = ((each, told.get(TYPE_UNDELIVERED)) for each, told in old.items() if each[:2] == key)
            series |= {each: {TYPE_UNDELIVERED: number} for each, number in known if each != key}
        for name, counts in _of_types(hook).items():
            series[*key, name] = series.get((*key, name), {}) | counts
    broke_off = report.fault or report.unreached or report.signal_number is not None
    kept = {key: values for key, values in old.items() if broke_off or key[0] in report.unlisted}
    return _text(RUN_METRICS, series | {key: values for key, values in kept.items() if key[:2] not in series})


def webhook_metrics(webhooks: Iterable[HookHealth]) -> str:
    """Metrics of webhooks."""
    series: _Series = {}
    for one in webhooks:
        series[plain(one.owner), str(one.hook_id or "")] = {
            "redeliver_webhook_deliveries": one.deliveries,
            "redeliver_webhook_failed_deliveries": one.failed,
            "redeliver_webhook_undelivered_events": one.undelivered,
            "redeliver_webhook_last_success_timestamp_seconds": _seconds(one.last_success),
            "redeliver_webhook_active": one.active,
            WEBHOOK_HEALTH: _STATES.index(one.health),
        } | _of_stats("redeliver_webhook_", one.stats)
    return _text(WEBHOOK_METRICS, series)


def _of_stats(prefix: str, stats: DeliveryStats | None) -> _Values:
    if stats is None:
        return {}
    durations = {"p50": stats.p50, "p95": stats.p95, "longest": stats.longest}
    return {
        f"{prefix}events": stats.events,
        f"{prefix}first_try_ratio": stats.delivered_first_try / stats.events if stats.events else None,
        **{f"{prefix}{name}_duration_seconds": _seconds(took) for name, took in durations.items()},
        f"{prefix}near_timeout_events": stats.near_timeout,
    }


def _of_types(hook: HookReport) -> dict[str, _Values]:
    """What is known of each type of event, those with undelivered events first."""
    counts: dict[str, Counter[str]] = {}

    def count(type_name: str, **numbers: int) -> None:
        name = named_type(plain(type_name, 60), counts, MOST_TYPES)
        counts.setdefault(name, Counter()).update(numbers)

    for event in hook.events:
        if event.outcome not in {Outcome.RECOVERED, Outcome.FILTERED_OUT}:
            count(event.name, undelivered=1)
    for one in hook.stats.by_event if hook.stats else ():
        count(one.event, events=one.events, failed=one.events - one.delivered_first_try)
    read = {TYPE_UNDELIVERED: "undelivered"} if hook.read else {}
    found = read | ({TYPE_EVENTS: "events", TYPE_FAILED: "failed"} if hook.stats else {})
    return {name: {metric: numbers[each] for metric, each in found.items()} for name, numbers in counts.items()}


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _read(text: str) -> _Series:
    """The series of a run's metrics. A text that is none, or a part of one, has none."""
    found: _Series = {}
    try:
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                key = tuple(one.labels.get(name, "") for name in _labels(one.name))
                if one.name == HEALTH and one.value:
                    found[key][HEALTH] = _STATES.index(Health(one.labels[HEALTH]))
                elif one.name in TYPE_METRICS:
                    found.setdefault(key, {})[one.name] = one.value
                elif one.name in RUN_METRICS and one.name != HEALTH:
                    found.setdefault(key, {HEALTH: _STATES.index(Health.UNKNOWN)})[one.name] = one.value
    except (ValueError, LookupError):
        return {}
    return found


def _labels(name: str) -> tuple[str, ...]:
    return ("owner", "hook_id", "event") if name in TYPE_METRICS else ("owner", "hook_id")


@dataclass(frozen=True, slots=True)
class _Families:
    """What the library takes in place of its registry, which would hold the figures of a process that goes on."""

    families: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.families


def _text(metrics: Mapping[str, str], series: _Series) -> str:
    families: list[Metric] = []
    for name, meaning in metrics.items():
        labels = _labels(name)
        values = ((key, series[key].get(name)) for key in sorted(series))
        known = {key: value for key, value in values if value is not None}
        if name in {HEALTH, WEBHOOK_HEALTH}:
            states = StateSetMetricFamily(name, meaning, labels=labels)
            for key, value in known.items():
                states.add_metric(key, {state: number == value for number, state in enumerate(_STATES)})
            families.append(states)
        else:
            gauge = GaugeMetricFamily(name, meaning, labels=labels)
            for key, value in known.items():
                gauge.add_metric(key, value)
            families.append(gauge)
    return generate_latest(_Families(families)).decode()
