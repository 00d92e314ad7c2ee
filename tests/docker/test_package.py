"""The package's way to the index, by the release workflow's own commands, with the packages of its own lock.

A stand-in signs, since a signature takes GitHub's identity and Sigstore. What uploads is the real uv.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from docker.act import ROOT, build_wheel
from docker.index import MINTED, Index, serve
from redeliver import __version__

UPLOAD = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]["upload"]
WHEEL = f"redeliver_action-{__version__}-py3-none-any.whl"
ATTESTATION = {"version": 1, "verification_material": {}, "envelope": {"statement": "e30=", "signature": "e30="}}

pytestmark = pytest.mark.timeout(270)  # packages are installed


def script(name: str) -> str:
    (found,) = [step["run"] for step in UPLOAD["steps"] if step.get("name") == name]
    return str(found)


@dataclass
class Job:
    """The job that uploads, after the wheel was downloaded."""

    folder: Path
    index: Index
    certificate: Path

    def step(
        self, name: str, programs: Path | None = None, *, permitted: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Carry one out. ``permitted``: with ``id-token: write``."""
        path_file = self.folder / "path"
        path_file.touch()
        found = (programs, *path_file.read_text().split(), Path(sys.executable).parent, os.environ["PATH"])
        kept = {one: value for one, value in os.environ.items() if one.startswith(("PIP_", "HOME", "SSL_CERT_FILE"))}
        environment = {
            "PATH": os.pathsep.join(str(one) for one in found if one),
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_PATH": str(path_file),
        }
        if "uv publish" in script(name):
            environment |= {"UV_PUBLISH_URL": f"{self.index.url}/legacy/", "SSL_CERT_FILE": str(self.certificate)}
        if permitted:
            environment |= self.index.identity
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(name)],
            cwd=self.folder,
            env=kept | environment,
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, action: Path, wheel: Path) -> Iterator[Job]:
    folder = tmp_path_factory.mktemp("upload")
    (folder / "requirements").symlink_to(action / "requirements")
    (folder / "dist").mkdir()
    shutil.copy(wheel, folder / "dist")
    with serve(folder) as (index, certificate):
        one = Job(folder, index, certificate)
        installed = one.step("Install what publishes")
        assert installed.returncode == 0, installed.stdout + installed.stderr
        yield one


@pytest.fixture
def signing(job: Job, tmp_path: Path) -> Path:
    """A folder with a program that signs as the real one does: beside each file."""
    real = subprocess.run(
        [job.folder / "venv/bin/pypi-attestations", "sign", "--help"], check=True, capture_output=True
    )
    assert b"FILE [FILE ...]" in real.stdout
    program = tmp_path / "pypi-attestations"
    program.write_text(
        f"""#!/usr/bin/env bash
        [[ $1 == sign ]] && shift
        for file; do echo '{json.dumps(ATTESTATION)}' >"$file.publish.attestation"; done
        """
    )
    program.chmod(0o755)
    return tmp_path


def test_wheel_is_uploaded_with_its_attestation_and_no_stored_token(job: Job, signing: Path) -> None:
    assert "secrets" not in json.dumps(UPLOAD)
    for _ in range(2):  # a run that broke off is run again
        signed = job.step("Attest who built it", signing)
        assert signed.returncode == 0, signed.stderr
        done = job.step("Publish it, unless it is there already")
        assert done.returncode == 0, done.stderr
        assert MINTED not in (done.stdout + done.stderr).replace(f"::add-mask::{MINTED}", "")
    assert job.index.files == {WHEEL: (job.folder / "dist" / WHEEL).read_bytes()}
    assert len(job.index.uploads) == job.index.burnt == 2
    for fields in job.index.uploads:
        assert (fields["name"], fields["version"], fields["filetype"]) == (
            "redeliver-action",
            __version__,
            "bdist_wheel",
        )
        assert json.loads(fields["attestations"]) == [ATTESTATION]


def test_job_without_an_identity_uploads_nothing(job: Job) -> None:
    before = list(job.index.uploads)
    assert job.step("Publish it, unless it is there already", permitted=False).returncode != 0
    assert job.index.uploads == before


def test_wheel_is_reproducible(wheel: Path, action: Path, tmp_path: Path) -> None:
    assert build_wheel(action, tmp_path).read_bytes() == wheel.read_bytes()
