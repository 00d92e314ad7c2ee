"""A run's result for somebody at a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from githubsim.clock import HOUR, START
from redeliver.core.case import Outcome
from redeliver.core.health import HookHealth
from redeliver.core.report import Report
from redeliver.core.settings import parse
from redeliver.entry.terminal import SHOWN_EVENTS, show_hooks, show_report
from redeliver.output.headline import headline
from reports import events, hook, hooks, one, stats

WORSE_AND_BETTER = events(Outcome.RECOVERED, Outcome.FAILED_AGAIN)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def shown(report: Report, capsys: pytest.CaptureFixture[str]) -> list[str]:
    show_report(report)
    return capsys.readouterr().out.splitlines()


def test_events_that_failed_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [line for line in shown(one(*WORSE_AND_BETTER), capsys) if "push" in line]
    assert ["failed again" in rows[0], "recovered" in rows[1]] == [True, True]


def test_events_of_several_webhooks_name_their_webhook(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report((*hooks(2), hook(*WORSE_AND_BETTER, number=4711)))
    assert sum(line.split().count("4711") for line in shown(report, capsys)) == 2


@pytest.mark.slow
def test_thousands_of_events_fit_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    report = one(*events(*[Outcome.PENDING] * (SHOWN_EVENTS + 1_031)))
    lines = shown(report, capsys)
    assert len(lines) < SHOWN_EVENTS + 10
    assert any("1,031" in line for line in lines)
    assert f"{headline(report)} Safe until " in " ".join(lines)


def test_without_failed_events_there_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    health, end = shown(one(), capsys)
    assert health.startswith("Receiver health")
    assert end == f"🟢 {headline(one())}"


def test_dry_run_with_events_to_send_ends_with_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    found = Report((hook(*events(Outcome.DRY_RUN)),), dry_run=True)
    lines = shown(found, capsys)
    assert f"🟡 {headline(found)}" in lines
    assert "--dry-run" in lines[-1]
    assert "--dry-run" not in shown(Report((hook(),), dry_run=True), capsys)[-1]


# -- at 80 columns ------------------------------------------------------------------------------------------------


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COLUMNS": "80", "FORCE_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("several", [False, True])
def test_no_line_of_events_is_wider_and_no_guid_is_broken(capsys: pytest.CaptureFixture[str], *, several: bool) -> None:
    guid = "d3fbf47a-7e5b-11f1-9ca5-499d004ae545"
    (event,) = events(Outcome.ENDPOINT_DOWN)
    event = replace(event, guid=guid, name="pull_request_review_comment.created_and_more", cause="no connection")
    lines = shown(Report((hook(event, number=512345601), *hooks(several))), capsys)
    assert max(map(len, lines)) <= 80
    assert any(guid in line for line in lines)
    assert any("no connection" in line for line in lines)


@pytest.mark.usefixtures("narrow")
def test_worst_webhook_comes_first_and_those_that_are_well_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    def survey(number: int, undelivered: int = 0, failing: int = 0, *, active: bool = True) -> HookHealth:
        host, counts = f"svc-{number}.webhooks.internal.acme.example", {"deliveries": 9, "failed": undelivered}
        more = {"undelivered": undelivered, "failing": failing, "stats": stats({"push": (9, 9)})}
        return HookHealth(number, "acme", host, active, **counts, last_success=START - HOUR, **more)  # type: ignore[arg-type]

    listed = [survey(1), survey(2, 1, 1), survey(3, active=False), survey(4, 5, 5), survey(5), survey(6, 7, 1)]
    show_hooks(listed, parse({"org": "acme", "hook-id": "all"}, ()), "acme", START)
    title, _, *rows = capsys.readouterr().out.splitlines()
    assert title.startswith("6 webhooks of acme")
    assert [row.split()[:2] for row in rows[:4]] == [["🔴", "4"], ["🟡", "6"], ["🟡", "2"], ["⚫", "3"]]
    assert [row.partition("(")[0].strip() for row in rows[4:]] == [
        "🟢 2 more well: 1, 5",
        "Next: redeliver run --org acme --hook-id 4 --dry-run",
    ]
    assert max(map(cell_len, rows)) <= 80
