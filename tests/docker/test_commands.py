"""The commands for servers, where they really are: in the image, and installed from this folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docker.scene import HOOK_ID, ORG, TOKEN, Scene, scene
from redeliver import __version__

ROOT = Path(__file__).parents[2]
Command = list[str]


pytestmark = pytest.mark.timeout(270)  # an image is built and packages are installed


def say(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    machine = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=60, env=machine | environment, cwd="/"
    )


@pytest.fixture(scope="module")
def image(action: Path) -> Command:
    """The container, as one would start it on a server."""
    names = {"BUILD_IMAGE": "REDELIVER_BUILD_IMAGE", "RUNTIME_IMAGE": "REDELIVER_RUNTIME_IMAGE"}
    arguments = [f"--build-arg={name}={os.environ[given]}" for name, given in names.items() if given in os.environ]
    network = os.environ.get("REDELIVER_BUILD_NETWORK", "default")
    built = subprocess.run(
        ["docker", "build", "--quiet", f"--network={network}", *arguments, str(action)],
        check=True,
        capture_output=True,
        text=True,
    )
    return ["docker", "run", "--rm", "--read-only", "--network=host", "--env=GH_TOKEN", built.stdout.strip()]


@pytest.fixture(scope="module")
def installed(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The program, as pip and pipx install it."""
    venv = tmp_path_factory.mktemp("installed")
    for command in (
        [sys.executable, "-m", "venv", str(venv)],
        [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile", str(action)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return [str(venv / "bin" / "redeliver")]


@pytest.fixture(scope="module")
def uvx(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The package, as uvx runs it from an index: it starts the command that is named like the package."""
    folder = tmp_path_factory.mktemp("uvx")
    index = {name: value for name, value in os.environ.items() if name.startswith("UV_") or name == "SSL_CERT_FILE"}
    places = {"UV_FIND_LINKS": wheel.parent, "UV_CACHE_DIR": folder / "cache", "UV_TOOL_DIR": folder / "tools"}
    environment = [f"{name}={value}" for name, value in (index | places).items()]
    package = wheel.name.partition("-")[0].replace("_", "-")
    return ["env", *environment, "uv", "tool", "run", "--quiet", f"{package}@{__version__}"]


@pytest.fixture(params=["image", "installed", "uvx"])
def redeliver(request: pytest.FixtureRequest) -> Command:
    command: Command = request.getfixturevalue(request.param)
    return command


@pytest.fixture(scope="module")
def it() -> Iterator[Scene]:
    with scene() as found:
        found.hook()
        yield found


def test_command_prints_its_help_and_names_wrong_flags(redeliver: Command) -> None:
    told = say(*redeliver, "run", "--help")
    assert told.returncode == 0, told
    assert "--hook-id" in told.stdout
    assert say(*redeliver, "--version").stdout.startswith("redeliver ")
    told = say(*redeliver, "run", "--org", "no/such", GH_TOKEN=TOKEN)
    assert told.returncode == 2
    assert "error: hook-id: " in told.stderr


def test_command_redelivers_failed_events(redeliver: Command, it: Scene) -> None:
    missed = it.miss(it.sim.hooks[HOOK_ID])
    hook = ("--org", ORG, "--hook-id", str(HOOK_ID), "--api-url", it.url)
    told = say(*redeliver, "run", *hook, GH_TOKEN=TOKEN)
    assert told.returncode == 0, told
    assert {one: it.receiver.accepted()[one] for one in missed} == dict.fromkeys(missed, 1)


def test_cron_job_of_kubernetes_runs_in_the_image_on_a_volume_of_everybodys(
    image: Command, it: Scene, tmp_path: Path
) -> None:
    missed = it.miss(it.sim.hooks[HOOK_ID])
    _, job = yaml.safe_load_all((ROOT / "examples" / "server" / "cronjob.yaml").read_text(encoding="utf-8"))
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    *start, name = image
    for folder in ("state", "token"):
        (tmp_path / folder).mkdir()
        start.append(f"--volume={tmp_path / folder}:/{folder}")
    (tmp_path / "state").chmod(0o777)
    (tmp_path / "token" / "token").write_text(TOKEN)
    start += ["--user=65532:65532", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        entry, *words = container.get("command", ["", *container.get("args", []), "--api-url", it.url])
        told = say(*start, *([f"--entrypoint={entry}"] if entry else []), name, *words)
        assert told.returncode == 0, told
    assert {one: it.receiver.accepted()[one] for one in missed} == dict.fromkeys(missed, 1)
