"""The alert rules of examples/server fire on metrics that a run writes, and name labels that these have."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from promql_parser import AggregateExpr, Call, NumberLiteral, VectorSelector

from redeliver.core.health import Health
from redeliver.core.settings import RETENTION_CLOUD
from redeliver.output import metrics
from redeliver.output.metrics import RUN_METRICS

FILE = Path(__file__).parents[2] / "examples" / "server" / "redeliver.rules.yml"
(GROUP,) = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
RULES: dict[str, Any] = {rule["alert"]: rule for rule in GROUP["rules"]}


def parts(rule: str) -> list[promql_parser.Expr]:
    """The expression of a rule, and all that it consists of."""
    found: list[promql_parser.Expr] = []
    promql_parser.walk(promql_parser.parse(RULES[rule]["expr"]), found.append)
    return found


def named(rule: str) -> set[str]:
    return {part.name or "" for part in parts(rule) if isinstance(part, VectorSelector)}


def test_each_alert_rule_has_its_own_name() -> None:
    assert len(RULES) == len(GROUP["rules"]) > 5


@pytest.mark.parametrize("rule", RULES)
def test_alert_rule_uses_metrics_of_a_run(rule: str) -> None:
    assert named(rule)
    assert named(rule) <= set(RUN_METRICS)


def test_alert_rules_name_existing_states() -> None:
    states = {
        matcher.value
        for rule in RULES
        for part in parts(rule)
        if isinstance(part, VectorSelector)
        for matcher in part.matchers.matchers
        if matcher.name == metrics.HEALTH
    }
    assert states
    assert states <= set(Health)


def test_alert_rules_cover_these_metrics() -> None:
    assert set().union(*map(named, RULES)) >= {
        "redeliver_lost_events",
        "redeliver_gap_seconds",
        metrics.UNDELIVERED,
        metrics.DEADLINE,
        metrics.LAST_RUN,
        metrics.LAST_SUCCESS,
        metrics.CHECKPOINT,
        metrics.ACTIVE,
        metrics.EXPIRY,
        metrics.HEALTH,
    }


def test_old_checkpoint_fires_before_retention_ends() -> None:
    days, seconds = (part.val for part in parts("RedeliverCheckpointOld") if isinstance(part, NumberLiteral))
    assert days * seconds < RETENTION_CLOUD


@pytest.mark.parametrize("rule", RULES)
def test_alert_texts_name_existing_labels(rule: str) -> None:
    words = RULES[rule]["annotations"]
    assert set(words) == {"summary", "description"}
    labels = set(re.findall(r"\$labels\.(\w+)", str(words)))
    missing = any(isinstance(part, Call) and part.func.name == "absent" for part in parts(rule))
    by = {
        label
        for part in parts(rule)
        if isinstance(part, AggregateExpr) and part.modifier
        for label in part.modifier.labels
    }
    assert labels == (set() if missing else by or {"owner", "hook_id"})
    assert RULES[rule]["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no Prometheus here: the tests above read the rules")
@pytest.mark.parametrize("asked", [("check", FILE), ("test", Path(__file__).with_name("alert_rules.yml"))])
def test_prometheus_accepts_the_rules_and_they_fire(asked: tuple[str, Path]) -> None:
    what, file = asked
    checked = subprocess.run(["promtool", what, "rules", file], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
