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
from promql_parser import Call, NumberLiteral, VectorSelector

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


def test_each_rule_has_a_name_of_its_own() -> None:
    assert len(RULES) == len(GROUP["rules"]) > 5


@pytest.mark.parametrize("rule", RULES)
def test_it_fires_on_metrics_that_a_run_writes(rule: str) -> None:
    assert named(rule)
    assert named(rule) <= set(RUN_METRICS)


def test_a_state_that_it_names_is_one_that_there_is() -> None:
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


def test_what_should_wake_somebody_up_does() -> None:
    assert set().union(*map(named, RULES)) >= {
        "redeliver_lost_events",
        "redeliver_gap_seconds",
        metrics.UNDELIVERED,
        metrics.DEADLINE,
        metrics.LAST_RUN,
        metrics.LAST_SUCCESS,
        metrics.CHECKPOINT,
        metrics.HEALTH,
    }


def test_the_checkpoint_is_too_old_before_github_has_forgotten_what_is_behind_it() -> None:
    days, seconds = (part.val for part in parts("RedeliverCheckpointOld") if isinstance(part, NumberLiteral))
    assert days * seconds < RETENTION_CLOUD


@pytest.mark.parametrize("rule", RULES)
def test_its_words_name_labels_that_the_metrics_have(rule: str) -> None:
    words = RULES[rule]["annotations"]
    assert set(words) == {"summary", "description"}
    labels = set(re.findall(r"\$labels\.(\w+)", str(words)))
    missing = any(isinstance(part, Call) and part.func.name == "absent" for part in parts(rule))
    assert labels == (set() if missing else {"owner", "hook_id"})
    assert RULES[rule]["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no Prometheus here: the tests above read the rules")
@pytest.mark.parametrize("asked", [("check", FILE), ("test", Path(__file__).with_name("alert_rules.yml"))])
def test_prometheus_takes_them_and_they_fire_when_they_should(asked: tuple[str, Path]) -> None:
    what, file = asked
    checked = subprocess.run(["promtool", what, "rules", file], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
