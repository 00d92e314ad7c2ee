"""The command line's flags are the action's inputs, except secrets, which nobody may read from a command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from command.keys import key_pair
from command.program import NOWHERE, TOKEN, Commands, Server, at_a_terminal, server
from redeliver import __version__
from redeliver.core.settings import Topic, Use, inputs
from redeliver.entry.cli import app
from redeliver.errors import CredentialMisplaced, FileUnreadable, SecretReadable
from wording import says, told

SECRETS = {"token", "private-key", "variable-token"}
ROWS = {row.name: row for row in inputs(Use.RUN)}
CORE = set(ROWS)
REPLAY = {row.name: row for row in inputs(Use.REPLAY)}
UNKNOWN = "0b989ba4-242f-11e5-81e1-c7b6966d2516"
LISTING = {row.name: row for row in inputs(Use.LISTING)}
#: Without a place for its checkpoint; nothing is asked of GitHub by what is wrong with it.
LEAST = ("--org", "octo", "--hook-id", "1", *NOWHERE)


def options(command: str) -> dict[str, Any]:
    """A command's options, by their long flags."""
    group = typer.main.get_command(app)
    found = group.get_command(typer.Context(group), command)  # type: ignore[attr-defined]
    assert found is not None
    return {
        name.removeprefix("--"): parameter
        for parameter in found.get_params(typer.Context(found))
        for name in parameter.opts
        if name.startswith("--")
    }


def helps(command: str) -> Iterator[tuple[str, str]]:
    return ((flag, getattr(one, "help", None) or "") for flag, one in options(command).items())


@pytest.mark.parametrize(("command", "rows"), [("run", ROWS), ("hooks", LISTING), ("replay", REPLAY)])
def test_flags_have_the_words_and_defaults_of_the_inputs(command: str, rows: dict[str, Any]) -> None:
    here = {
        "api-url": "https://api.github.com",
        "variable-repository": "",
        "explain": False,
        "dry-run": False,
        "send": False,
    }
    for name, row in rows.items():
        flag = options(command)[f"{name}-file" if row.secret else name.replace("guids-file", "guids")]
        words = re.sub(r"`(.*?)`", r"\1", row.description)
        assert re.sub(r"--([a-z-]+[a-z])", lambda one: one[1].removesuffix("-file"), flag.help).startswith(words)
        assert flag.default == (None if row.secret or row.several else here.get(name, row.default))


@pytest.mark.parametrize("command", ["run", "init", "hooks", "replay", "show"])
def test_help_names_existing_flags_and_no_inputs(command: str) -> None:
    there = set(options(command))
    for flag, text in helps(command):
        assert text, flag
        assert "`" not in text
        assert "input" not in text
        assert set(re.findall(r"--([a-z-]+[a-z])", text)) <= there
        # An input's name stands nowhere without its dashes; the brackets are around what differs.
        assert not {one for one in re.findall(r"(?<![<a-z-])[a-z]+(?:-[a-z]+)+", text) if one in CORE}


def refused(*arguments: str, **environment: str) -> Result:
    """What a command says that ends before anything is asked."""
    told = CliRunner().invoke(app, [*arguments], env=environment)
    assert told.exit_code == 2
    return told


def wrong(told: Result) -> list[str]:
    """The flags and arguments that its errors begin with."""
    return [line.removeprefix("error: ").partition(":")[0] for line in told.stderr.splitlines() if line[0] != " "]


def test_choices_are_shown_and_enforced() -> None:
    told = CliRunner().invoke(app, ["run", "--help"])
    assert "--scan <full|failures>" in told.output
    assert "--fail-on <error|down|undelivered|never>" in told.output
    told = refused("run", *LEAST, "--scan", "some", GH_TOKEN="t")
    assert "Invalid value for '--scan'" in told.output
    assert "'full', 'failures'" in told.output
    assert "Invalid value for '--format'" in refused("run", *LEAST, "--format", "matrix", GH_TOKEN="t").output
    for jobs in ("0", "257", "many"):
        refused("hooks", *LEAST, "--format", "matrix", "--jobs", jobs, GH_TOKEN="t")


VARIABLE = ("--variable-name", "X", "--state-file", "state.json")


@pytest.mark.parametrize(
    ("arguments", "environment", "problems"),
    [
        (["run"], {}, ["token", "org", "hook-id"]),
        (["show", UNKNOWN], {}, ["token", "org", "hook-id"]),
        (["replay"], {}, ["token", "org", "hook-id", "from"]),
        (["hooks"], {}, ["token", "org"]),
        (
            ["run", "--org", "no/such", "--hook-id", "one", "--max-attempts", "-1"],
            {},
            ["token", "org", "hook-id", "max-attempts"],
        ),
        (["run", "--org", "no/such", "--hook-id", "1", *VARIABLE], {"GH_TOKEN": "t"}, ["state-file", "org"]),
        (["run"], {"REDELIVER_ORG": "no/such", "REDELIVER_TOKEN": "hush hush"}, ["hook-id", "org", "token"]),
        (["run", *LEAST, "--app-id", "1"], {"REDELIVER_PRIVATE_KEY": "hush hush"}, ["private-key"]),
        (["run", *LEAST], {"GH_TOKEN": "t", "REDELIVER_VARIABLE_TOKEN": "hush hush"}, ["variable-token"]),
    ],
)
def test_all_problems_are_named_before_any_request(
    arguments: list[str], environment: dict[str, str], problems: list[str]
) -> None:
    told = refused(*arguments, *NOWHERE, **environment)
    assert wrong(told) == problems
    assert "hush" not in told.output
    for line in told.stderr.splitlines():
        if line.startswith("error: token: ") and not environment:
            named = ("REDELIVER_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "--token-file", "--private-key-file")
            assert all(name in line for name in named)
        if line.startswith("error: hook-id: ") and "--hook-id" not in arguments:
            assert "--hook-id" in line
            assert "redeliver hooks" in line


def test_help_is_plain_text_in_a_pipe_and_has_boxes_on_a_terminal() -> None:
    assert CliRunner().invoke(app, ["run", "-h"]).output.isascii()
    terminal = at_a_terminal("run", "-h", given={"TERM": "xterm-256color"})
    assert terminal.end() == 0
    assert "╭─ Which webhook ─" in terminal.text
    assert "[metrics]" in terminal.text


def test_flags_and_commands_stand_under_titles() -> None:
    def titles(*arguments: str) -> list[str]:
        return re.findall(r"^(\w.*):$", CliRunner().invoke(app, arguments).output, re.MULTILINE)

    assert titles("--help") == ["Options", "Set up", "Look (sends nothing)", "Send"]
    assert titles("run", "-h") == [*Topic]
    assert "redeliver hooks --org" in CliRunner().invoke(app, ["-h"]).output


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_is_printed(flag: str) -> None:
    assert CliRunner().invoke(app, [flag]).output == f"redeliver {__version__}\n"


# -- variables ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "init", "hooks", "replay", "show"])
def test_every_flag_has_a_variable(command: str) -> None:
    for flag, one in options(command).items():
        if flag != "help":
            assert one.envvar == "REDELIVER_" + flag.upper().replace("-", "_")


def test_flag_wins_over_its_variable(here: Server) -> None:
    guid = here.live.fail()
    there = {
        "REDELIVER_ORG": "octo",
        "REDELIVER_HOOK_ID": "404",
        "REDELIVER_API_URL": here.api_url,
        "REDELIVER_TOKEN_FILE": str(here.file("token")),
        "REDELIVER_STATE_FILE": str(here.state),
        "REDELIVER_WAIT_FOR_RESULTS": "0",
        "REDELIVER_FORMAT": "json",
    }
    dry = here.commands.run("run", "--hook-id", str(here.hook.id), given=there | {"REDELIVER_DRY_RUN": "true"}, code=0)
    assert dry.json["dry_run"] is True
    assert here.live.sent == []
    assert not here.state.exists()
    here.commands.run("run", "--hook-id", str(here.hook.id), given=there, code=0)
    assert here.live.sent == [guid]
    assert here.state.exists()


# -- where a token comes from -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environment",
    [
        {"REDELIVER_TOKEN": TOKEN, "GH_TOKEN": "ghp_wrong"},
        {"GH_TOKEN": TOKEN, "GITHUB_TOKEN": "ghp_wrong"},
        {"GITHUB_TOKEN": TOKEN},
    ],
)
def test_token_comes_from_the_environment_without_a_file(here: Server, environment: dict[str, str]) -> None:
    here.live.fail()
    here.given |= environment | {"GITHUB_TOKEN": "ghp_wrong"}
    here.run(code=0)  # the file comes first
    here.live.given.pop("token")
    here.given |= environment
    here.run(code=0)
    assert len(here.live.sent) == 1


def test_apps_key_wins_over_a_token_and_may_be_one_line(tmp_path: Path, forks: Commands) -> None:
    with server(tmp_path, forks, credential="app") as here:
        here.given["GH_TOKEN"] = "ghp_wrong"
        here.run(code=0)
        here.live.given.pop("private-key")
        here.given["REDELIVER_PRIVATE_KEY"] = key_pair().private.replace("\n", "\\n")
        here.run(code=0)


@pytest.mark.parametrize(
    ("flag", "content", "why"),
    [
        ("token", None, "No such file or directory"),
        ("private-key", None, "No such file or directory"),
        ("variable-token", None, "No such file or directory"),
        ("token", b" \n", "it is empty"),
        ("token", b"\xff\xfe", "it is not text"),
        ("token", 5 * 2**30, "it is too large"),
    ],
)
def test_file_without_a_secret_is_named_and_no_other_token_used(
    tmp_path: Path, flag: str, content: bytes | int | None, why: str
) -> None:
    path = tmp_path / "secret"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        with path.open("wb") as sparse:
            sparse.truncate(content)
    told = refused("run", *LEAST, f"--{flag}-file", str(path), GH_TOKEN="other")
    assert told.stderr.startswith(f"error: {FileUnreadable(path=str(path), why=why)}\n")


# -- secrets in the wrong place, and files that everybody can read ------------------------------------------------

MISPLACED = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


@pytest.mark.parametrize(
    "flags",
    [
        ("run", "--org", "octo", "--hook-id", MISPLACED),
        ("run", "--org", MISPLACED, "--hook-id", "1"),
        ("run", *LEAST, "--fail-on", MISPLACED),
        *(("run", *LEAST, f"--{flag}={MISPLACED}") for flag in sorted(SECRETS)),
        ("run", *LEAST, "--private-key-file", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA4f5wg5l2hKsTeNem"),
        ("hooks", "--org", "octo", "--jobs", MISPLACED),
        ("show", *LEAST, MISPLACED),
        ("replay", *LEAST, "--guid", MISPLACED),
        (MISPLACED,),
        ("REDELIVER_HOOK_ID",),
        ("REDELIVER_TIME_LIMIT",),
    ],
)
def test_credential_in_the_wrong_place_is_refused_and_not_shown(forks: Commands, flags: tuple[str, ...]) -> None:
    name, *_ = flags
    given, where = {"GH_TOKEN": TOKEN}, "on the command line"
    if name.startswith("REDELIVER_"):
        given[name], where = MISPLACED, f"in the variable {name}"
        flags = ("run", "--org", "octo", *NOWHERE)
    said = forks.run(*flags, given=given, code=2)
    assert told(CredentialMisplaced, said.err)["where"] == where
    assert not [piece for piece in ("0123456789", "MIIEp") if piece in said.everything]


@pytest.mark.parametrize(
    ("mode", "folder", "warns"), [(0o644, 0o755, True), (0o640, 0o755, False), (0o644, 0o750, False)]
)
def test_secret_file_that_every_user_can_read_is_used_with_a_warning(
    forks: Commands, mode: int, folder: int, *, warns: bool
) -> None:
    # The tests' own folders are closed to others, so these are not among them.
    with TemporaryDirectory() as outer:
        Path(outer).chmod(folder)
        path = Path(outer, "token")
        path.write_text(TOKEN)
        path.chmod(mode)
        said = forks.run("run", *LEAST, "--token-file", str(path), "--time-limit", "1s", "--quiet")
    if warns:
        assert said.err.startswith("warning: ")
        assert told(SecretReadable, said.err.splitlines()[0].removeprefix("warning: ")) == {"path": str(path)}
        assert SecretReadable.exit_code == 0
    else:
        assert not says(SecretReadable, said.err)
    assert said.code == 1  # nobody listens there


def test_secret_from_a_pipe_gives_no_warning(here: Server, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o666)
    text = here.file("token").read_text()
    with ThreadPoolExecutor() as writer:
        writer.submit(fifo.write_text, text)
        said = here.commands.run("run", *here.flags(), "--token-file", str(fifo), code=0)
    assert not says(SecretReadable, said.err)
