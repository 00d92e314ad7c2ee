"""The workflow that ``redeliver init`` writes, what stands in its way, and what is left to do. Pure.

The README's steps, in which users do the same by hand, are written beside it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING

from redeliver import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redeliver.core.settings import Settings

ENVIRONMENT = "redeliver"
SECRET = "REDELIVER_TOKEN"  # noqa: S105  its name
#: Where the file is written, as the README's step 4 has it.
WORKFLOW_FILE = ".github/workflows/redeliver-webhooks.yml"
#: Lines of a file's difference that are shown.
_SHOWN = 100
#: examples/scheduled.yml with values to fill in. Values are in quotes, since a name may be a word of YAML's, as ``no``.
_WORKFLOW = """\
# Redelivers failed webhook deliveries: https://github.com/%(action)s
name: Redeliver webhooks

on:
  schedule:
    - cron: "17 * * * *" # hourly: free in a public repository, at least 730 billed minutes a month in a private one
    # - cron: "7,22,37,52 * * * *" # instead, every 15 minutes: at least 2,920 billed minutes
  workflow_dispatch:

permissions: {} # the workflow's own token is not used

concurrency: # one run at a time; a second one waits
  group: redeliver-webhooks
  cancel-in-progress: false

jobs:
  redeliver:
    name: Redeliver
    runs-on: %(runner)s
    environment: # holds the secrets, for the default branch only: see docs/setup.md
      name: redeliver
      deployment: false # keeps runs out of the list of deployments
    timeout-minutes: 350 # above time-limit (5h), so that a long run can stop cleanly
    outputs:
      report: ${{ steps.redeliver.outputs.report }} # for a tracking issue: see docs/tracking-issue.md
    steps:
      - id: redeliver
        uses: %(action)s@v1 # this action: leave it as it is, or pin a release's commit: @<SHA> # v1.0.0
        with:
          %(kind)s: "%(owner)s"
          hook-id: "%(hook_id)s"
          token: ${{ secrets.REDELIVER_TOKEN }} # Webhooks: write of the %(of)s, Variables: write on this repository
          variable-name: "%(variable)s" # the first run creates it
          # Uncomment to use:
          # dry-run: true # look first: report, and send nothing
          # lookback: 3d # first run only: look back 3 days, not 24 hours
          # fail-on: undelivered # fail more often
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a repository has of it already."""

    branch: str
    """Its default branch."""
    has_environment: bool = False
    names: Mapping[str, int] | None = None
    """Branches and tags that may use the environment, by name, with their rules' ids; None: there is no such rule."""
    secret_since: str = ""
    """When the secret was last written; empty: there is none."""

    @property
    def is_protected(self) -> bool:
        """Whether only the default branch may use the environment's secrets."""
        return self.names is not None and [*self.names] == [self.branch]

    @property
    def users(self) -> str:
        """Who may use the environment's secrets, for a sentence."""
        if self.names is None:
            return "branches that no name limits"
        return ", ".join(self.names) or "no branch"


def workflow(settings: Settings, hook_id: int) -> str:
    """The text of the workflow for a webhook."""
    text = _WORKFLOW % {
        "action": REPOSITORY,
        "runner": "[self-hosted, linux]" if settings.is_enterprise_server else "ubuntu-latest",
        "kind": "org" if settings.org else "repository",
        "owner": settings.target,
        "of": "organization" if settings.org else "repository with the webhook",
        "hook_id": hook_id,
        "variable": settings.variable_name,
    }
    if settings.is_enterprise_server:  # a server may not know `deployment` yet
        text = text.replace("environment: #", f"environment: {ENVIRONMENT} #")
        text = "".join(
            line for line in text.splitlines(keepends=True) if not line.startswith(("      name:", "      deployment:"))
        )
    return text


def blockers(path: str, there: str | None, text: str, found: Found | None) -> tuple[tuple[str, ...], list[str]]:
    """What would have to be replaced, as sentences, and lines that show how the workflow's file would change.

    ``there``: the file's text; None: there is no file. ``found``: None: nobody looked.
    """
    sentences, difference = [], []
    if there not in {None, text}:
        sentences.append(f"replace: {path} exists and differs from the new one")
        difference = [*unified_diff((there or "").splitlines(), text.splitlines(), path, "new", lineterm="")][:_SHOWN]
    if found and found.has_environment and not found.is_protected:
        sentences.append(
            f"replace: the environment {ENVIRONMENT} exists, and {found.users} may use it, not only {found.branch}"
        )
    if found and found.secret_since:
        sentences.append(f"replace: the secret {SECRET} has existed there since {found.secret_since}")
    return tuple(f"{one}. To replace it, add --replace." for one in sentences), difference


def commands(settings: Settings, branch: str) -> Iterator[str]:
    """The README's commands that store the token. The last one asks for it."""
    host = settings.web_url.partition("://")[2]
    gh = "gh" if host == "github.com" else f"GH_HOST={host} gh"
    repository = settings.variable_repository
    place = f"repos/{repository}/environments/{ENVIRONMENT}"
    yield (
        f"{gh} api --method PUT {place} -F 'deployment_branch_policy[protected_branches]=false' "
        "-F 'deployment_branch_policy[custom_branch_policies]=true'"
    )
    yield f"{gh} api {place}/deployment-branch-policies -f {shlex.quote(f'name={branch}')}"
    yield f"{gh} secret set {SECRET} --env {ENVIRONMENT} --repo {repository}"


def last_commands(path: str, branch: str) -> Iterator[str]:
    """The commands that are left when the token is stored."""
    quoted = shlex.quote(path)
    yield f"git add {quoted}"
    yield 'git commit -m "Redeliver webhooks"'
    yield f"git push  # it must reach {branch}"
    yield f"gh workflow run {shlex.quote(path.replace(chr(92), '/').rpartition('/')[2])}"
