"""With the machine's own Python the action has packages of its own, and no more of the job than in a container."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from action.standins import Python
from action.step import ERROR, ROOT, TOKEN, Call, Runner

OLD = Python((3, 10))


@pytest.fixture
def machine(both: Runner) -> Runner:
    """A machine without Docker, and with one good Python."""
    both.docker = False
    return both


# -- which Python ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3": Python(), "python3.11": Python((3, 11)), "python3.14": Python((3, 14))}, "python3.14"),
        ({"python3": Python((3, 15)), "python": Python((2, 7))}, "python3"),
        ({"python3": OLD, "python": Python((3, 11))}, "python"),
        ({"python3.12": Python(implementation="pypy"), "python3": Python()}, "python3"),
        ({"python3.13": Python((3, 13), venv=False), "python3.11": Python((3, 11))}, "python3.11"),
    ],
    ids=["the newest", "only a later one", "after an old one", "after another kind", "after an incomplete one"],
)
def test_first_usable_python_is_used(machine: Runner, pythons: dict[str, Python], chosen: str) -> None:
    machine.pythons = pythons
    result = machine.step()
    assert [call.name for call in machine.python_did("venv")] == [chosen]
    assert f"Installing the action's packages for {chosen}, once in this job" in result.stdout


@pytest.mark.parametrize("pythons", [{}, {"python3": OLD, "python": Python((2, 7))}], ids=["none", "too old"])
def test_missing_python_is_reported_with_what_to_do(machine: Runner, pythons: dict[str, Python]) -> None:
    machine.pythons = pythons
    result = machine.step()
    assert result.returncode == 1
    assert f"{ERROR}The action needs Python 3.11 or newer on the PATH, since no Docker engine" in result.stdout
    assert "actions/setup-python" in result.stdout
    assert "since" not in machine.step(runtime="python").stdout


def test_python_without_venv_is_named(machine: Runner) -> None:
    machine.pythons = {"python3.11": Python((3, 11), venv=False), "python3": OLD}
    result = machine.step()
    assert result.returncode == 1
    assert result.stdout.endswith(
        f"{ERROR}The runner's python3.11 lacks the module venv: install it (Debian and Ubuntu: python3-venv).\n"
    )


# -- its packages ---------------------------------------------------------------------------------------------


def test_packages_are_installed_once_for_a_lock_and_python(machine: Runner) -> None:
    machine.checkout = machine.folder / "checkout"
    for name in ("src/launch.sh", "requirements/run.txt"):
        (machine.checkout / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, machine.checkout / name)
    assert "what pip said" not in machine.step().stdout
    result = machine.step()
    loads = [call for call in machine.calls if call.argv[:3] == ["-P", "-s", "-c"]]
    assert len(machine.python_did("pip")) == len(machine.python_did("venv")) == len(loads) == 1
    assert len(machine.python_did("redeliver")) == 2
    assert "Installing" not in result.stdout
    (machine.checkout / "requirements" / "run.txt").write_text("# another\n")
    machine.step()
    machine.pythons["python3.14"] = Python((3, 14))
    machine.step()
    assert len({call.argv[-1] for call in machine.python_did("venv")}) == 3


@pytest.mark.parametrize(
    ("what", "why"),
    [("pip", "could not be installed for python3"), ("load", "were installed for python3 but cannot be used")],
)
def test_unusable_packages_are_an_error_and_installed_anew(machine: Runner, what: str, why: str) -> None:
    python = machine.pythons["python3"]
    setattr(python, what, 1)
    python.said = "\n".join(f"line {number} of pip's" for number in range(1, 9))
    result = machine.step()
    assert result.returncode == 1
    assert "line 3 of pip's" not in result.stdout
    assert "| line 4 of pip's\n" in result.stdout
    assert result.stdout.endswith(f"{ERROR}The action's packages {why}; the lines above say why.\n")
    assert machine.python_did("redeliver") == []
    setattr(python, what, 0)
    assert machine.step().returncode == 0
    assert len(machine.python_did("pip")) == 2


@pytest.mark.parametrize("temp", ["", "/dev/null/nowhere"])  # which nobody can make, root included
def test_packages_have_a_folder_without_the_runners(machine: Runner, temp: str) -> None:
    machine.environment |= {"RUNNER_TEMP": temp, "TMPDIR": str(machine.folder)}
    assert machine.step().returncode == 0
    (venv,) = machine.python_did("venv")
    assert machine.folder in Path(venv.argv[-1]).parents


# -- what the action is given ---------------------------------------------------------------------------------

#: Of the job, and nobody else's business.
SECRETS = {
    "ACTIONS_RUNTIME_TOKEN": "secret",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret",
    "GITHUB_TOKEN": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "MY-SECRET": "secret",
    "a.b": "secret\nnot_a_name=secret",
    "A\nINPUT_TOKEN": "secret",
    "HOME\nPATH": "secret",
    "\n": "secret",
    "an umläut": "secret",
    "BASH_FUNC_which%%": "() {  secret\n}",
    "PYTHONSTARTUP": "/secret.py",
    "PYTHONHOME": "/secret",
    "PYTHONPATH": "/secret",
}
#: What says where packages are, and how to get there.
SOURCES = {
    "PIP_CONFIG_FILE": "/etc/company/pip.conf",
    "PIP_INDEX_URL": "https://mirror.example/simple",
    "PIP_EXTRA_INDEX_URL": "https://other.example/simple",
    "PIP_FIND_LINKS": "/wheels",
    "PIP_NO_INDEX": "1",
    "PIP_PROXY": "http://proxy.example:3128",
    "PIP_CERT": "/ca.pem",
    "PIP_CLIENT_CERT": "/client.pem",
    "PIP_TRUSTED_HOST": "mirror.example",
    "PIP_KEYRING_PROVIDER": "subprocess",
    "PIP_DEFAULT_TIMEOUT": "180",
    "PIP_CACHE_DIR": "/cache",
    "HTTPS_PROXY": "http://me:\udcff\n ä'\"$@proxy.example",  # of any bytes
    "NETRC": "/home/runner/netrc",
}
#: What changes what pip installs, and where, or has it do something else and end well.
ELSEWHERE = (
    *("TARGET", "target", "PREFIX", "ROOT", "USER", "PYTHON", "SRC", "CONSTRAINT", "BUILD_CONSTRAINT", "REQUIREMENT"),
    *("EDITABLE", "NO_DEPS", "NO_BINARY", "PLATFORM", "ABI", "REQUIRE_VIRTUALENV", "DRY_RUN", "HELP", "VERSION"),
    *("ISOLATED", "IGNORE_INSTALLED", "LOG", "REPORT", "SOMETHING_NEW"),
)


@dataclass(frozen=True)
class Ran:
    """A step that has ended: its process, and the four calls of Python that it made."""

    code: int
    pid: int
    printed: str
    calls: list[Call]
    folder: Path

    @property
    def core(self) -> Call:
        return self.calls[-1]


# Of the module: several tests look at one step.
@pytest.fixture(scope="module", params=["linux-gnu", "msys"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A step in a job that has set much, on that system. The action ends with an error."""
    machine = Runner(tmp_path_factory.mktemp("machine"), docker=False, pythons={"python3": Python(run=130)})
    machine.environment |= SECRETS | SOURCES | {f"PIP_{name}": "/elsewhere" for name in ELSEWHERE}
    machine.environment |= {"LD_LIBRARY_PATH": "/opt/python/lib", "SSL_CERT_FILE": "/ca.pem", "LANG": "C"}
    machine.environment["OSTYPE"] = request.param
    ended, pid = machine.start(org="octo-org", hook_id="7", token=f"{TOKEN}\nb c")
    calls = [call for call in machine.calls if "-S" not in call.argv]  # which only hand on
    return Ran(ended.returncode, pid, ended.stdout, calls, machine.temp)


def test_packages_come_from_the_hashed_lock_into_the_jobs_folder(ran: Ran) -> None:
    venv, pip, _, core = ran.calls
    folder = Path(venv.argv[-1])
    assert folder.parent == ran.folder
    assert pip.argv[:4] == ["-I", "-m", "pip", "install"]
    assert {"--require-hashes", "--only-binary=:all:", "--no-user"} <= set(pip.argv)
    assert pip.values_of("--requirement") == [str(ROOT / "requirements" / "run.txt")]
    assert core.environment["PYTHONPATH"] == str(ROOT / "src")
    assert core.environment["PYTHONPYCACHEPREFIX"] == str(folder / "bytecode")


def test_pip_gets_no_variable_that_changes_what_it_installs(ran: Ran) -> None:
    given = ran.calls[1].environment.items()
    assert SOURCES.items() <= given
    assert {name for name, _ in given if name.startswith("PIP_")} == {
        name for name in SOURCES if name.startswith("PIP_")
    }


def test_python_gets_the_containers_variables_and_the_machines(ran: Ran) -> None:
    given = ran.core.environment
    inputs = {name for name in given if name.startswith("INPUT_")}
    assert (given["INPUT_HOOK-ID"], given["INPUT_TOKEN"]) == ("7", f"{TOKEN}\nb c")
    assert given["HTTPS_PROXY"] == SOURCES["HTTPS_PROXY"]
    assert not {"INPUT_IMAGE", "INPUT_RUNTIME"} & inputs
    assert set(given) - inputs - {"_", "SHLVL", "PWD", "OLDPWD", "LC_CTYPE"} == {
        *("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "REPOSITORY_VISIBILITY"),
        *("HOME", "PATH", "LANG", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "HTTPS_PROXY"),
        *("PYTHONPATH", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED", "PYTHONUTF8"),
    }
    assert "secret" not in "".join(given.values())


def test_packages_are_loaded_as_the_action_loads_them(ran: Ran) -> None:
    load = ran.calls[2]
    assert load.argv[:3] == ["-P", "-s", "-c"]
    assert load.environment == ran.core.environment


def test_action_starts_without_code_or_values_from_elsewhere(ran: Ran) -> None:
    assert ran.core.argv == ["-P", "-s", "-m", "redeliver"]
    assert not [word for call in ran.calls for word in call.argv if TOKEN in word]


def test_step_becomes_the_action_and_ends_with_its_exit_code(ran: Ran) -> None:
    assert ran.code == 130
    assert ran.printed.endswith("what the action said\n")
    is_windows = ran.calls[1].name == "python.exe"
    assert is_windows or ran.core.pid == ran.pid  # so that signals reach it
