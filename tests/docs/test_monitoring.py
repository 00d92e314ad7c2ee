"""The alert rules and the dashboard of examples/server ask for what a run writes, by labels that it has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from promql_parser import AggregateExpr, Call, NumberLiteral, VectorSelector

from redeliver.core.health import Health
from redeliver.core.settings import RETENTION_CLOUD
from redeliver.output import metrics

FOLDER = Path(__file__).parents[2] / "examples" / "server"
FILE = FOLDER / "redeliver.rules.yml"
(GROUP,) = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
RULES: dict[str, Any] = {rule["alert"]: rule for rule in GROUP["rules"]}
BOARD: dict[str, Any] = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
TARGETS = [target for panel in BOARD["panels"] for target in panel["targets"]]
QUERIES = {name: rule["expr"] for name, rule in RULES.items()}
QUERIES |= {f"{place} of the dashboard": target["expr"] for place, target in enumerate(TARGETS)}
LABELS = {"owner", "hook_id"}


def parts(query: str) -> list[promql_parser.Expr]:
    """An expression, and all that it consists of."""
    found: list[promql_parser.Expr] = []
    promql_parser.walk(promql_parser.parse(query), found.append)
    return found


def selectors(query: str) -> list[VectorSelector]:
    return [part for part in parts(query) if isinstance(part, VectorSelector)]


def states(queries: list[str]) -> list[str]:
    """The states of health that they name, in order."""
    every = [matcher for query in queries for one in selectors(query) for matcher in one.matchers.matchers]
    return [matcher.value for matcher in every if matcher.name == metrics.HEALTH]


@pytest.mark.parametrize("query", QUERIES)
def test_query_uses_metrics_of_a_run(query: str) -> None:
    assert selectors(QUERIES[query])
    assert {selector.name for selector in selectors(QUERIES[query])} <= set(metrics.RUN_METRICS)


# -- alert rules --------------------------------------------------------------------------------------------------


def test_alert_rules_have_names_and_name_existing_states() -> None:
    assert len(RULES) == len(GROUP["rules"]) > 5
    assert set() < set(states([rule["expr"] for rule in RULES.values()])) <= set(Health)


def test_old_checkpoint_fires_before_retention_ends() -> None:
    query = RULES["RedeliverCheckpointOld"]["expr"]
    days, seconds = (part.val for part in parts(query) if isinstance(part, NumberLiteral))
    assert days * seconds * 1_000 < RETENTION_CLOUD


@pytest.mark.parametrize("rule", RULES)
def test_alert_texts_name_existing_labels(rule: str) -> None:
    words, found = RULES[rule]["annotations"], parts(RULES[rule]["expr"])
    assert set(words) == {"summary", "description"}
    missing = any(isinstance(part, Call) and part.func.name == "absent" for part in found)
    sums = [part.modifier for part in found if isinstance(part, AggregateExpr) and part.modifier]
    by = {label for modifier in sums for label in modifier.labels}
    assert set(re.findall(r"\$labels\.(\w+)", str(words))) == (set() if missing else by or LABELS)
    assert RULES[rule]["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no Prometheus here: the tests above read the rules")
@pytest.mark.parametrize("asked", [("check", FILE), ("test", Path(__file__).with_name("alert_rules.yml"))])
def test_prometheus_accepts_the_rules_and_they_fire(asked: tuple[str, Path]) -> None:
    what, file = asked
    checked = subprocess.run(["promtool", what, "rules", file], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


# -- the dashboard ------------------------------------------------------------------------------------------------


def test_panels_ask_for_the_chosen_webhooks() -> None:
    for target in TARGETS:
        for selector in selectors(target["expr"]):
            chosen = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
            assert {name: chosen.pop(name, "") for name in LABELS} == {name: f"${name}" for name in LABELS}
            assert set(chosen) <= {metrics.HEALTH}
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= {*LABELS, "event"}


def test_states_have_their_names_on_the_dashboard() -> None:
    shown = states([target["expr"] for target in TARGETS])
    timeline = next(panel for panel in BOARD["panels"] if panel["type"] == "state-timeline")
    (mapping,) = timeline["fieldConfig"]["defaults"]["mappings"]
    assert [mapping["options"][str(place)]["text"] for place in range(len(shown))] == shown
    assert sorted(shown) == sorted(Health)


def test_choices_of_the_dashboard_exist() -> None:
    source, *choices = BOARD["templating"]["list"]
    assert {choice["name"] for choice in choices} == LABELS
    for choice in choices:
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", choice["definition"])
        assert found
        assert [selector.name in metrics.RUN_METRICS for selector in selectors(found[1])] == [True]
        assert (found[2], choice["query"]["query"]) == (choice["name"], choice["definition"])
    assert {panel["datasource"]["uid"] for panel in BOARD["panels"]} == {f"${{{source['name']}}}"}


def test_panels_have_their_own_place() -> None:
    squares = []
    for at in (panel["gridPos"] for panel in BOARD["panels"]):
        assert at["x"] + at["w"] <= 24  # the width of Grafana's grid
        squares.append({(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])})
    assert not any(one & other for one, other in combinations(squares, 2))
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(squares)
