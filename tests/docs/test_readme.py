"""The documents' facts are those of the code: names, numbers, and the workflow to copy."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from githubsim.contract import description
from redeliver.core.flow import CREDIT, CREDIT_IF_ALIVE, MOST_TYPES, RECEIVER, WIDEST, WINDOW
from redeliver.core.settings import FailOn, parse
from redeliver.output.report_json import OUTPUTS
from write_docs import INPUTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETUP = (ROOT / "docs" / "setup.md").read_text(encoding="utf-8")
TRACKING = (ROOT / "docs" / "tracking-issue.md").read_text(encoding="utf-8")
#: The one to copy.
(WORKFLOW,) = re.findall(r"^```yaml\n(name: .*?)^```$", README, re.DOTALL | re.MULTILINE)
PROOFS, DESIGN = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("proofs.md", "maintainers.md"))
#: The inputs that the README leaves out.
(OTHERS,) = re.findall(
    r"^## Inputs$.*?^## ", (ROOT / "docs" / "reference.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
#: Hours of a month, as GitHub bills the year in twelve parts.
MONTH = 365 * 24 / 12
#: What the form for a fine-grained token takes, and the permissions that the action needs. Source:
#: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
FORM = {"name", "description", "target_name", "expires_in"}
PERMISSIONS = {"organization_hooks", "repository_hooks", "actions_variables"}


def test_readme_is_short() -> None:
    assert len(README.split()) <= 1_400


def test_workflow_to_copy_is_the_tested_example() -> None:
    example = yaml.safe_load((ROOT / "examples" / "scheduled.yml").read_text(encoding="utf-8"))
    del example["jobs"]["redeliver"]["name"]
    assert yaml.safe_load(WORKFLOW) == example


def test_commented_inputs_of_the_workflow_are_valid() -> None:
    offered = yaml.safe_load(re.sub(r"# (?=- cron|[a-z-]+: \w+ #)", "", WORKFLOW))
    assert len(offered[True]["schedule"]) == 2
    (step,) = offered["jobs"]["redeliver"]["steps"]
    assert {"dry-run", "lookback", "fail-on"} <= step["with"].keys()
    given = {name: "t" if name == "token" else str(value).lower() for name, value in step["with"].items()}
    settings = parse({"variable-repository": "octo/ops", **given})
    assert settings.dry_run
    assert settings.lookback * 1_000 == settings.retention
    assert settings.fail_on is FailOn.UNDELIVERED


def test_numbers_of_flow_control_are_those_of_the_code() -> None:
    for text in (README, PROOFS):
        assert f"at most {RECEIVER} redeliveries a run" in text
    (section,) = re.findall(r"^## Flow control$.*?^## ", DESIGN, re.DOTALL | re.MULTILINE)
    for told in (
        f"begins at {WINDOW}. Each success widens it by 1, to {WIDEST} at most",
        f"begin at {CREDIT}, or at {CREDIT_IF_ALIVE} if",
        f"first {MOST_TYPES} types",
        f"a credit of {RECEIVER},",
    ):
        assert told in section


def test_steps_of_the_readme_are_in_order() -> None:
    form, command, workflow = (README.index(text) for text in ("personal-access-tokens/new", "gh secret set", WORKFLOW))
    assert form < README.index(" hooks --org YOUR-ORGANIZATION") < command < workflow < README.index("**Start it**")


def test_job_of_the_tracking_issue_fits_below_the_workflow() -> None:
    (job,) = re.findall(r"^```yaml\n(  tracking-issue:.*?)^```$", TRACKING, re.DOTALL | re.MULTILINE)
    jobs = yaml.safe_load(WORKFLOW + job)["jobs"]
    example = yaml.safe_load((ROOT / "examples" / "tracking-issue.yml").read_text(encoding="utf-8"))["jobs"]
    del example["tracking-issue"]["name"]
    assert jobs["tracking-issue"] == example["tracking-issue"]
    ((needed, output),) = re.findall(r"needs\.([\w-]+)\.outputs\.([\w-]+)", job)
    ((step, of_the_step),) = re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", jobs[needed]["outputs"][output])
    assert step in {one.get("id") for one in jobs[needed]["steps"]}
    assert of_the_step in OUTPUTS


def test_costs_of_schedules_fit_their_cron_lines() -> None:
    lines = [line for line in README.splitlines() if re.search(r"[\d,]+ \* \* \* \*", line)]
    assert len(lines) == 2
    for line in lines:
        runs = len(re.search(r"([\d,]+) \* \* \* \*", line)[1].split(","))  # type: ignore[index]
        assert f"{round(runs * MONTH):,}" in line


def test_every_input_is_described_once() -> None:
    described = re.findall(r"^\| `([a-z-]+)` \|", README + OTHERS, re.MULTILINE)
    assert sorted(described) == sorted(row.name for row in INPUTS)
    assert all(f"`{row.name}`" in README for row in INPUTS)


@pytest.mark.parametrize(
    ("text", "permission"),
    [(README, "organization_hooks"), (SETUP, "repository_hooks")],
    ids=["README.md", "setup.md"],
)
def test_link_to_the_token_form_fills_in_its_fields(text: str, permission: str) -> None:
    (link,) = re.findall(r"https://github\.com/settings/personal-access-tokens/new\?[^)\s]+", text)
    given = parse_qs(urlsplit(link).query, strict_parsing=True)
    assert set(given) <= FORM | PERMISSIONS
    assert PERMISSIONS & set(given) == {permission, "actions_variables"}
    assert given[permission] == given["actions_variables"] == ["write"]
    assert len(given["name"][0]) <= 40
    assert 1 <= int(given["expires_in"][0]) <= 366


def test_commands_that_store_the_token_fit_githubs_api() -> None:
    """Held against GitHub's OpenAPI description; what ``gh`` makes of the flags is documented by it."""
    told = README.replace("\\\n", "").replace("{owner}/{repo}", "octo/ops")
    ((environment, given),) = re.findall(r"gh api --method PUT '(repos/[^']+)'(.*)", told)
    assert environment == "repos/octo/ops/environments/redeliver"
    put = description().find("PUT", f"/{environment}")
    assert put
    (name,) = set(re.findall(r"-F '(\w+)\[", given))
    assert name in put.content["requestBody"]["content"]["application/json"]["schema"]["properties"]
    (policies,) = re.findall(r"gh api '(repos/[^']+)' -f name=main", told)
    assert policies.startswith(environment)
    assert description().find("POST", f"/{policies}")
    ((secret, place),) = re.findall(r"gh secret set (\w+) --env (\w+)", told)
    example = (ROOT / "examples" / "scheduled.yml").read_text(encoding="utf-8")
    assert f"secrets.{secret} " in example
    assert f"name: {place}\n" in example


def test_pictures_are_small() -> None:
    pictures = re.findall(r'(?:src|srcset)="(docs/.+?)"', README)
    assert len(pictures) == 4
    for picture in pictures:
        assert 10_000 < (ROOT / picture).stat().st_size < 400_000, picture
