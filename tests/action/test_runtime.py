"""Where the launcher runs the action: in a container, or with the machine's own Python."""

from __future__ import annotations

import re
from typing import Any

import pytest

from action.step import ERROR, GITHUB, HOOKS_ACTION, IMAGE, REPLAY_ACTION, TRACKING_ACTION, Runner

#: What engines say of a file that they do not see: on another machine, closed to a rootless one, in a virtual machine.
UNSEEN = [
    'invalid mount config for type "bind": bind source path does not exist',
    'invalid mount config for type "bind": stat /root/_temp: permission denied',
    "Mounts denied: The path is not shared from the host and is not known to Docker",
]


def used(runner: Runner) -> list[str]:
    """What ran the action."""
    return ["docker" for _ in runner.called("run")] + ["python" for _ in runner.python_did("redeliver")]


@pytest.mark.parametrize(
    ("runtime", "expected"), [("auto", "docker"), ("", "docker"), (" docker ", "docker"), ("python", "python")]
)
def test_auto_prefers_docker(both: Runner, runtime: str, expected: str) -> None:
    assert both.step(image=IMAGE, runtime=runtime).returncode == 0
    assert used(both) == [expected]


def test_python_runtime_asks_no_engine(both: Runner) -> None:
    both.step(runtime="python")
    assert {call.name for call in both.calls} == {"python3", "python"}


NO_ENGINE, OTHER_FILES = "no Docker engine for Linux containers", "the Docker engine does not see this job's files"


@pytest.mark.parametrize(
    ("engine", "why"),
    [
        ({"docker": False}, NO_ENGINE),
        ({"engine": ""}, NO_ENGINE),
        ({"engine": "windows"}, NO_ENGINE),
        # A job that itself runs in a container often has the engine's socket, but that engine mounts what the host has.
        *(({"unseen": unseen}, OTHER_FILES) for unseen in UNSEEN),
    ],
    ids=["no docker", "no answer", "windows", "elsewhere", "closed", "not shared"],
)
def test_auto_is_python_and_docker_an_error_without_an_engine_that_can_run_it(
    both: Runner, engine: dict[str, Any], why: str
) -> None:
    for name, value in engine.items():
        setattr(both, name, value)
    result = both.step(image=IMAGE)
    assert used(both) == ["python"]
    assert result.stdout.startswith(f"Running with the runner's own Python, since {why}")
    result = both.step(image=IMAGE, runtime="docker")
    assert result.returncode == 1
    said = rf"{ERROR}runtime is docker, but {why}.*, or runtime: python\.\n"
    assert re.fullmatch(said, result.stdout)
    assert used(both) == ["python"]


@pytest.mark.parametrize("system", ["msys", "cygwin"])
def test_auto_is_python_on_windows(both: Runner, system: str) -> None:
    both.environment["OSTYPE"] = system
    both.step(image=IMAGE)
    assert not both.called("run")
    assert both.python_did("venv")


@pytest.mark.parametrize(("runtime", "shown"), [("podman", "podman"), ("py\nthon", "py"), ("%0A::x", "?0A??x")])
def test_unknown_runtime_is_refused(both: Runner, runtime: str, shown: str) -> None:
    result = both.step(image=IMAGE, runtime=runtime)
    assert result.returncode == 2
    assert result.stdout == f"{ERROR}runtime: must be one of docker, python, auto, not '{shown}'\n"
    assert both.calls == []


REPORT = '{"version": 1}'


@pytest.mark.parametrize(
    ("action", "word", "inputs", "expected"),
    [
        (
            REPLAY_ACTION,
            "replay",
            {"org": "octo-org", "token": "ghp_x", "from_": "2h", "guid": "a b", "send": "true"},
            {"FROM": "2h", "TO": "", "GUID": "a b", "LIMIT": "500", "SEND": "true"},
        ),
        (
            HOOKS_ACTION,
            "hooks",
            {"org": "octo-org", "token": "ghp_x"},
            {"HOOK-ID": "all", "API-URL": "https://api.github.com"},
        ),
        (
            TRACKING_ACTION,
            "tracking-issue",
            {"report": REPORT, "label": "a b"},
            {"REPORT": REPORT, "LABEL": "a b", "REPOSITORY": GITHUB["repository"], "TOKEN": GITHUB["token"]},
        ),
    ],
    ids=["replay", "hooks", "tracking-issue"],
)
@pytest.mark.parametrize("runtime", ["docker", "python"])
def test_other_actions_use_the_same_launcher(
    both: Runner, runtime: str, *, action: dict[str, Any], word: str, inputs: dict[str, str], expected: dict[str, str]
) -> None:
    both.action = action
    both.step(image=IMAGE, runtime=runtime, **inputs)
    ran = both.container if runtime == "docker" else both.core
    assert ran.argv[-1] == word
    assert {name: ran.environment[f"INPUT_{name}"] for name in expected} == expected


@pytest.mark.parametrize("runtime", ["docker", "python"])
@pytest.mark.parametrize("how", ["SHELLOPTS", "BASH_ENV"])
def test_traced_shell_shows_no_value_in_the_log(both: Runner, runtime: str, how: str) -> None:
    (both.folder / "trace").write_text("set -vx\n")
    both.environment[how] = "xtrace:verbose" if how == "SHELLOPTS" else str(both.folder / "trace")
    both.environment |= {"HTTPS_PROXY": "http://me:pass.word@proxy.example:3128", "PIP_PROXY": "http://pass.word@p"}
    result = both.step(image=IMAGE, runtime=runtime, token=GITHUB["token"])
    assert result.returncode == 0
    assert used(both) == [runtime]
    assert "exec" in result.stdout  # the step's own line was traced
    assert "pass.word" not in result.stdout
    assert GITHUB["token"] not in result.stdout


def test_job_with_noclobber_can_use_a_ca(both: Runner) -> None:
    (both.folder / "ca.pem").write_text("certificates")
    both.environment |= {"SHELLOPTS": "noclobber", "SSL_CERT_FILE": "ca.pem"}
    assert both.step(image=IMAGE).returncode == 0
    assert len(both.container.mounts) == 3
    assert both.step(runtime="python").returncode == 0


def test_missing_temporary_folder_ends_the_step(both: Runner) -> None:
    both.environment |= {"RUNNER_TEMP": "/nowhere", "TMPDIR": "/nowhere"}
    result = both.step(image=IMAGE)
    assert result.returncode == 1
    assert f"{ERROR}The action could not make a file for its own use. Nothing was sent." in result.stdout
    assert both.calls == []
