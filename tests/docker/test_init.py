"""From nothing to the first green run: ``redeliver init``, and then the workflow that it wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docker.act import PIP, TOO_NEW, Act
from docker.scene import ORG, REPOSITORY, TOKEN, scene
from docker.test_examples import expect_all_is_well
from docker.test_python import path_without_docker
from redeliver.setup.plan import ENVIRONMENT, SECRET, WORKFLOW_FILE

#: gh's own, of an administrator of the repository.
SETUP = "gho_0123456789abcdefghijABCDEFGHIJ012345"

pytestmark = pytest.mark.timeout(270)  # packages are installed


def test_newcomer_has_a_green_run_after_one_command(act: Act, tmp_path_factory: pytest.TempPathFactory) -> None:
    token, programs = act.folder / "token", tmp_path_factory.mktemp("bin")
    token.touch(0o600)
    token.write_text(TOKEN)
    with scene() as it:
        missed = it.miss(it.hook())
        it.sim.token(SETUP, kind="oauth-app", oauth_app="178c6fc778ccc68e1d6a", scopes=["repo"])
        flags = ["--org", ORG, "--variable-repository", REPOSITORY, "--token-file", str(token), "--api-url", it.url]
        done = subprocess.run(
            [sys.executable, "-m", "redeliver", "init", *flags, "--apply"],
            check=False,
            capture_output=True,
            text=True,
            cwd=act.repository,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(act.action / "src"), "GH_TOKEN": SETUP},
        )
        assert done.returncode == 0, done
        assert not [one for one in (TOKEN, SETUP) if one in done.stdout + done.stderr]
        assert it.sim.accepted == []

        written = act.repository / WORKFLOW_FILE
        assert TOKEN not in written.read_text()
        written.write_text(TOO_NEW.sub("", written.read_text()))
        stored = it.sim.repository(REPOSITORY).environment(ENVIRONMENT)
        assert [*stored.names.values()] == ["main"]
        run = act.run(
            Path(WORKFLOW_FILE).stem,
            it.url,
            secrets={SECRET: stored.secret(SECRET)},
            environment=PIP,
            path=path_without_docker(programs),
        )
        expect_all_is_well(it, missed, run, {"LAST_REDELIVERY"})
