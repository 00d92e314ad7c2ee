"""What only a real engine can show: how it reads paths, what its user may enter, and what it says itself."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from action.step import ROOT, step_command, step_environment
from docker.organization import ORG, VARIABLE, World, world
from docker.scene import REPOSITORY, TOKEN, scene
from runner import commands, outputs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder below root's home, which nobody else may enter: nor may the container's user enter the image's own."""
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
        yield Path(folder)


def run(folder: Path, inputs: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the step with the runner's files in a folder."""
    files = {name: folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    machine = {name: value for name, value in os.environ.items() if name not in {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}}
    step = {
        **machine,
        **{name: str(file) for name, file in files.items()},
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        **environment,
        **step_environment({"runtime": "docker"} | inputs),
    }
    with tempfile.TemporaryDirectory() as scripts:
        command = step_command(Path(scripts))
        return subprocess.run(command, check=False, capture_output=True, text=True, env=step, timeout=100)


def recovers_two(it: World, folder: Path) -> None:
    it.receiver.go_down()
    missed = it.happen(2)
    it.receiver.come_back()
    inputs = {"org": ORG, "hook_id": str(it.hook.id), "token": TOKEN, "variable_name": VARIABLE}
    done = run(folder, inputs | {"api_url": it.github.url})
    assert done.returncode == 0, done.stdout + done.stderr
    assert it.receiver.accepted() == dict.fromkeys(missed, 1)
    assert outputs(folder / "github_output")["recovered-count"] == "2"
    assert (folder / "github_step_summary").read_text()


@pytest.mark.parametrize("name", ["a,readonly", 'a "quote"', '","', "a: b=c", "a\\b$c'd", "Größe", "two\nlines"])
def test_the_runners_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with world() as it:
        recovers_two(it, tmp_path / name)


@pytest.mark.skipif(os.getuid() != 0, reason="any other runner has its own files in folders that it may enter")
def test_a_root_runner_may_keep_its_files_where_the_containers_user_cannot_enter(closed: Path) -> None:
    with world() as it:
        recovers_two(it, closed)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_so_may_a_companys_ca_be_where_nobody_else_can_read_it(closed: Path, tmp_path: Path, name: str) -> None:
    ca, certificate = closed / "company ca.pem", tmp_path / "server.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca))
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    ca.chmod(0o600)
    with scene("/api/v3", certificate) as it:
        hook = it.hook()
        missed = it.miss(hook)
        inputs = {"org": "your-organization", "hook_id": str(hook.id), "token": TOKEN, "api_url": it.url}
        done = run(closed, inputs | {"variable_repository": REPOSITORY}, **{name: str(ca)})
        assert done.returncode == 0, done.stdout + done.stderr
        assert it.receiver.accepted() == dict.fromkeys(missed, 1)


class Registry(BaseHTTPRequestHandler):
    """A registry that has no image, and says so in workflow commands."""

    def do_GET(self) -> None:
        said = "gone\n::error::forged\r::add-mask::e ##[error]forged"
        body = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": said}]} if self.path != "/v2/" else {}
        answer = json.dumps(body).encode()
        self.send_response(404 if body else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_what_a_registry_says_is_no_workflow_command(tmp_path: Path) -> None:
    with registry() as host:
        done = run(tmp_path, {"image": f"{host}/octo-org/mirror:v1"})
    assert done.returncode == 1
    assert done.stderr == ""
    assert "::error::forged" in done.stdout  # it was said, and shown
    assert [command.data for command in commands(done.stdout)] == [
        "The action's image could not be pulled; the lines above say why."
    ]
