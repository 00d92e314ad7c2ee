"""What only a real engine can show: how it reads paths, what its user may enter, and how it hands on a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme

from action.step import ROOT, step_command, step_environment
from docker.scene import HOOK_ID, ORG, REPOSITORY, TOKEN, Scene, scene
from docker.watch import running_containers
from docker.web import Handler, serving
from githubsim.clock import HOUR
from runner import commands, outputs


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder below root's home, which nobody else may enter: nor may the container's user enter the image's own."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
        yield Path(folder)


def started(folder: Path, **inputs: str) -> subprocess.Popen[str]:
    """The step, as the runner starts it, with the runner's files in a folder."""
    files = {name: folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    given = {name: inputs.pop(name) for name in [*inputs] if name.isupper()}
    usual = {"runtime": "docker", "org": ORG, "hook_id": str(HOOK_ID), "token": TOKEN}
    usual |= {"variable_name": "LAST_REDELIVERY", "variable_repository": REPOSITORY}
    machine = {name: value for name, value in os.environ.items() if name not in {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}}
    return subprocess.Popen(
        step_command(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **machine,
            **{name: str(file) for name, file in files.items()},
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            **given,
            **step_environment(usual | inputs),
        },
    )


def recovers_two(it: Scene, folder: Path, **inputs: str) -> None:
    missed = it.miss(it.hook())
    step = started(folder, api_url=it.url, **inputs)
    log, _ = step.communicate(timeout=100)
    assert step.returncode == 0, log
    assert it.receiver.accepted() == dict.fromkeys(missed, 1)
    assert outputs(folder / "github_output")["recovered-count"] == "2"
    assert (folder / "github_step_summary").read_text()


@pytest.mark.parametrize("name", ["a,readonly", 'a "quote"', '","', "a: b=c", "a\\b$c'd", "Größe", "two\nlines"])
def test_runners_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with scene() as it:
        recovers_two(it, tmp_path / name)


@pytest.mark.skipif(os.getuid() != 0, reason="any other runner has its own files in folders that it may enter")
def test_root_runners_files_may_be_out_of_the_containers_reach(closed: Path) -> None:
    with scene() as it:
        recovers_two(it, closed)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_ca_that_only_root_can_read_is_used(closed: Path, tmp_path: Path, name: str) -> None:
    ca, certificate = closed / "company ca.pem", tmp_path / "server.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca))
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    ca.chmod(0o600)
    with scene("/api/v3", certificate) as it:
        recovers_two(it, closed, **{name: str(ca)})


def test_cancelled_run_ends_before_it_is_killed(tmp_path: Path) -> None:
    """As the runner cancels: SIGINT to the step's process and to nothing else, and SIGTERM 7.5 seconds later."""
    with scene() as it:
        it.sim.behaviour.redelivery_ms = HOUR  # no outcome ever shows, so the run waits for one
        hook = it.hook()
        (first, *_) = it.miss(hook, 3)
        with started(tmp_path, api_url=it.url) as step:
            while len(it.sim.accepted) < 3:
                assert step.poll() is None, "it ended before it could be cancelled"
                time.sleep(0.05)
            assert running_containers(tmp_path)
            step.send_signal(signal.SIGINT)
            assert step.wait(7.5) == 128 + signal.SIGINT
        kept = it.sim.variables(REPOSITORY)["LAST_REDELIVERY"]
        (attempt,) = hook.log.attempts_of(first)
    assert running_containers(tmp_path) == []
    assert int(kept) < attempt.delivered_at  # the next run will see all three again
    assert "redelivered-count" in outputs(tmp_path / "github_output")
    assert (tmp_path / "github_step_summary").read_text()


class NoImage(Handler, BaseHTTPRequestHandler):
    """A registry that has no image, and says so in workflow commands."""

    def do_GET(self) -> None:
        said = "gone\n::error::forged\r::add-mask::e ##[error]forged"
        if self.path == "/v2/":
            self.answer(200, {})
        else:
            self.answer(404, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": said}]})

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for


def test_words_of_a_registry_are_no_workflow_command(tmp_path: Path) -> None:
    with serving(NoImage) as host:
        step = started(tmp_path, image=f"{host}/octo-org/mirror:v1")
        log, _ = step.communicate(timeout=100)
    assert step.returncode == 1
    assert "::error::forged" in log  # it was said, and shown
    assert [command.data for command in commands(log)] == [
        "The action's image could not be pulled; the lines above say why."
    ]
