"""What init writes is what the documents show, whatever the values are; and it replaces nothing unasked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from redeliver.core.settings import Settings, parse
from redeliver.entry.init import _REMOTE
from redeliver.setup.plan import Found, blockers, commands, workflow

ROOT = Path(__file__).parents[3]
TEXT = "name: Redeliver\n"


def settings(**changed: str) -> Settings:
    given = {"org": "your-organization", "hook-id": "all", "token": "t"}
    given |= {"variable-name": "LAST_REDELIVERY", "variable-repository": "octo/ops"}
    return parse(given | {name.replace("_", "-"): value for name, value in changed.items()})


def test_workflow_is_the_example_with_its_values() -> None:
    example = (ROOT / "examples" / "scheduled.yml").read_text("utf-8").partition("\n")[2]
    example = re.sub(r" # <- change.*", "", example)
    written = workflow(settings(), 123456789).partition("\n")[2]
    assert re.sub(r'((?:org|variable-name): )"(\S+)"', r"\1\2", written) == example


@pytest.mark.parametrize("owner", [{"org": "no"}, {"org": "", "repository": "octo/1e3"}, {"org": "0123"}])
def test_values_of_the_workflow_are_text(owner: dict[str, str]) -> None:
    (step,) = yaml.safe_load(workflow(settings(**owner), 7))["jobs"]["redeliver"]["steps"]
    given = {name: value for name, value in owner.items() if value}
    assert given.items() <= step["with"].items()
    assert (step["with"]["hook-id"], step["with"]["variable-name"]) == ("7", "LAST_REDELIVERY")


def test_server_has_runners_of_its_own_and_no_unlisted_deployments() -> None:
    job = yaml.safe_load(workflow(settings(api_url="https://ghe.example/api/v3"), 7))["jobs"]["redeliver"]
    assert (job["environment"], job["runs-on"]) == ("redeliver", ["self-hosted", "linux"])


@pytest.mark.parametrize(
    ("there", "found", "replaced"),
    [
        (None, None, []),
        (TEXT, Found("main"), []),
        (TEXT, Found("main", has_environment=True, names={"main": 1}), []),
        ("", Found("main", has_environment=True), ["file", "environment"]),
        (None, Found("main", has_environment=True, names={}), ["environment"]),
        (None, Found("main", has_environment=True, names={"main": 1, "v*": 2}), ["environment"]),
        (None, Found("main", has_environment=True, names={"master": 1}, secret_since="2026"), ["environment", "2026"]),
    ],
)
def test_only_what_exists_and_differs_has_to_be_replaced(
    there: str | None, found: Found | None, replaced: list[str]
) -> None:
    told, difference = blockers("a file", there, TEXT, found)
    assert len(told) == len(replaced)
    assert all(word in sentence for word, sentence in zip(replaced, told, strict=True))
    assert any(line == "+name: Redeliver" for line in difference) == ("file" in replaced)


def test_commands_are_those_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8").replace("\\\n", "")
    documented = [
        " ".join(line.split())
        for line in readme.splitlines()
        if line.strip().startswith(("gh api --m", "gh api 'repos", "gh sec"))
    ]
    place = "repos/octo/ops/"
    printed = [one.replace(" --repo octo/ops", "") for one in commands(settings(), "main")]
    assert [
        one.replace("'repos/{owner}/{repo}/", place)
        .replace("redeliver' ", "redeliver ")
        .replace("policies' ", "policies ")
        for one in documented
    ] == printed
    *_, rule, secret = commands(settings(api_url="https://ghe.example/api/v3"), "a'$(id)")
    assert rule.endswith("""-f 'name=a'"'"'$(id)'""")
    assert secret.startswith("GH_HOST=ghe.example gh ")


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("git@github.com:octo/ops.git", ("github.com", "octo/ops")),
        ("https://github.com/octo/ops", ("github.com", "octo/ops")),
        ("https://x:ghp_hush@github.com:443/octo/op.s.git", ("github.com", "octo/op.s")),
        ("ssh://git@github.com:22/octo/ops.git/", ("github.com", "octo/ops")),
        ("/srv/git/octo/ops.git", None),
        ("", None),
    ],
)
def test_repository_of_a_clone(address: str, found: tuple[str, str] | None) -> None:
    matched = _REMOTE.fullmatch(address)
    assert (matched and matched.groups()) == found
