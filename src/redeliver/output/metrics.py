"""Results of runs and health of webhooks, in the format of Prometheus. Pure.

Needs the package of the extra ``metrics``, so import it only where metrics are asked for. Every series has its
webhook's owner and id as labels, and runs and lists have no metric in common: of a series that is in two of its files,
node_exporter reports one and drops the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, StateSetMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from redeliver.core.facts import FactKind
from redeliver.core.health import Health
from redeliver.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prometheus_client.metrics_core import Metric

    from redeliver.core.deliveries import DeliveryStats
    from redeliver.core.health import HookHealth
    from redeliver.core.report import HookReport, Report

LAST_RUN = "redeliver_last_run_timestamp_seconds"
LAST_SUCCESS = "redeliver_last_successful_run_timestamp_seconds"
DURATION = "redeliver_last_run_duration_seconds"
SCANNED = "redeliver_scanned_attempts"
REDELIVERED = "redeliver_redelivered_events"
RECOVERED = "redeliver_recovered_events"
UNDELIVERED = "redeliver_undelivered_events"
LOST = "redeliver_lost_events"
GAP = "redeliver_gap_seconds"
DEADLINE = "redeliver_deadline_timestamp_seconds"
CHECKPOINT = "redeliver_checkpoint_timestamp_seconds"
HEALTH = "redeliver_health"

WEBHOOK = "redeliver_webhook_"
WEBHOOK_DELIVERIES = "redeliver_webhook_deliveries"
WEBHOOK_FAILED = "redeliver_webhook_failed_deliveries"
WEBHOOK_UNDELIVERED = "redeliver_webhook_undelivered_events"
WEBHOOK_LAST_SUCCESS = "redeliver_webhook_last_success_timestamp_seconds"
WEBHOOK_ACTIVE = "redeliver_webhook_active"
WEBHOOK_HEALTH = "redeliver_webhook_health"

_HEALTH = "State of the receiver: 1 for the state in the label, 0 for the others."
#: Metrics of first attempts; a prefix says whether a run or a listing reports them.
_STATS = {
    "events": "Events whose first attempt was read.",
    "first_try_ratio": "Share of these events that their first attempt delivered. Absent if there are no events.",
    "p50_duration_seconds": "Median of what their first attempts took. Absent if not known.",
    "p95_duration_seconds": "The duration that 95 % of their first attempts did not exceed. Absent if not known.",
    "longest_duration_seconds": "The longest that one of their first attempts took. Absent if not known.",
    "near_timeout_events": "Those of them that were delivered shortly before GitHub's time-out.",
}
#: Of the last run over a webhook.
RUN_METRICS = {
    LAST_RUN: "When the last run ended.",
    LAST_SUCCESS: "When the last run ended that had no error, lost nothing and was not stopped.",
    DURATION: "How long the last run took.",
    SCANNED: "Attempts that the last run read from the delivery log.",
    REDELIVERED: "Redeliveries that GitHub accepted from the last run.",
    RECOVERED: "Events that were delivered in the course of the last run.",
    UNDELIVERED: "Events that were still undelivered after the last run that could read the delivery log.",
    LOST: "Events that the last run found lost: given up, or expired.",
    GAP: "Length of the time whose deliveries GitHub deleted before any run had checked them, found by the last run.",
    DEADLINE: "When GitHub begins to delete what is still undelivered. Absent if nothing is.",
    CHECKPOINT: "The moment up to which everything is settled. Absent if no checkpoint is kept.",
    HEALTH: _HEALTH,
} | {f"redeliver_{name}": meaning for name, meaning in _STATS.items()}
#: Of a webhook's log, as ``redeliver hooks`` reads it.
WEBHOOK_METRICS = {
    WEBHOOK_DELIVERIES: "Attempts within the lookback.",
    WEBHOOK_FAILED: "Attempts within the lookback that failed.",
    WEBHOOK_UNDELIVERED: "Events with a failed attempt within the lookback and no success.",
    WEBHOOK_LAST_SUCCESS: "When the last successful attempt within the lookback was made. Absent if there is none.",
    WEBHOOK_ACTIVE: "1 if GitHub sends deliveries to the webhook, 0 if it is switched off. Absent if not known.",
    WEBHOOK_HEALTH: _HEALTH,
} | {f"{WEBHOOK}{name}": meaning for name, meaning in _STATS.items()}
#: What stays as it was when a run cannot read the log.
_KEPT = {UNDELIVERED, DEADLINE, CHECKPOINT}
#: How every text of ours begins.
BEGINNING = "# HELP redeliver_"

#: A webhook's owner and id.
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Series:
    """The metrics of one webhook."""

    values: Mapping[str, float]
    """By the metric's name."""
    health: Health


def run_metrics(report: Report, ended: float, before: str = "") -> str:
    """Metrics of a run that ended then (epoch seconds).

    ``before``: the text of the run before it. What this run cannot know stays as it was there: when a run last
    succeeded, what is undelivered if the log could not be read, and all of a webhook that the run did not come to.
    """
    old = _read(before)
    series: dict[_Key, _Series] = {}
    for hook in report.hooks:
        key = plain(hook.owner), plain(hook.hook_id)
        known = old[key].values if key in old else {}
        stays = {LAST_SUCCESS} if hook.read else {LAST_SUCCESS, *_KEPT}
        kept = {name: value for name, value in known.items() if name in stays}
        series[key] = _Series(kept | _of_run(hook, ended), hook.health)
    broke_off = report.fault or report.unreached or report.signal_number is not None
    return _text(RUN_METRICS, HEALTH, old | series if broke_off else series)


def webhook_metrics(owner: str, webhooks: Iterable[HookHealth]) -> str:
    """Metrics of an owner's webhooks."""
    series = {(plain(owner), str(one.hook_id or "")): _Series(_of_webhook(one), one.health) for one in webhooks}
    return _text(WEBHOOK_METRICS, WEBHOOK_HEALTH, series)


def _of_run(hook: HookReport, ended: float) -> dict[str, float]:
    """What a run knows."""
    values = {
        LAST_RUN: ended,
        DURATION: hook.seconds,
        SCANNED: hook.scanned,
        REDELIVERED: hook.redelivered,
        RECOVERED: hook.recovered,
        LOST: hook.lost,
        GAP: (hook.gap[1] - hook.gap[0]) / 1000 if hook.gap else 0,
    }
    if hook.read and not hook.is_failing and not any(fact.kind is FactKind.STOPPED for fact in hook.endings):
        values[LAST_SUCCESS] = ended
    if hook.read:
        values[UNDELIVERED] = hook.undelivered
    if hook.deadline is not None:
        values[DEADLINE] = hook.deadline / 1000
    if hook.checkpoint is not None:
        values[CHECKPOINT] = hook.checkpoint / 1000
    return values | (_of_stats("redeliver_", hook.stats) if hook.stats else {})


def _of_webhook(webhook: HookHealth) -> dict[str, float]:
    values: dict[str, float] = {
        WEBHOOK_DELIVERIES: webhook.deliveries,
        WEBHOOK_FAILED: webhook.failed,
        WEBHOOK_UNDELIVERED: webhook.undelivered,
    }
    if webhook.last_success is not None:
        values[WEBHOOK_LAST_SUCCESS] = webhook.last_success / 1000
    if webhook.active is not None:
        values[WEBHOOK_ACTIVE] = webhook.active
    return values | _of_stats(WEBHOOK, webhook.stats)


def _of_stats(prefix: str, stats: DeliveryStats) -> dict[str, float]:
    durations = {"p50": stats.p50, "p95": stats.p95, "longest": stats.longest}
    values: dict[str, float] = {"events": stats.events, "near_timeout_events": stats.near_timeout}
    values |= {f"{name}_duration_seconds": took / 1000 for name, took in durations.items() if took is not None}
    if stats.events:
        values["first_try_ratio"] = stats.delivered_first_try / stats.events
    return {f"{prefix}{name}": value for name, value in values.items()}


def _read(text: str) -> dict[_Key, _Series]:
    """The series of a run's metrics. A text that is none, or a part of one, has none."""
    values: dict[_Key, dict[str, float]] = {}
    states: dict[_Key, Health] = {}
    try:
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                key = one.labels.get("owner", ""), one.labels.get("hook_id", "")
                if one.name == HEALTH and one.value:
                    states[key] = Health(one.labels[HEALTH])
                elif one.name in RUN_METRICS and one.name != HEALTH:
                    values.setdefault(key, {})[one.name] = one.value
    except (ValueError, LookupError):
        return {}
    return {key: _Series(values[key], states.get(key, Health.UNKNOWN)) for key in values}


# -- the library's part -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Families:
    """What the library takes in place of its registry, which would hold the figures of a process that goes on."""

    families: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.families


def _text(metrics: Mapping[str, str], health: str, series: Mapping[_Key, _Series]) -> str:
    labels = ("owner", "hook_id")
    families: list[Metric] = []
    for name, meaning in metrics.items():
        if name == health:
            states = StateSetMetricFamily(name, meaning, labels=labels)
            for key in sorted(series):
                states.add_metric(key, {state: state is series[key].health for state in Health})
            families.append(states)
        else:
            gauge = GaugeMetricFamily(name, meaning, labels=labels)
            for key in sorted(series):
                if name in series[key].values:
                    gauge.add_metric(key, series[key].values[name])
            families.append(gauge)
    return generate_latest(_Families(families)).decode()
