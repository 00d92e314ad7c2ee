"""A run's result for somebody at a terminal."""

from __future__ import annotations

import pytest

from redeliver.core.case import Outcome
from redeliver.core.report import Report
from redeliver.entry.terminal import SHOWN_EVENTS, show_report
from redeliver.output.headline import headline
from reports import events, hook, hooks, one

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
    assert [line.split()[0] for line in shown(report, capsys) if "push" in line] == ["4711", "4711"]


@pytest.mark.slow
def test_thousands_of_events_fit_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    report = one(*events(*[Outcome.PENDING] * (SHOWN_EVENTS + 2_431)))
    lines = shown(report, capsys)
    assert len(lines) < SHOWN_EVENTS + 10
    assert any("2,431" in line for line in lines)
    assert " ".join(lines).endswith(headline(report))


def test_without_failed_events_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(one(), capsys) == [headline(one())]


def test_dry_run_with_events_to_send_ends_with_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    found = Report((hook(*events(Outcome.DRY_RUN)),), dry_run=True)
    assert shown(found, capsys)[-1].startswith(headline(found))
    assert "--dry-run" in shown(found, capsys)[-1]
    assert "--dry-run" not in shown(Report((hook(),), dry_run=True), capsys)[-1]
