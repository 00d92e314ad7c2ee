"""The action's words, and the only place where whole sentences are compared: with tests/unit/wording/*.txt.

After an intended change, run once with ``UPDATE_SNAPSHOTS=1``, and read the difference as a user would.
"""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

import reports
from docs.sentences import kinds, problems
from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, HOUR, MINUTE, START
from githubsim.faults import Fault, json_answer
from githubsim.outcomes import OK, REDIRECTED, UNAVAILABLE, invalid_response
from redeliver.core.case import OUTCOMES, Outcome
from redeliver.core.deliveries import NO_CONNECTION, TIMED_OUT, TLS
from redeliver.core.facts import FactKind
from redeliver.core.report import Outage
from redeliver.core.settings import FailOn
from redeliver.entry.cli import app
from redeliver.errors import REQUEST_ID
from redeliver.output.headline import annotate, headline, mark, what_comes_next
from redeliver.output.pieces import advice_for
from redeliver.output.report_json import as_json
from redeliver.output.summary import markdown
from redeliver.replay import page as replay_page
from redeliver.tracking.decision import TrackingIssue, decide
from redeliver.tracking.page import issue_body, issue_comment
from redeliver.tracking.situation import read_report
from unit.output.endings import ANNOTATED, ENDINGS
from world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FIGURES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
_REQUEST_ID = re.compile(re.escape(REQUEST_ID) + "[0-9A-F:]+")
SNAPSHOTS = Path(__file__).with_name("wording")


# -- sentences ---------------------------------------------------------------------------------------------------


def errors() -> Iterator[str]:
    for name, kind in sorted(kinds().items()):
        yield f"{name}: {kind.sentence} | {kind.advice}"
    for fact in FactKind:
        if not fact.name.startswith("ERROR"):  # they have the error's words
            words, level = fact.value, fact.value.level.name
            yield f"{fact.name.removesuffix(f'_{level}')} {level}: {words.sentence} | {words.advice or words.then}"


def wrong_inputs() -> Iterator[str]:
    yield from sorted(problems())


def outcomes() -> Iterator[str]:
    for words in OUTCOMES.values():
        yield f"{words.mark} {words.word}: {words.advice}"


def causes() -> Iterator[str]:
    for cause in (NO_CONNECTION, TIMED_OUT, TLS, *(f"HTTP {code}" for code in (302, 401, 404, 413, 422, 429, 503))):
        yield f"{cause}: {advice_for(cause)}"


def headlines() -> Iterator[str]:
    for report in ENDINGS:
        yield " ".join([mark(report), headline(report), *(f"| {next_}" for next_ in what_comes_next(report))])


def notes() -> Iterator[str]:
    for report in ANNOTATED:
        said = annotate(report, FailOn.ERROR)
        yield from (f"error: {error}" for error in said.errors)
        yield from (f"{kind}: {text}" for kind, text in (("warning", said.warning), ("notice", said.notice)) if text)


def helps() -> Iterator[str]:
    group = typer.main.get_command(app)
    commands = {"redeliver": group} | getattr(group, "commands", {})
    for name, command in commands.items():
        yield f"{name}: {command.help} | {' '.join((command.epilog or '').split())}"
        yield from (f"{name} {one.opts[0]}: {one.help}" for one in command.params if getattr(one, "help", None))


# -- logs and pages of whole runs ---------------------------------------------------------------------------------


def shown(world: World, inputs: dict[str, str] | None = None) -> Iterator[str]:
    """A run's log, and its summary."""
    report = world.run(inputs)
    for line in (*log(world), *page(markdown(report))):
        yield _REQUEST_ID.sub(f"{REQUEST_ID}ID", line)


def log(world: World) -> Iterator[str]:
    """Lines, and of details that differ in figures alone the first."""
    yield from world.console.lines
    yield from (f"debug: {line}" for line in {_FIGURES.sub("", one): one for one in world.console.details}.values())


def page(text: str) -> Iterator[str]:
    """Markdown as a reader sees its words: without charts, and without rows that name one event by a link."""
    text = re.sub(r"^```mermaid$.*?^```$", "(a chart)", text, flags=re.DOTALL | re.MULTILINE)
    text = html.unescape(text).replace("\xa0", " ").replace("\u2060", "")
    yield from (line for line in re.sub(r"\n{2,}", "\n", text).splitlines() if not line.startswith("| ["))


def first_run() -> Iterator[str]:
    world = World()
    world.fail(30)
    world.fail(20, invalid_response(422))
    return shown(world)


def outage() -> Iterator[str]:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 5 * HOUR))
    world.sim.stub.fail_with(UNAVAILABLE)
    for number in range(12):
        world.fail(10 + 20 * number)
    return shown(world)


def long_outage() -> Iterator[str]:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 10 * HOUR))
    world.sim.stub.fail_with(UNAVAILABLE)
    now = world.clock()
    world.hook.load(world.hook.row(now - number * 12_000, UNAVAILABLE) for number in range(2_500, 0, -1))
    return shown(world)


def losses() -> Iterator[str]:
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 10 * DAY))
    used_up = world.fail(300)
    world.hook.add(world.clock() - 110 * MINUTE)
    world.again(used_up, 100)
    world.fail(60, REDIRECTED)
    return shown(world, {"max-attempts": "2"})


def slow() -> Iterator[str]:
    world = World(behaviour=Behaviour(appears_ms=10 * MINUTE))
    for number in range(10):
        world.fail(100 - number)
    return shown(world, {"redeliveries-per-minute": "2", "time-limit": "3m", "wait-for-results": "30s"})


def several_webhooks() -> Iterator[str]:
    world = World()
    world.sim.org_hook("octo", active=False)
    world.fail(20)
    return shown(world, {"hook-id": f"{world.hook.id},404404404"})


def dry_run() -> Iterator[str]:
    world = World()
    world.fail(20)
    world.sim.faults.add(Fault(json_answer(502, "Bad"), path="*/deliveries", nth=1, times=3))
    return shown(world, {"dry-run": "true"})


def replay() -> Iterator[str]:
    world = World()
    guids = [world.fail(50 - number, OK) for number in range(4)]
    world.fail(30)
    for send in ("false", "true"):
        report = world.replay(from_="1h", send=send)
        yield from [*log(world), *replay_page.guids_to_send(report, "SUMMARY"), *page(replay_page.markdown(report))]
    world.sim.stub.fail_with(UNAVAILABLE)
    down = world.replay(guid=",".join(guids), send="true")
    yield from [*log(world), *replay_page.guids_to_send(down, "SUMMARY"), *page(replay_page.markdown(down))]


def tracking_issue() -> Iterator[str]:
    waiting = reports.events(Outcome.GIVEN_UP, Outcome.ENDPOINT_DOWN)
    down = Outage(since=START, at_least=False, cause="HTTP 503", backlog=60)
    issue = None
    for report in (
        reports.one(*waiting[1:]),
        reports.one(*waiting, outage=down, gap=(START, START + HOUR)),
        reports.one(errors=["GitHub does not accept the token."]),
        reports.one(reports.EVENT),
    ):
        situation = read_report(as_json(report))
        decision = decide(issue, situation, START)
        issue = TrackingIssue(1, is_open=True, memory=decision.memory)
        for text in (issue_comment(decision, situation, "RUN"), issue_body(decision, situation, "RUN")):
            yield f"--- {decision.change}"
            yield from page(re.sub(r"<!--.*-->", "", text))


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    one.__name__: one
    for one in (
        *(errors, wrong_inputs, outcomes, causes, headlines, notes, helps),
        *(first_run, outage, long_outage, losses, slow, several_webhooks, dry_run, replay, tracking_issue),
    )
}


@pytest.mark.parametrize("name", PARTS)
def test_the_words_are_those_of_the_snapshot(name: str) -> None:
    file = SNAPSHOTS / f"{name}.txt"
    said = "\n".join(line.rstrip() for line in PARTS[name]()).strip("\n") + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text(encoding="utf-8")


def test_each_snapshot_is_compared() -> None:
    assert {file.stem for file in SNAPSHOTS.iterdir()} == PARTS.keys()


@pytest.mark.parametrize("name", PARTS)
def test_no_word_is_written_twice_in_a_row(name: str) -> None:
    text = (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")
    assert re.findall(r"\b([A-Za-z]{2,}) \1\b", text) == []
