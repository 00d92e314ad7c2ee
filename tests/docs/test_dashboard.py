"""The dashboard of examples/server asks for metrics that a run writes, by labels that these have."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from promql_parser import VectorSelector

from redeliver.core.health import Health
from redeliver.output import metrics

BOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "examples" / "server" / "grafana.json").read_text(encoding="utf-8")
)
TARGETS = [(panel["title"], target) for panel in BOARD["panels"] for target in panel["targets"]]
LABELS = {"owner", "hook_id"}


def selectors(query: str) -> list[VectorSelector]:
    parts: list[promql_parser.Expr] = []
    promql_parser.walk(promql_parser.parse(query), parts.append)
    return [part for part in parts if isinstance(part, VectorSelector)]


@pytest.mark.parametrize(
    ("title", "target"), TARGETS, ids=[f"{place} {title}" for place, (title, _) in enumerate(TARGETS)]
)
def test_panel_asks_for_metrics_of_a_run(title: str, target: dict[str, str]) -> None:  # noqa: ARG001  it names the test
    assert selectors(target["expr"])
    for selector in selectors(target["expr"]):
        assert selector.name in metrics.RUN_METRICS
        chosen = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
        assert {name: chosen.pop(name, "") for name in LABELS} == {name: f"${name}" for name in LABELS}
        assert set(chosen) <= {metrics.HEALTH}
    assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= {*LABELS, "event"}


def test_dashboard_shows_what_people_look_for() -> None:
    asked = [selector for _, target in TARGETS for selector in selectors(target["expr"])]
    assert {selector.name for selector in asked} >= {
        metrics.UNDELIVERED,
        "redeliver_lost_events",
        metrics.DEADLINE,
        "redeliver_first_try_ratio",
        "redeliver_p95_duration_seconds",
        metrics.EXPIRY,
        metrics.TYPE_UNDELIVERED,
        metrics.TYPE_FAILED,
    }
    states = [one.value for selector in asked for one in selector.matchers.matchers if one.name == metrics.HEALTH]
    (mapping,) = next(panel for panel in BOARD["panels"] if panel["type"] == "state-timeline")["fieldConfig"][
        "defaults"
    ]["mappings"]
    assert [mapping["options"][str(place)]["text"] for place in range(len(states))] == states
    assert sorted(states) == sorted(Health)


def test_choices_of_the_dashboard_exist() -> None:
    source, *choices = BOARD["templating"]["list"]
    assert {choice["name"] for choice in choices} == LABELS
    for choice in choices:
        query, label = re.fullmatch(r"label_values\((.*), (\w+)\)", choice["definition"]).groups()  # type: ignore[union-attr]
        assert [selector.name in metrics.RUN_METRICS for selector in selectors(query)] == [True]
        assert (label, choice["query"]["query"]) == (choice["name"], choice["definition"])
    assert {panel["datasource"]["uid"] for panel in BOARD["panels"]} == {f"${{{source['name']}}}"}


def test_panels_have_their_own_place() -> None:
    squares = []
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24  # the width of Grafana's grid
        squares.append({(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])})
    assert not any(one & other for one, other in combinations(squares, 2))
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(squares)
