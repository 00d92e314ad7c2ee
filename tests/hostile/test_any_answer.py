"""Whatever an API answers to any of its calls, a run ends cleanly: in time, in little memory, with all its results."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from command.keys import key_pair
from command.program import Commands, Started, environment
from hostile.answers import Answer, everything
from hostile.api import TARGETS, Api
from hostile.rawserver import RawServer
from runner import commands, outputs
from runs.lengths import SOAK
from step import as_variables

#: Bytes of memory, as the container and the unit of a server limit it, and seconds until a run is killed.
MEMORY, KILLED_AFTER = 900 * 10**6, 60
AT_ONCE = 12
TOKEN = "github_pat_hush"
#: An answer that is lost must not lead to the same attempt again: this call is given all of them.
EVERYTHING_AT = "POST an attempt"
OTHERS = [target for target in TARGETS if target != EVERYTHING_AT]
#: Words in the names of the bodies that mean the most to a call.
MADE_FOR = {
    "GET the deliveries": ("a row", "a status of"),
    "GET the variable": ("a checkpoint", "a value of", "a surrogate"),
    "POST an access token": ("token",),
    "GET the installation": ("an installation",),
    "GET the list of webhooks": ("a million",),
}
NAMES = {"group", "endgroup", "notice", "warning", "error", "add-mask"}
#: Answers of which each needs something else of the program as it is started, and the calls that they are given to: in
#: ``make test`` one each.
AS_STARTED = (
    ("large: gzip", "GET the deliveries"),
    ("large: a chunk of size -1, which http.client reads to the end", "POST an attempt"),
    ("body: a row of parts", "GET the deliveries"),
    ("slow: silence", "POST an attempt"),
)
CALLS_AS_STARTED = list(dict.fromkeys(target for _, target in AS_STARTED))


def step(api: Api, number: int, url: str, folder: Path, *, time_limit: int = 1) -> dict[str, str]:
    """What a step has in its environment."""
    files = {"GITHUB_OUTPUT": folder / f"{number}.output", "GITHUB_STEP_SUMMARY": folder / f"{number}.md"}
    for file in files.values():
        file.touch()
    given = api.inputs(number, key_pair().private, TOKEN) | {"time-limit": f"{time_limit}s", "api-url": url}
    return {"GITHUB_ACTIONS": "true"} | as_variables(given) | {name: str(path) for name, path in files.items()}


def start(forks: Commands, api: Api, number: int, url: str, folder: Path) -> Started:
    """A run with little memory and one second for its last calls: two minutes would be waited for in vain."""
    log = folder / f"{number}.log"
    log.touch()
    sets = {"redeliver.timing.CLOSING_LIMIT": 1.0}
    return forks.start(
        given=step(api, number, url, folder), out=str(log), err=str(log), folder=str(folder), memory=MEMORY, sets=sets
    )


def wrong(code: int, folder: Path, number: int) -> Iterator[str]:
    """What is wrong with how a run ended."""
    log = (folder / f"{number}.log").read_text("utf-8", errors="replace")
    if code not in {0, 1}:
        yield f"ended with {code}: {log[-300:]}"
        return
    written = outputs(folder / f"{number}.output")
    summary = (folder / f"{number}.md").read_text("utf-8")
    if "Traceback" in log or "internal error" in log:
        yield f"fell over: {log[-300:]}"
    if not summary.startswith("## "):
        yield f"summary: {summary[:80]!r}"
    if not {"report", "redelivered-count", "undelivered-count", "scanned-count"} <= written.keys():
        yield f"outputs: {sorted(written)}"
    elif bool(json.loads(written["report"])["errors"]) != (code == 1):
        yield f"ended with {code}, though the report says {written['report'][:200]}"
    if odd := {command.name for command in commands(log)} - NAMES:
        yield f"commands: {odd}"
    shown = "\n".join(line for line in log.splitlines() if not line.startswith("::add-mask::")) + summary
    if TOKEN in shown or "ghs_hush" in shown or "evil.example/" in shown:
        yield "shows what it must not"


def repeated(api: Api, number: int) -> Iterator[str]:
    """Which attempts were asked for more than once."""
    path = f"/run-{number}/"
    posts = Counter(one.path for one in api.asked if one.path.endswith("/attempts") and path in one.path)
    return (f"asked {times} times for {one}" for one, times in posts.items() if times > 1)


def is_limit(name: str) -> bool:
    """Whether it says that a limit refused the call, which may then be made again."""
    return name.startswith("limit") or name == "status: 429"


def answers_at(target: str) -> dict[str, Answer]:
    """The answers that are given to a call: all of them in ``make soak``, else the other calls share them."""
    if SOAK or target == EVERYTHING_AT:
        return everything()
    # By their numbers within their kind, so that each call gets some of each; and where they mean the most.
    numbers: Counter[str] = Counter()
    given = {}
    for name, answer in everything().items():
        kind = name.partition(":")[0]
        at_home = kind == "body" and any(word in name for word in MADE_FOR.get(target, ()))
        if at_home or numbers[kind] % 5 == OTHERS.index(target) % 5:
            given[name] = answer
        numbers[kind] += 1
    return given


@pytest.mark.parametrize("target", TARGETS)
def test_run_ends_cleanly_whatever_is_answered(target: str, tmp_path: Path, forks: Commands) -> None:
    given = answers_at(target)
    names, api, codes = list(given), Api(list(given.values()), target), list[int]()
    with RawServer(api) as server:
        for first in range(0, len(names), AT_ONCE):
            with ExitStack() as running:
                started = [
                    running.enter_context(start(forks, api, number, server.url, tmp_path))
                    for number in range(first, min(first + AT_ONCE, len(names)))
                ]
                codes += [one.wait(KILLED_AFTER) for one in started]
    faults = {
        name: [*wrong(codes[number], tmp_path, number), *(() if is_limit(name) else repeated(api, number))]
        for number, name in enumerate(names)
    }
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(codes) == len(names) > 15


@pytest.mark.parametrize(
    ("name", "target"),
    [(name, target) for name, _ in AS_STARTED for target in CALLS_AS_STARTED] if SOAK else AS_STARTED,
)
def test_started_program_ends_cleanly(name: str, target: str, tmp_path: Path) -> None:
    api = Api([everything()[name]], target)
    # Not sh, which drops variables whose names hold a hyphen.
    limited = ["bash", "-c", f'ulimit -v {MEMORY // 1_024} && exec "$0" -m redeliver', sys.executable]
    with RawServer(api) as server, (tmp_path / "0.log").open("wb") as log:
        given = environment(**step(api, 0, server.url, tmp_path))
        code = subprocess.run(limited, env=given, stdout=log, stderr=log, timeout=60, check=False).returncode
    assert [*wrong(code, tmp_path, 0), *repeated(api, 0)] == []
    assert code == ("deliveries" in target)
