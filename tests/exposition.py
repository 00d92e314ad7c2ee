"""Metrics, read as Prometheus reads them: with the library's own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def read(text: str) -> dict[tuple[str, str], dict[str, float]]:
    """Every series, by its webhook's owner and id and then by name. No series is there twice.

    One of a set of states, or of a type of event, has that after its name: ``redeliver_health=down``.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert set(sample.labels) <= {"owner", "hook_id", "event", sample.name}
            series = found.setdefault((sample.labels["owner"], sample.labels["hook_id"]), {})
            more = sample.labels.get(sample.name, sample.labels.get("event"))
            name = sample.name if more is None else f"{sample.name}={more}"
            assert name not in series
            series[name] = sample.value
    return found
