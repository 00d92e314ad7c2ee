"""The command line's flags are the action's inputs, but for secrets, which nobody may read from a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from places.command import NOWHERE, TOKEN, Commands, Server, server
from redeliver import __version__
from redeliver.core.settings import INPUTS, LAUNCHER_INPUTS
from redeliver.entry.cli import app

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {"token", "private-key", "variable-token"}
CORE = {row.name for row in INPUTS} - {row.name for row in LAUNCHER_INPUTS}
OF_ITS_OWN = {"state-file", "format", "verbose", "help"}


def flags(command: str) -> dict[str, str]:
    """The long flags of a command, and the help of each."""
    group = typer.main.get_command(app)
    context = typer.Context(group)
    found = group.get_command(context, command)  # type: ignore[attr-defined]
    assert found is not None
    return {
        name.removeprefix("--"): getattr(parameter, "help", None) or ""
        for parameter in found.get_params(typer.Context(found))
        for name in parameter.opts
        if name.startswith("--")
    }


def test_run_has_every_input_as_a_flag_and_every_secret_as_a_file() -> None:
    expected = (CORE - SECRETS) | {f"{name}-file" for name in SECRETS} | OF_ITS_OWN
    assert set(flags("run")) == expected


def test_flags_say_what_the_inputs_say_and_what_holds_without_them() -> None:
    inputs = {row.name: row for row in INPUTS}
    here = {"api-url": "https://api.github.com", "variable-repository": "", "dry-run": ""}
    for command in ("run", "hooks"):
        for name, text in flags(command).items():
            if name in CORE:
                default = here.get(name, inputs[name].default)
                assert text == inputs[name].description + (f" Default: {default}." if default else "")


def test_hooks_has_the_flags_that_make_sense_for_it() -> None:
    shared = {"org", "repository", "hook-id", "app-id", "lookback", "time-limit", "api-url"}
    files = {"token-file", "private-key-file"}
    assert set(flags("hooks")) == shared | files | {"format", "jobs", "verbose", "help"}


@pytest.mark.parametrize("flag", sorted(SECRETS))
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(flag: str) -> None:
    told = CliRunner().invoke(app, ["run", f"--{flag}", "ghp_oops", *NOWHERE])
    assert told.exit_code == 2
    assert "ghp_oops" not in told.output


def test_every_wrong_flag_is_named_at_once_before_anything_is_asked() -> None:
    told = CliRunner().invoke(
        app, ["run", "--org", "no/such", "--hook-id", "one", "--max-attempts", "-1", *NOWHERE], env={}
    )
    assert told.exit_code == 2
    assert [line.partition(":")[2].split(":")[0].strip() for line in told.stderr.splitlines()] == [
        "token",
        "org",
        "hook-id",
        "max-attempts",
    ]


def test_it_tells_its_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"redeliver {__version__}\n"


def test_a_state_file_and_a_variable_are_not_both_possible() -> None:
    inputs = ["--org", "octo", "--hook-id", "1", "--variable-name", "X", "--variable-repository", "octo/ops"]
    told = CliRunner().invoke(app, ["run", *inputs, "--state-file", "state.json", *NOWHERE], env={"GH_TOKEN": "t"})
    assert told.exit_code == 2
    assert told.stderr == "error: state-file: give either state-file or variable-name\n"


def test_that_is_told_first_and_what_the_variable_lacks_is_no_question_then() -> None:
    inputs = ["--org", "no/such", "--hook-id", "1", "--variable-name", "X", "--state-file", "state.json", *NOWHERE]
    told = CliRunner().invoke(app, ["run", *inputs], env={"GH_TOKEN": "t"})
    assert [line.partition(":")[2] for line in told.stderr.splitlines()] == [
        " state-file: give either state-file or variable-name",
        " org: must be an organization's name, not 'no/such'",
    ]


@pytest.mark.parametrize("command", ["run", "hooks"])
def test_without_a_token_it_names_what_there_is_on_a_command_line(command: str) -> None:
    told = CliRunner().invoke(app, [command, "--org", "octo", "--hook-id", "1", *NOWHERE], env={})
    assert told.exit_code == 2
    assert told.stderr == (
        "error: token: is needed, in GH_TOKEN or GITHUB_TOKEN or a file that --token-file names (or --app-id and "
        "--private-key-file)\n"
    )


def test_a_run_has_no_matrix() -> None:
    arguments = ["run", "--org", "octo", "--hook-id", "1", "--format", "matrix", *NOWHERE]
    told = CliRunner().invoke(app, arguments, env={"GH_TOKEN": "t"})
    assert told.exit_code == 2
    assert "Invalid value for '--format'" in told.output


# -- where a token comes from -----------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["GH_TOKEN", "GITHUB_TOKEN"])
def test_without_a_file_the_token_comes_from_the_environment(here: Server, variable: str) -> None:
    here.live.fail()
    here.live.given.pop("token")
    here.given[variable] = TOKEN
    here.run(code=0)
    assert len(here.live.sent) == 1


def test_gh_token_comes_before_github_token_and_a_file_before_both(here: Server) -> None:
    here.live.fail()
    here.given |= {"GH_TOKEN": "ghp_wrong", "GITHUB_TOKEN": TOKEN}
    here.run(code=0)
    del here.live.given["token"]
    assert "does not accept the token" in here.run(code=1).err


def test_an_apps_key_comes_before_a_token_in_the_environment(tmp_path: Path, commands: Commands) -> None:
    with server(tmp_path, commands, credential="app") as here:
        here.live.fail()
        here.given["GH_TOKEN"] = "ghp_wrong"
        here.run(code=0)
        assert len(here.live.sent) == 1


@pytest.mark.parametrize("file", ["token", "private-key", "variable-token"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, commands: Commands, file: str) -> None:
    missing = tmp_path / "secrets" / "file"
    told = commands.run(
        "run",
        "--org",
        "octo",
        "--hook-id",
        "1",
        f"--{file}-file",
        str(missing),
        *NOWHERE,
        given={"GH_TOKEN": "t"},
        code=2,
    )
    assert told.err.startswith(f"error: The file {missing} cannot be read: No such file or directory. Check the path")


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "it is empty"), (b" \n", "it is empty"), (b"\xff\xfe", "it is not text")]
)
def test_a_file_that_holds_no_token_is_named_and_no_other_token_used_instead(
    tmp_path: Path, commands: Commands, content: bytes, why: str
) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    told = commands.run(
        "run",
        "--org",
        "octo",
        "--hook-id",
        "1",
        "--token-file",
        str(path),
        *NOWHERE,
        given={"GH_TOKEN": "other"},
        code=2,
    )
    assert told.err.startswith(f"error: The file {path} cannot be read: {why}.")
