"""examples/server/ is a set-up that works: its units are sound, and its commands are commands."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from command.program import SOURCES
from exposition import read
from githubsim.behaviour import Behaviour
from githubsim.clock import MINUTE, system_ms
from githubsim.faults import Call, Fault
from githubsim.model import SimGitHub
from githubsim.outcomes import UNAVAILABLE
from githubsim.server import Served, serve
from redeliver import REPOSITORY
from redeliver.core.settings import parse

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "server"
SERVICE, TIMER = FOLDER / "redeliver.service", FOLDER / "redeliver.timer"
FAILED = FOLDER / "redeliver-failed.service"
DROP_INS = FOLDER / "redeliver.service.d"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
INSTALLED = "/usr/local/bin/redeliver"
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
TARGET = {"org": "octo", "hook-id": "1", "token": "t"}


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text().replace("\\\n", " "))
    return parser


@pytest.fixture
def github() -> Iterator[Served]:
    """The organization and the webhook that the examples name, with an event that failed."""
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=0, appears_ms=0))
    sim.token(TOKEN, permissions={"organization_hooks": "write"})
    sim.org_hook("your-organization", id=123_456_789).add(system_ms() - 5 * MINUTE, UNAVAILABLE)
    with serve(sim) as served:
        yield served


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine's root, with the command installed."""
    program = Path(f"{tmp_path}{INSTALLED}")
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m redeliver "$@"\n')
    program.chmod(0o755)
    (tmp_path / "var" / "lib" / "redeliver").mkdir(parents=True)
    return tmp_path


def start(command: str, machine: Path, github: Served, **environment: str) -> subprocess.CompletedProcess[str]:
    """Have a shell run it; what the examples name by its path is below the machine's root, and GitHub is ours."""
    moved = re.sub(r"(?<!\S)/(usr|var)/", rf"{machine}/\1/", command)
    machines = {"PATH": f"{machine}/usr/local/bin:{os.defpath}", "PYTHONPATH": str(SOURCES)}
    return run(["/bin/sh", "-c", f"{moved} --api-url {github.url}"], machines | environment)


def run(command: list[str], environment: dict[str, str] | None = None, **how: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=60, **how)


def metrics_of_its_webhook(path: Path) -> bool:
    return set(read(path.read_text(encoding="utf-8"))) == {("your-organization", "123456789")}


# -- systemd --------------------------------------------------------------------------------------------------


@pytest.fixture
def service(machine: Path) -> dict[str, str]:
    """What systemd puts into the environment of the service, whose token is there."""
    (machine / "token").write_text(f"{TOKEN}\n")
    state = machine / "var" / "lib" / unit(SERVICE)["Service"]["StateDirectory"]
    return {"CREDENTIALS_DIRECTORY": str(machine), "STATE_DIRECTORY": str(state)}


def test_service_runs_with_its_token_and_state_and_writes_metrics(
    machine: Path, github: Served, service: dict[str, str]
) -> None:
    given = unit(DROP_INS / "metrics.conf")["Service"]
    name, _, path = given["Environment"].partition("=")
    assert str(Path(path).parent) == given["ReadWritePaths"]
    group = given["SupplementaryGroups"]
    assert f"groupadd --system {group}\n" in README
    assert f"install -d -g {group} -m 0775 {Path(path).parent}\n" in README
    there = Path(f"{machine}{path}")
    there.parent.mkdir(parents=True)
    told = start(unit(SERVICE)["Service"]["ExecStart"], machine, github, **service, **{name: str(there)})
    assert told.returncode == 0, told
    assert len(github.sim.accepted) == 1
    assert Path(service["STATE_DIRECTORY"], "state.json").is_file()
    assert metrics_of_its_webhook(there)


def test_run_stopped_by_hand_is_no_failure(machine: Path, github: Served, service: dict[str, str]) -> None:
    pid = machine / "pid"
    stop = Call(lambda: os.kill(int(pid.read_text()), signal.SIGTERM))
    github.sim.faults.add(Fault(stop, path="*/attempts"))
    here = unit(SERVICE)["Service"]
    told = start(f"echo $$ > {pid} && exec {here['ExecStart']}", machine, github, **service)
    assert told.returncode == 128 + signal.SIGTERM, told
    assert here["SuccessExitStatus"] == str(told.returncode)


def test_units_limit_time_and_memory_and_name_each_other() -> None:
    service, timer = unit(SERVICE)["Service"], unit(TIMER)
    assert (service["Type"], service["DynamicUser"]) == ("oneshot", "yes")
    assert service["LoadCredential"].startswith("token:")
    assert service["TimeoutStartSec"] == "5h 10min"  # the action's own limit is 5 hours
    assert (service["MemoryMax"], service["TasksMax"]) == ("1G", "64")
    assert TIMER.stem == SERVICE.stem
    assert timer["Timer"]["OnCalendar"] == "*:7/15"
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert unit(DROP_INS / "on-failure.conf")["Unit"]["OnFailure"] == FAILED.name
    assert unit(FAILED)["Service"]["Type"] == "oneshot"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here: the tests above read the units")
def test_systemd_accepts_the_units_and_finds_them_locked_down(machine: Path) -> None:
    (machine / DROP_INS.name).mkdir()
    for path in (SERVICE, TIMER, FAILED, *DROP_INS.iterdir()):
        text = path.read_text().replace(INSTALLED, f"{machine}{INSTALLED}")
        (machine / path.relative_to(FOLDER)).write_text(text)
    units = [str(machine / path.name) for path in (SERVICE, TIMER, FAILED)]
    checked = run(["systemd-analyze", "verify", "--man=no", *units])
    assert (checked.returncode, checked.stderr) == (0, "")
    # Its measure goes from 0.0 to 10.0 and is given in tenths here; a service with nothing set has 9.6.
    measured = ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", units[0]]
    judged = run(measured)
    assert judged.returncode == 0, judged.stdout


def words(command: str) -> list[str]:
    """A command of a unit as systemd starts it."""
    return [word.replace("$$", "$").replace("%H", "host") for word in shlex.split(command.removeprefix("-"))]


@pytest.mark.parametrize("given", [{"MONITOR_INVOCATION_ID": "f00d"}, {}], ids=["systemd 251", "before"])
def test_mail_has_the_output_of_the_failed_run_alone(machine: Path, given: dict[str, str]) -> None:
    stub(machine, "systemctl", '[ "$*" = "show --property=InvocationID --value redeliver.service" ] && echo f00d')
    stub(machine, "journalctl", 'echo "journal: $*"')
    stub(machine, "mail", 'echo "mail: $*"; cat')
    path = {"PATH": f"{machine}/stubs:{os.defpath}"}
    mailed = run(words(unit(FAILED)["Service"]["ExecStart"]), path | given)
    assert mailed.returncode == 0
    assert mailed.stdout.splitlines() == [
        "mail: -s redeliver failed on host ops@your-company.example",
        "journal: --no-pager _SYSTEMD_INVOCATION_ID=f00d + INVOCATION_ID=f00d",
    ]


def stub(machine: Path, name: str, script: str = "exit 0") -> Path:
    """A program of that name, first on the PATH of whoever looks there."""
    path = machine / "stubs" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("result", "status", "end"),
    [
        ("success", "0", "0"),
        ("success", "143", "0"),  # stopped by hand
        ("exit-code", "1", "1"),
        ("exit-code", "243", "243"),  # systemd's own, for credentials that it could not load
        ("signal", "KILL", "fail"),
        ("oom-kill", "KILL", "fail"),
        ("timeout", "143", "fail"),
        ("timeout", "0", "fail"),
        ("resources", "", "fail"),  # it never began
    ],
)
def test_ping_after_every_run_says_how_it_ended(machine: Path, result: str, status: str, end: str) -> None:
    command = unit(DROP_INS / "ping.conf")["Service"]["ExecStopPost"]
    assert command.startswith("-")  # a ping that fails does not make the run fail
    curl = stub(machine, "curl", 'printf "%s\\n" "$@"')
    ended = {"SERVICE_RESULT": result, **({"EXIT_STATUS": status} if status else {})}
    pinged = run([word.replace("/usr/bin/curl", str(curl)) for word in words(command)], ended).stdout.splitlines()
    assert pinged[-1] == f"https://ping.your-company.example/redeliver/{end}"
    # It has to end before systemd loses patience.
    patience = unit(SERVICE)["Service"]["TimeoutStopSec"].removesuffix("s")
    assert int(pinged[pinged.index("--max-time") + 1]) < int(patience)


@pytest.mark.parametrize(
    ("heading", "installed"),
    [
        ("systemd", ["redeliver/token", "systemd/system/redeliver.service", "systemd/system/redeliver.timer"]),
        ("cron", ["../usr/local/bin/with-token", "cron.d/redeliver"]),
        (
            "Monitor it",
            [
                "systemd/system/redeliver-failed.service",
                *(f"systemd/system/redeliver.service.d/{name}.conf" for name in ("metrics", "on-failure")),
            ],
        ),
    ],
)
def test_commands_of_the_page_work_in_its_folder(machine: Path, heading: str, installed: list[str]) -> None:
    for folder in ("etc/systemd/system", "etc/cron.d"):
        (machine / folder).mkdir(parents=True)
    for name in ("groupadd", "useradd", "systemctl", "journalctl"):
        stub(machine, name)
    stub(machine, "pipx", 'for last; do :; done; test -f "${last%[*}/pyproject.toml"')
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert "in the folder of this page" in " ".join(section.split())
    commands = "".join(f"{command}\n" for command in re.findall(r"^# (.+)$", section, re.MULTILINE))
    moved = re.sub(r"(?<![\w.])/(etc|opt|usr|var)/", rf"{machine}/\1/", commands)
    script = ["/bin/sh", "-e", "-c", moved.replace("-g redeliver-metrics ", "")]
    typed = run(script, {"PATH": f"{machine}/stubs:{os.defpath}"}, input=TOKEN, cwd=FOLDER)
    assert typed.returncode == 0, typed
    assert [path for path in installed if not (machine / "etc" / path).is_file()] == []


# -- cron, and a secret manager -------------------------------------------------------------------------------


@pytest.fixture
def cron(machine: Path) -> tuple[str, Path]:
    """The command of the cron file, and what its secret manager answers; the wrapper is installed."""
    tools = machine / "usr" / "local" / "bin"
    shutil.copy(FOLDER / "with-token", tools)
    secret = machine / "secret"
    (tools / "secret-manager").write_text(f'#!/bin/sh\n[ "$*" = "read redeliver/github-token" ] && cat {secret}\n')
    (tools / "secret-manager").chmod(0o755)
    secret.write_text(f"{TOKEN}\n")
    mail, line = re.findall(r"^[^#\n].*", (FOLDER / "redeliver.cron").read_text(), re.MULTILINE)
    assert mail.startswith("MAILTO=")
    *when, user, command = line.split(None, 6)
    assert re.fullmatch(r"[\d,]+ \* \* \* \*", " ".join(when))
    assert user == "redeliver"
    assert "%" not in command  # which cron takes for a new line
    return command, secret


def test_cron_line_runs_with_the_secret_managers_token(machine: Path, cron: tuple[str, Path], github: Served) -> None:
    (path,) = re.findall(r"^# REDELIVER_METRICS_FILE=(\S+)$", (FOLDER / "redeliver.cron").read_text(), re.MULTILINE)
    there = Path(f"{machine}{path}")
    there.parent.mkdir(parents=True)
    told = start(cron[0], machine, github, REDELIVER_METRICS_FILE=str(there))
    assert told.returncode == 0, told
    assert len(github.sim.accepted) == 1
    assert (machine / "var" / "lib" / "redeliver" / "state.json").is_file()
    assert metrics_of_its_webhook(there)


@pytest.mark.parametrize("secret", ["", None])
def test_command_without_a_token_is_not_started(
    machine: Path, cron: tuple[str, Path], github: Served, secret: str | None
) -> None:
    cron[1].unlink() if secret is None else cron[1].write_text(secret)
    assert start(cron[0], machine, github).returncode == 1
    assert github.sim.journal.entries == []


# -- Kubernetes -----------------------------------------------------------------------------------------------

CLAIM, CRON_JOB = yaml.safe_load_all((FOLDER / "cronjob.yaml").read_text(encoding="utf-8"))
POD = CRON_JOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def contained(machine: Path, words: list[str], github: Served) -> subprocess.CompletedProcess[str]:
    """A container's command on this machine, whose volumes are the pod's."""
    moved = [re.sub(r"(?<![\w.])/(state|token)\b", rf"{machine}/\1", word) for word in words]
    moved += ["--api-url", github.url] if words[0] == "run" else []
    program = [sys.executable] if words[0] == "-c" else [sys.executable, "-m", "redeliver"]
    return run([*program, *moved], {"PYTHONPATH": str(SOURCES)})


def test_cron_job_runs_with_its_token_on_any_volume(machine: Path, github: Served) -> None:
    (machine / "token").mkdir()
    (machine / "token" / "token").write_text(f"{TOKEN}\n")
    (machine / "state").mkdir()
    (machine / "state").chmod(0o777)  # as an emptyDir is, and volumes of some storage classes
    (first,), (then,) = POD["initContainers"], POD["containers"]
    assert first["command"][0] == "/usr/bin/python3"
    for words in (first["command"][1:], then["args"], first["command"][1:]):
        told = contained(machine, words, github)
        assert told.returncode == 0, told
    assert len(github.sim.accepted) == 1
    assert (machine / "state" / "redeliver").stat().st_mode & 0o777 == 0o700
    assert [*json.loads((machine / "state" / "redeliver" / "state.json").read_text()).values()]


def test_cron_job_is_locked_down_and_keeps_its_state() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert f"USER {POD['securityContext']['runAsUser']}:" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert POD["automountServiceAccountToken"] is False
    for container in POD["initContainers"] + POD["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"].startswith(f"ghcr.io/{REPOSITORY}@sha256:")
    state, token = POD["volumes"]
    assert state["persistentVolumeClaim"]["claimName"] == CLAIM["metadata"]["name"]
    assert token["secret"]["defaultMode"] & 0o007 == 0
    job = CRON_JOB["spec"]["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] == parse(TARGET).time_limit + 600
    assert (CRON_JOB["spec"]["concurrencyPolicy"], job["backoffLimit"]) == ("Forbid", 0)
