"""What runs came to, and how webhooks fare, as Prometheus reads it. Pure.

Needs the package of the extra ``metrics``, so import it only where metrics are asked for. Every series has its
webhook's owner and id as labels, and runs and lists have no metric in common: node_exporter reports nothing at all when
two of its files have the same series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from redeliver.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prometheus_client.metrics_core import Metric

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
DOWN = "redeliver_receiver_down"
CHECKPOINT = "redeliver_checkpoint_timestamp_seconds"
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
    GAP: "Length of the time that GitHub has forgotten and no run had checked, found by the last run.",
    DEADLINE: "When GitHub begins to forget what is still undelivered. Absent if nothing is.",
    DOWN: "1 if the last run that could read the delivery log found that the receiver is down, else 0.",
    CHECKPOINT: "The moment up to which everything is settled. Absent if no checkpoint is kept.",
}

WEBHOOK_DELIVERIES = "redeliver_webhook_deliveries"
WEBHOOK_FAILED = "redeliver_webhook_failed_deliveries"
WEBHOOK_LAST_SUCCESS = "redeliver_webhook_last_success_timestamp_seconds"
WEBHOOK_ACTIVE = "redeliver_webhook_active"
#: Of a webhook's log, as ``redeliver hooks`` reads it.
WEBHOOK_METRICS = {
    WEBHOOK_DELIVERIES: "Attempts within the lookback.",
    WEBHOOK_FAILED: "Attempts within the lookback that failed.",
    WEBHOOK_LAST_SUCCESS: "When the last successful attempt within the lookback was made. Absent if there is none.",
    WEBHOOK_ACTIVE: "1 if GitHub sends deliveries to the webhook, 0 if it is switched off. Absent if not known.",
}
#: How every text of ours begins.
BEGINNING = "# HELP redeliver_"

#: A webhook's owner and id.
_Key = tuple[str, str]
_Series = dict[str, float]


class Webhook(Protocol):
    """How one webhook's deliveries went within a window."""

    @property
    def hook_id(self) -> int | None:
        """None: an App's."""
        ...

    @property
    def active(self) -> bool | None:
        """Whether GitHub sends deliveries to it; None: not known."""
        ...

    @property
    def deliveries(self) -> int:
        """Attempts."""
        ...

    @property
    def failed(self) -> int:
        """Those of them that failed."""
        ...

    @property
    def last_success(self) -> int | None:
        """Epoch milliseconds; None: no attempt succeeded."""
        ...


def run_metrics(report: Report, ended: float, before: str = "") -> str:
    """Metrics of a run that ended then (epoch seconds).

    ``before``: the text of the run before it. What this run cannot know stays as it was there: when a run last
    succeeded, what is undelivered if the log could not be read, and all of a webhook that the run did not come to.
    """
    old = _read(before)
    series: dict[_Key, _Series] = {}
    for hook in report.hooks:
        key = plain(hook.owner), plain(hook.hook_id)
        known = old.get(key, {})
        if hook.read:
            known = {name: value for name, value in known.items() if name == LAST_SUCCESS}
        series[key] = known | _of_run(hook, ended)
    broke_off = report.fault or report.unreached or report.signal_number is not None
    return _text(RUN_METRICS, old | series if broke_off else series)


def webhook_metrics(owner: str, webhooks: Iterable[Webhook]) -> str:
    """Metrics of an owner's webhooks."""
    return _text(WEBHOOK_METRICS, {(plain(owner), str(one.hook_id or "")): _of_webhook(one) for one in webhooks})


def _of_run(hook: HookReport, ended: float) -> _Series:
    """What a run knows."""
    series = {
        LAST_RUN: ended,
        DURATION: hook.seconds,
        SCANNED: hook.scanned,
        REDELIVERED: hook.redelivered,
        RECOVERED: hook.recovered,
        LOST: hook.lost,
        GAP: (hook.gap[1] - hook.gap[0]) / 1000 if hook.gap else 0,
    }
    if hook.succeeded:
        series[LAST_SUCCESS] = ended
    if hook.read:
        series |= {UNDELIVERED: hook.undelivered, DOWN: hook.outage is not None}
    if hook.deadline is not None:
        series[DEADLINE] = hook.deadline / 1000
    if hook.checkpoint is not None:
        series[CHECKPOINT] = hook.checkpoint / 1000
    return series


def _of_webhook(webhook: Webhook) -> _Series:
    series: _Series = {WEBHOOK_DELIVERIES: webhook.deliveries, WEBHOOK_FAILED: webhook.failed}
    if webhook.last_success is not None:
        series[WEBHOOK_LAST_SUCCESS] = webhook.last_success / 1000
    if webhook.active is not None:
        series[WEBHOOK_ACTIVE] = webhook.active
    return series


def _read(text: str) -> dict[_Key, _Series]:
    """The series of a run's metrics. A text that is none, or a part of one, has none."""
    found: dict[_Key, _Series] = {}
    try:
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                if one.name in RUN_METRICS:
                    key = one.labels.get("owner", ""), one.labels.get("hook_id", "")
                    found.setdefault(key, {})[one.name] = one.value
    except (ValueError, LookupError):
        return {}
    return found


# -- the library's part -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Families:
    """What the library takes in place of its registry, which would hold the figures of a process that goes on."""

    families: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        return self.families


def _text(metrics: Mapping[str, str], series: Mapping[_Key, _Series]) -> str:
    families = []
    for name, meaning in metrics.items():
        family = GaugeMetricFamily(name, meaning, labels=("owner", "hook_id"))
        for key in sorted(series):
            if name in series[key]:
                family.add_metric(key, series[key][name])
        families.append(family)
    return generate_latest(_Families(families)).decode()
