"""``redeliver hooks``: how webhooks fare, for people and for programs, and as a matrix for a fleet of jobs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from command.program import Commands, Server, server
from command.site import CredentialKind, HookKind
from githubsim.clock import MINUTE
from githubsim.hooks import Hook
from githubsim.outcomes import OK, REDIRECTED, UNAVAILABLE
from redeliver.core.settings import parse
from redeliver.errors import NoHooks, NoSuchHook, NotFound
from redeliver.github.endpoint import host_of
from redeliver.github.hooks import Hook as Listed
from redeliver.github.hooks import repository
from redeliver.run.lookup import matrix
from samples import Calls
from wording import says, told


def log(here: Server, hook: Hook) -> int:
    """Five deliveries, two of them failed, one of them long ago. Gives the moment of the last success."""
    now = here.live.sim.clock()
    hook.add(now - 30 * 60 * MINUTE, OK)
    hook.add(now - 50 * MINUTE, UNAVAILABLE)
    hook.add(now - 40 * MINUTE, OK)
    last = hook.add(now - 30 * MINUTE, OK).delivered_at
    hook.add(now - 20 * MINUTE, REDIRECTED)
    return last


def listed(here: Server, *more: str) -> Any:  # noqa: ANN401 - JSON is anything
    return here.hooks("--format", "json", *more, code=0).json


def test_listing_counts_deliveries_within_the_lookback(here: Server) -> None:
    last = log(here, here.hook)
    quiet = here.live.sim.org_hook("octo", url="https://quiet.example/in")
    counts = {"deliveries": 4, "failed": 2, "last_success": last, "undelivered": 2}
    degraded = {
        "state": "degraded",
        "events": 4,
        "delivered_first_try": 2,
        "duration_ms": {"p50": 120, "p95": 120, "max": 120},
        "near_timeout": 0,
        "throttled": 0,
        "by_event": [{"event": "push", "events": 4, "delivered_first_try": 2, "p95_ms": 120}],
    }
    unknown = {"state": "unknown", "events": 0, "delivered_first_try": 0, "duration_ms": None, "by_event": []}
    assert listed(here, "--hook-id", "all") == [
        {"hook_id": str(here.hook.id), "owner": "octo", "host": "hooks.example", "active": True}
        | counts
        | {"health": degraded},
        {"hook_id": str(quiet.id), "owner": "octo", "host": "quiet.example", "active": True}
        | dict.fromkeys(counts, 0)
        | {"last_success": None, "health": degraded | unknown},
    ]
    assert listed(here, "--lookback", "45m")[0]["deliveries"] == 3
    assert listed(here, "--lookback", "2d")[0]["deliveries"] == 5
    assert {one.verb for one in here.live.sim.journal.entries} == {"GET"}
    assert {path.name for path in here.folder.iterdir()} == {"token.txt"}


def test_inactive_webhooks_are_marked_and_have_no_job(here: Server) -> None:
    off = here.live.sim.org_hook("octo", active=False)
    off.add(here.live.sim.clock() - MINUTE, UNAVAILABLE)
    (one,) = listed(here, "--hook-id", str(off.id))
    assert (one["hook_id"], one["active"], one["failed"]) == (str(off.id), False, 1)
    told = here.hooks("--hook-id", "all", "--format", "matrix", code=0).json
    assert told == {"include": [{"hook-id": f"{here.hook.id},"}]}
    here.live.given.pop("hook-id")
    found = [(one["hook_id"], one["active"]) for one in listed(here)]
    assert sorted(found) == sorted([(str(here.hook.id), True), (str(off.id), False)])
    marked = [line for line in here.hooks(code=0).out.splitlines() if "off, " in line]
    assert [str(off.id) in line for line in marked] == [True]


def test_listing_for_people_is_a_table(here: Server) -> None:
    log(here, here.hook)
    out = here.hooks(code=0).out
    row = next(line for line in out.splitlines() if str(here.hook.id) in line)
    expected = ["🟡", str(here.hook.id), "hooks.example", "2", "50.0%", "30 min ago", "4", "50%", "0.1 s", "degraded"]
    assert re.split(r"  +", row) == expected
    assert "Last success" in out
    assert out.splitlines()[-1].startswith(f"Next: redeliver run --org octo --hook-id {here.hook.id} --dry-run")


@pytest.mark.parametrize(("hook", "credential"), [("repository", "app"), ("app", "app")])
def test_webhooks_of_a_repository_and_of_an_app_are_listed(
    tmp_path: Path, forks: Commands, hook: HookKind, credential: CredentialKind
) -> None:
    with server(tmp_path, forks, hook, credential) as here:
        log(here, here.hook)
        (one,) = listed(here)
        assert (one["deliveries"], one["failed"]) == (4, 2)
        assert one["hook_id"] == ("" if hook == "app" else str(here.hook.id))
        job = {"hook-id": "" if hook == "app" else f"{here.hook.id},"}
        assert here.hooks("--format", "matrix", code=0, hook_id="all").json == {"include": [job]}


def test_listing_shows_hosts_alone_and_no_control_characters(here: Server) -> None:
    here.live.sim.org_hook("octo", url="https://user:hunter2@secret.example:8443/path?key=hunter2")
    here.live.sim.org_hook("octo", url="https://\x1bc\x9b31mevil.example/")
    here.live.sim.org_hook("octo", url="https://[bold]red.example/")
    here.live.sim.org_hook("octo", url="::error::https://x/")
    for form in ("text", "json", "matrix"):
        said = here.hooks("--hook-id", "all", "--format", form, code=0)
        assert "hunter2" not in said.everything
        assert not [mark for mark in said.everything if not mark.isprintable() and mark != "\n"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Hooks.Example:8443/in?x=1", "hooks.example"),
        ("https://user:secret@hooks.example", "hooks.example"),
        ("https://a\x1bcb.example/", "a cb.example"),
        ("https://[::1]:80/", "::1"),
        ("https://a1b2c3d4e5f6a7b8.m.pipes.example/x", "a1b2….m.pipes.example"),
        ("https://continuous-integration.acme.example", "continuous-integration.acme.example"),
        ("https://[nonsense", ""),
        ("", ""),
    ],
)
def test_host_of_an_address_has_visible_characters_alone(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize("form", ["text", "json", "matrix"])
def test_missing_webhook_is_an_error_in_every_format(here: Server, form: str) -> None:
    said = here.hooks("--format", form, code=1, hook_id="https://nobody.example/*")
    assert says(NoSuchHook, said.err)
    assert said.out == ""
    if form != "matrix":
        said = here.hooks("--format", form, code=1, hook_id="404")
        assert "404" in told(NotFound, said.err.splitlines()[-2])["missing"]
        assert said.out == ""
    here.live.sim.hooks.clear()
    said = here.hooks("--format", form, code=1, hook_id="all")
    what = "active webhook" if form == "matrix" else "webhook"
    assert told(NoHooks, said.err) == {"owner": "error: octo", "what": what}


# -- as a matrix ------------------------------------------------------------------------------------------------


def test_matrix_has_at_most_256_jobs_and_reads_no_log(here: Server) -> None:
    for _ in range(299):
        here.live.sim.org_hook("octo")
    told = here.hooks("--hook-id", "all", "--format", "matrix", code=0).json["include"]
    assert len(told) == 256
    dealt = [int(part) for job in told for part in job["hook-id"].split(",") if part]
    assert sorted(dealt) == sorted(here.live.sim.hooks)
    assert max(job["hook-id"].count(",") for job in told) == 2
    fewer = here.hooks("--hook-id", "all", "--format", "matrix", "--jobs", "2", code=0).json["include"]
    assert len(fewer) == 2
    assert not [one for one in here.live.sim.journal.entries if one.path.endswith("/deliveries")]


@pytest.mark.parametrize(("hooks", "jobs"), [(1, 256), (7, 3), (256, 256), (257, 256), (1_000, 256), (5, 1)])
def test_every_job_of_a_matrix_has_a_list_and_the_repositories_of_its_hooks(hooks: int, jobs: int) -> None:
    """Each repository has three webhooks: jobs of as many webhooks have two repositories at most."""
    owners = {number: f"octo/{number // 3}" for number in range(1, hooks + 1)}
    listed = [Listed(Calls().caller, repository(owner, ""), number) for number, owner in owners.items()]
    dealt = matrix(listed, jobs, of_fleet=True)["include"]
    assert len(dealt) == min(hooks, jobs)
    choices = [parse({"token": "t", **job}) for job in dealt]
    assert all(choice.hook_id.several for choice in choices)
    assert [one for choice in choices for one in choice.hook_id.ids] == [*owners]
    sizes = {len(choice.hook_id.ids) for choice in choices}
    assert max(sizes) - min(sizes) <= 1
    for choice in choices:
        assert choice.repository == tuple(dict.fromkeys(owners[one] for one in choice.hook_id.ids))
    assert matrix(listed, jobs) == {"include": [{"hook-id": job["hook-id"]} for job in dealt]}
