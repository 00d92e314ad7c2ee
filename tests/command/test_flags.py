"""The command line's flags are the action's inputs, but for secrets, which nobody may read from a command line."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from command.keys import key_pair
from command.program import NOWHERE, REDELIVER, TOKEN, Commands, Server, environment, server
from command.test_what_is_said import CONTROL, on_a_terminal
from redeliver import __version__
from redeliver.core.settings import Use, inputs
from redeliver.entry.cli import app
from redeliver.errors import BadToken, CredentialMisplaced, FileUnreadable, SecretReadable
from wording import says, told

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = {"token", "private-key", "variable-token"}
ROWS = {row.name: row for row in inputs(Use.RUN)}
CORE = set(ROWS)
OF_ITS_OWN = {"state-file", "metrics-file", "format", "quiet", "verbose", "help"}
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


def test_run_has_every_input_as_a_flag_and_every_secret_as_a_file() -> None:
    expected = (CORE - SECRETS) | {f"{name}-file" for name in SECRETS} | OF_ITS_OWN
    assert set(options("run")) == expected


def test_hooks_has_the_flags_that_make_sense_for_it() -> None:
    shared = {"org", "repository", "hook-id", "client-id", "app-id", "lookback", "time-limit", "api-url"}
    files = {"token-file", "private-key-file"}
    assert set(options("hooks")) == shared | files | {"format", "jobs", "quiet", "verbose", "help"}


def test_show_has_the_flags_that_name_a_webhook_and_its_credential() -> None:
    shared = {"org", "repository", "hook-id", "client-id", "app-id", "time-limit", "api-url"}
    files = {"token-file", "private-key-file"}
    assert set(options("show")) == shared | files | {"format", "quiet", "verbose", "help"}


@pytest.mark.parametrize(("command", "rows"), [("run", ROWS), ("hooks", LISTING), ("replay", REPLAY)])
def test_flags_say_what_the_inputs_say_and_have_their_defaults(command: str, rows: dict[str, Any]) -> None:
    here = {
        "api-url": "https://api.github.com",
        "variable-repository": "",
        "explain": False,
        "dry-run": False,
        "send": False,
    }
    for name, row in rows.items():
        flag = options(command)[f"{name}-file" if row.secret else name]
        words = re.sub(r"`(.*?)`", r"\1", row.description)
        assert re.sub(r"--([a-z-]+[a-z])", lambda one: one[1].removesuffix("-file"), flag.help).startswith(words)
        assert flag.default == (None if row.secret or row.several else here.get(name, row.default))


@pytest.mark.parametrize("command", ["run", "hooks", "replay", "show"])
def test_help_speaks_of_flags_that_there_are_and_not_of_inputs(command: str) -> None:
    there = set(options(command))
    for flag, text in helps(command):
        assert text, flag
        assert "`" not in text
        assert "input" not in text
        assert set(re.findall(r"--([a-z-]+[a-z])", text)) <= there
        # An input's name stands nowhere without its dashes; the brackets are around what differs.
        assert not {one for one in re.findall(r"(?<![<a-z-])[a-z]+(?:-[a-z]+)+", text) if one in CORE}


def test_replay_has_the_flags_that_make_sense_for_it() -> None:
    files = {"token-file", "private-key-file"}
    assert set(options("replay")) == (set(REPLAY) - SECRETS) | files | {
        "state-file",
        "format",
        "quiet",
        "verbose",
        "help",
    }


def test_choices_are_choices() -> None:
    told = CliRunner().invoke(app, ["run", "--help"])
    assert "--scan <full|failures>" in told.output
    assert "--fail-on <error|undelivered|never>" in told.output
    told = CliRunner().invoke(app, ["run", *LEAST, "--scan", "some"], env={"GH_TOKEN": "t"})
    assert told.exit_code == 2
    assert "Invalid value for '--scan'" in told.output
    assert "'full', 'failures'" in told.output


@pytest.mark.parametrize("command", [[], ["run"], ["hooks"], ["replay"], ["show"]])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_exit_codes_and_variables(command: list[str], flag: str) -> None:
    told = CliRunner().invoke(app, [*command, flag])
    assert told.exit_code == 0
    words = " ".join(told.output.split())
    for code in ("0 ", "1 ", "2 ", "128 + N "):
        assert code in words.partition("Exit codes: ")[2]
    assert "REDELIVER_HOOK_ID for --hook-id" in words
    for variable in ("GH_TOKEN", "GITHUB_TOKEN", "REDELIVER_TOKEN", "HTTPS_PROXY", "SSL_CERT_FILE"):
        assert variable in words


def test_help_is_plain_text_in_a_pipe_and_has_boxes_on_a_terminal() -> None:
    assert CliRunner().invoke(app, ["run", "-h"]).output.isascii()
    shown = "".join(on_a_terminal([*REDELIVER, "run", "-h"], environment(TERM="xterm-256color", COLUMNS="120")))
    assert "╭─ Options ─" in CONTROL.sub("", shown)


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


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_it_tells_its_version(flag: str) -> None:
    assert CliRunner().invoke(app, [flag]).output == f"redeliver {__version__}\n"


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ("redeliver ", {"run", "replay", "hooks", "show"}),
        ("redeliver replay --f", {"--from", "--format"}),
        ("redeliver run --retry", {"--retry-spacing"}),
        ("redeliver run --scan ", {"full", "failures"}),
        ("redeliver hooks --format ", {"text", "json", "matrix", "prometheus"}),
    ],
)
def test_a_shell_completes_commands_flags_and_choices(words: str, there: set[str]) -> None:
    asked = {"_REDELIVER_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    told = CliRunner().invoke(app, [], env=asked, prog_name="redeliver")
    assert set(told.output.split()) == there


def test_a_state_file_and_a_variable_are_not_both_possible() -> None:
    given = ["--org", "octo", "--hook-id", "1", "--variable-name", "X", "--variable-repository", "octo/ops"]
    told = CliRunner().invoke(app, ["run", *given, "--state-file", "state.json", *NOWHERE], env={"GH_TOKEN": "t"})
    assert told.exit_code == 2
    assert told.stderr.startswith("error: state-file: ")


def test_that_is_told_first_and_what_the_variable_lacks_is_no_question_then() -> None:
    given = ["--org", "no/such", "--hook-id", "1", "--variable-name", "X", "--state-file", "state.json", *NOWHERE]
    told = CliRunner().invoke(app, ["run", *given], env={"GH_TOKEN": "t"})
    assert [line.partition(":")[2] for line in told.stderr.splitlines()] == [
        " state-file: give either state-file or variable-name",
        " org: must be an organization's name, not 'no/such'",
    ]


@pytest.mark.parametrize("command", ["run", "hooks", "replay", "show"])
def test_without_a_token_it_names_what_there_is_on_a_command_line(command: str) -> None:
    chosen = {"replay": ("--from", "1h"), "show": (UNKNOWN,)}.get(command, ())
    told = CliRunner().invoke(app, [command, "--org", "octo", "--hook-id", "1", *chosen, *NOWHERE], env={})
    assert told.exit_code == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith("error: token: ")
    named = ("REDELIVER_TOKEN", "GH_TOKEN", "GITHUB_TOKEN", "--token-file", "--private-key-file")
    assert all(name in line for name in named)


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("run", ["token", "org", "hook-id"]),
        ("show", ["token", "org", "hook-id"]),
        ("replay", ["token", "org", "hook-id", "from"]),
        ("hooks", ["token", "org"]),
    ],
)
def test_what_is_missing_is_told_all_at_once_and_an_id_with_the_way_to_it(command: str, missing: list[str]) -> None:
    given = (UNKNOWN,) if command == "show" else ()
    told = CliRunner().invoke(app, [command, *given, *NOWHERE], env={})
    assert told.exit_code == 2
    lines = dict(line.removeprefix("error: ").split(": ", 1) for line in told.stderr.splitlines())
    assert list(lines) == missing
    assert all(name in lines.get("hook-id", "--hook-id redeliver hooks") for name in ("--hook-id", "redeliver hooks"))


def test_a_run_has_no_matrix() -> None:
    arguments = ["run", "--org", "octo", "--hook-id", "1", "--format", "matrix", *NOWHERE]
    told = CliRunner().invoke(app, arguments, env={"GH_TOKEN": "t"})
    assert told.exit_code == 2
    assert "Invalid value for '--format'" in told.output


# -- variables ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "hooks", "replay", "show"])
def test_every_flag_is_a_variable_too(command: str) -> None:
    for flag, one in options(command).items():
        if flag != "help":
            assert one.envvar == "REDELIVER_" + flag.upper().replace("-", "_")


def test_variables_say_what_flags_would_and_a_flag_counts_more(here: Server) -> None:
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


def test_a_variable_that_cannot_be_used_is_told_as_its_flag_is() -> None:
    told = CliRunner().invoke(app, ["run", *NOWHERE], env={"REDELIVER_ORG": "no/such", "REDELIVER_TOKEN": "q zz"})
    assert told.exit_code == 2
    assert [line.split(":")[1].strip() for line in told.stderr.splitlines()] == ["hook-id", "org", "token"]
    assert "q zz" not in told.output


@pytest.mark.parametrize("flag", sorted(SECRETS))
def test_a_secret_in_a_variable_is_read_and_never_shown(flag: str) -> None:
    wrong = {f"REDELIVER_{flag.upper().replace('-', '_')}": "ghp_hush hush"}
    told = CliRunner().invoke(app, ["run", *LEAST, "--app-id", "1"], env=wrong)
    assert told.exit_code == 2
    assert f"error: {flag}: " in told.stderr
    assert "hush" not in told.output


def test_an_apps_key_may_come_from_a_variable_on_one_line(tmp_path: Path, commands: Commands) -> None:
    with server(tmp_path, commands, credential="app") as here:
        here.live.fail()
        here.live.given.pop("private-key")
        here.given["REDELIVER_PRIVATE_KEY"] = key_pair().private.replace("\n", "\\n")
        here.run(code=0)
        assert len(here.live.sent) == 1


# -- where a token comes from -----------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["REDELIVER_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"])
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
    assert says(BadToken, here.run(code=1).err)


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
    assert told.err == f"error: {FileUnreadable(path=str(missing), why='No such file or directory')}\n"


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
    assert told.err == f"error: {FileUnreadable(path=str(path), why=why)}\n"


# -- secrets in the wrong place, and files that everybody can read ------------------------------------------------

MISPLACED = "ghp_0123456789abcdefghijABCDEFGHIJ012345"


@pytest.mark.parametrize(
    "flags",
    [
        ("run", "--org", "octo", "--hook-id", MISPLACED),
        ("run", "--org", MISPLACED, "--hook-id", "1"),
        ("run", *LEAST, "--fail-on", MISPLACED),
        ("run", *LEAST, f"--token={MISPLACED}"),
        ("run", *LEAST, "--private-key-file", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA4f5wg5l2hKsTeNem"),
        ("hooks", "--org", "octo", "--jobs", MISPLACED),
        ("show", *LEAST, MISPLACED),
        ("replay", *LEAST, "--guid", MISPLACED),
        (MISPLACED,),
    ],
)
def test_a_credential_on_the_command_line_is_refused_wherever_it_is_and_not_shown(
    commands: Commands, flags: tuple[str, ...]
) -> None:
    said = commands.run(*flags, given={"GH_TOKEN": TOKEN}, code=2)
    assert told(CredentialMisplaced, said.err)["where"] == "on the command line"
    assert not [piece for piece in ("0123456789", "MIIEp") if piece in said.everything]


@pytest.mark.parametrize("name", ["REDELIVER_HOOK_ID", "REDELIVER_FAIL_ON", "REDELIVER_TIME_LIMIT"])
def test_a_credential_in_the_variable_of_another_flag_is_refused_and_not_shown(commands: Commands, name: str) -> None:
    said = commands.run("run", "--org", "octo", *NOWHERE, given={"GH_TOKEN": TOKEN, name: MISPLACED}, code=2)
    assert told(CredentialMisplaced, said.err)["where"] == f"in the variable {name}"
    assert "0123456789" not in said.everything


@pytest.mark.parametrize(
    ("mode", "folder", "warns"), [(0o644, 0o755, True), (0o640, 0o755, False), (0o644, 0o750, False)]
)
def test_a_secrets_file_that_every_user_can_read_is_used_with_a_warning(
    commands: Commands, mode: int, folder: int, *, warns: bool
) -> None:
    # The tests' own folders are closed to others, so these are not among them.
    with TemporaryDirectory() as outer:
        Path(outer).chmod(folder)
        path = Path(outer, "token")
        path.write_text(TOKEN)
        path.chmod(mode)
        said = commands.run("run", *LEAST, "--token-file", str(path), "--time-limit", "1s", "--quiet")
    if warns:
        assert said.err.startswith("warning: ")
        assert told(SecretReadable, said.err.splitlines()[0].removeprefix("warning: ")) == {"path": str(path)}
        assert SecretReadable.exit_code == 0
    else:
        assert not says(SecretReadable, said.err)
    assert said.code == 1  # nobody listens there


def test_a_secret_from_a_pipe_is_nobody_elses_to_read(here: Server, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o666)
    text = here.file("token").read_text()
    with ThreadPoolExecutor() as writer:
        writer.submit(fifo.write_text, text)
        said = here.commands.run("run", *here.flags(), "--token-file", str(fifo), code=0)
    assert not says(SecretReadable, said.err)
