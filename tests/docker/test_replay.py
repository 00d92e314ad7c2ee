"""A replay as a workflow runs it, in the action's own container: planned, then sent; and by an alert."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from docker.act import Act
from docker.scene import REPOSITORY, TOKEN, Scene, scene
from githubsim import Kind
from redeliver.errors import GuidsNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from docker.act import Run

GUID = "3b1f2a00-0000-11ee-8000-00000000dead"


@pytest.fixture
def act(tmp_path: Path, action: Path) -> Act:
    """A runner of the organization's own repository."""
    return Act(tmp_path, action, REPOSITORY)


def arrive(it: Scene, number: int = 3) -> list[str]:
    """Events that the receiver answered 200; their guids."""
    hook, guids = it.hook(), []
    for _ in range(number):
        guids.append(hook.emit(Kind("push")))
        assert it.wait_until_idle()
        time.sleep(0.005)  # the log knows no less than milliseconds
    time.sleep(1.1)  # GitHub's clock, by which the window ends, is told in whole seconds
    return guids


def carry_out(
    act: Act,
    it: Scene,
    name: str,
    *,
    event: str = "workflow_dispatch",
    inputs: Mapping[str, str] | None = None,
    payload: Mapping[str, object] | None = None,
) -> Run:
    with act.start(
        f"{name}.yml",
        event=event,
        inputs=inputs,
        payload=payload,
        secrets={"REDELIVER_TOKEN": TOKEN},
        variables={},
        environment={"GITHUB_API_URL": it.url},
    ) as run:
        run.wait()
    assert TOKEN not in run.log
    return run


def test_what_was_planned_is_what_is_sent_and_each_arrives_once_more(act: Act) -> None:
    with scene() as it:
        guids = arrive(it)
        run = carry_out(act, it, "replay", inputs={"from": "1h", "to": "", "guid": "", "events": ""})
        assert run.process.returncode == 0, run.log
        assert it.receiver.accepted() == dict.fromkeys(guids, 2), run.log
        assert "Plan: 3 events" in run.log
        assert "3 of 3 events" in run.log
        assert "Redeliver Action" not in run.summary.partition("##")[0]
        assert it.kept == set()
        assert it.judge.complaints == []
        assert it.sim.limits.violations == 0


def test_nothing_is_sent_where_nothing_was_planned(act: Act) -> None:
    with scene() as it:
        arrive(it, 1)
        run = carry_out(act, it, "replay", inputs={"from": "2h", "to": "1h", "guid": "", "events": ""})
        assert run.process.returncode == 0, run.log
        assert it.sim.accepted == []
        assert "Nothing to send" in run.log


def test_a_wrong_window_ends_with_the_sentence_and_asks_nothing(act: Act) -> None:
    with scene() as it:
        arrive(it, 1)
        run = carry_out(act, it, "replay", inputs={"from": "4d", "to": "", "guid": "", "events": ""})
        assert run.process.returncode == 1
        assert "from: " in run.log
        assert it.sim.journal.entries == []


def test_an_alert_has_an_event_sent_again_by_its_guid(act: Act) -> None:
    with scene() as it:
        first, second, third = arrive(it)
        told = {"guid": f"{third},{first}"}
        run = carry_out(act, it, "replay-by-guid", event="repository_dispatch", payload=told)
        assert run.process.returncode == 0, run.log
        assert it.receiver.accepted() == {first: 2, second: 1, third: 2}, run.log
        assert [one.guid for one in it.sim.accepted] == [first, third]
        assert it.judge.complaints == []


@pytest.mark.parametrize("guid", ["$(touch pwned)", f"{GUID}\n::error::pwned", ["a"], "", ",".join([GUID] * 2)])
def test_an_alert_that_names_anything_else_sends_nothing(act: Act, guid: object) -> None:
    with scene() as it:
        arrive(it, 1)
        run = carry_out(act, it, "replay-by-guid", event="repository_dispatch", payload={"guid": guid})
        assert run.process.returncode == 1
        assert it.sim.accepted == []
        known = guid == f"{GUID},{GUID}"
        assert bool(it.sim.journal.entries) == known
        assert (GuidsNotFound.sentence.partition("{")[0] if known else "guid") in run.log
