"""``--metrics-file`` and ``redeliver hooks --format prometheus``, as an operator of a server uses them."""

from __future__ import annotations

import os
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from command.program import REDELIVER, SOURCES, Said, Server, start
from exposition import read
from githubsim.clock import MINUTE
from githubsim.faults import Call, Fault
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.errors import MetricsNotWritten, MetricsPackageMissing, StateLocked
from redeliver.output import metrics
from redeliver.run.state_file import StateFile
from wording import says


@dataclass(frozen=True, slots=True)
class Watched:
    """A server whose runs write metrics."""

    here: Server
    path: Path

    def run(self, *more: str, code: int | None = None, **how: Any) -> Said:  # noqa: ANN401
        return self.here.run("--metrics-file", str(self.path), *more, code=code, **how)

    @property
    def told(self) -> dict[str, float]:
        """The metrics of the webhook, and there are none of others."""
        ((key, series),) = read(self.path.read_text(encoding="utf-8")).items()
        assert key == ("octo", str(self.here.hook.id))
        return series


@pytest.fixture
def watched(here: Server) -> Watched:
    folder = here.folder / "collector"
    folder.mkdir()
    return Watched(here, folder / "redeliver.prom")


# -- what is written ------------------------------------------------------------------------------------------------


def test_metrics_agree_with_the_report(watched: Watched) -> None:
    watched.here.live.fail()
    before = time.time()
    hook = watched.run("--format", "json", "--wait-for-results", "30s", code=0).json["hooks"][0]
    told = watched.told
    counts: dict[str, float] = {
        f"{metrics.HEALTH}={hook['health']['state']}": 1,
        "redeliver_scanned_attempts": hook["scanned"],
        "redeliver_redelivered_events": 1,
        "redeliver_recovered_events": hook["recovered"],
        metrics.UNDELIVERED: hook["undelivered"],
        "redeliver_lost_events": 0,
        metrics.CHECKPOINT: watched.here.kept[watched.here.key(watched.here.hook)] / 1_000,
    }
    assert {name: told[name] for name in counts} == counts
    assert before <= told[metrics.LAST_SUCCESS] == told[metrics.LAST_RUN] <= time.time()
    assert 0 < told["redeliver_last_run_duration_seconds"] < 60


def test_metrics_file_is_readable_and_the_only_one(watched: Watched) -> None:
    # As systemd's UMask=0077 has it.
    closed = (sys.executable, "-c", "import os, sys; os.umask(0o077); os.execv(sys.argv[1], sys.argv[1:])", *REDELIVER)
    given = {"REDELIVER_METRICS_FILE": str(watched.path)}
    said = start("run", *watched.here.flags(), given=given, program=closed)
    assert said.code == 0, said
    assert stat.S_IMODE(watched.here.state.stat().st_mode) == 0o600
    assert stat.S_IMODE(watched.path.stat().st_mode) == 0o644
    watched.run(code=0)
    assert stat.S_IMODE(watched.path.stat().st_mode) == 0o644
    assert list(watched.path.parent.iterdir()) == [watched.path]


def test_failed_run_keeps_the_time_of_the_last_success(watched: Watched) -> None:
    watched.here.live.fail()
    watched.run("--dry-run", code=0)
    assert not watched.path.exists()
    watched.run(code=0)
    good = watched.told
    watched.here.file("token").write_text("ghp_revoked")
    watched.run(code=1)
    bad = watched.told
    assert bad[metrics.LAST_RUN] > good[metrics.LAST_RUN] == bad[metrics.LAST_SUCCESS]
    assert {bad[name] == good[name] for name in (metrics.UNDELIVERED, metrics.CHECKPOINT)} == {True}
    assert bad["redeliver_redelivered_events"] == 0
    before = watched.path.read_text()
    watched.run(hook_id="all", code=1)  # what cannot even be listed stays in the file
    assert watched.path.read_text() == before
    assert watched.here.hooks("--format", "prometheus", code=1).out == ""


def test_run_without_the_lock_leaves_the_metrics(watched: Watched) -> None:
    with StateFile(watched.here.state, "any").locked(1_800):
        assert says(StateLocked, watched.run(code=0).err)
    assert not watched.path.exists()


# -- a file that cannot be used, besides those of test_state_file.py: nothing is asked ----------------------------


@pytest.mark.parametrize("path", ["", "/", "redeliver.txt", "redeliver.prom.new", "prom", "state.prom"])
def test_unusable_path_for_metrics_is_refused(here: Server, path: str) -> None:
    here.state = here.folder / "state.prom"
    said = here.run("--metrics-file", str(here.folder / path) if path.startswith(("prom", "state")) else path, code=2)
    why = "not be the same file as state-file" if path == "state.prom" else "end in .prom"
    assert said.err.startswith(f"error: metrics-file: must {why}")
    assert here.live.sim.journal.entries == []


def test_missing_metrics_library_is_named_before_any_request(here: Server, tmp_path: Path) -> None:
    missing = "raise ModuleNotFoundError('No module named prometheus_client', name=__name__)\n"
    (tmp_path / "prometheus_client.py").write_text(missing)
    without = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(SOURCES)])}
    said = start("run", *here.flags(), "--metrics-file", "/nowhere/redeliver.prom", given=without)
    assert said.err.startswith(f"error: {MetricsPackageMissing()}\n")
    assert (said.code, said.out, here.live.sim.journal.entries) == (2, "", [])
    assert start("run", *here.flags(), given=without).code == 0  # nothing else needs it


# -- a file that cannot be written in the end: the run's work is done ---------------------------------------------


@pytest.mark.parametrize(("fail_on", "code"), [("error", 1), ("never", 0)])
def test_metrics_that_cannot_be_written_are_an_error_after_the_work(watched: Watched, fail_on: str, code: int) -> None:
    guid = watched.here.live.fail()
    watched.here.live.sim.faults.add(Fault(Call(watched.path.parent.rmdir), path="*/attempts"))
    said = watched.run("--fail-on", fail_on, "--format", "json", code=code)
    assert said.json["redelivered"] == 1
    assert f"error: {MetricsNotWritten(path=watched.path, why='No such file or directory')}" in said.err.splitlines()
    assert watched.here.live.sent == [guid]
    assert watched.here.state.exists()


# -- the list of webhooks ---------------------------------------------------------------------------------------------


def test_webhooks_are_listed_as_metrics(here: Server) -> None:
    now = here.live.sim.clock()
    here.hook.add(now - 50 * MINUTE, UNAVAILABLE)
    last = here.hook.add(now - 40 * MINUTE, OK).delivered_at
    off = here.live.sim.org_hook("octo", active=False)
    out = here.hooks("--format", "prometheus", "--quiet", code=0, hook_id="all").out
    told = read(out)
    assert set(told) == {("octo", str(here.hook.id)), ("octo", str(off.id))}
    expected = {
        "redeliver_webhook_deliveries": 2,
        "redeliver_webhook_failed_deliveries": 1,
        "redeliver_webhook_last_success_timestamp_seconds": last / 1_000,
    }
    expected |= {"redeliver_webhook_active": 1, f"{metrics.WEBHOOK_HEALTH}=degraded": 1}
    assert expected.items() <= told["octo", str(here.hook.id)].items()
    assert (told["octo", str(off.id)]["redeliver_webhook_active"]) == 0
    assert out.endswith("\n")
    assert not out.endswith("\n\n")
