"""What a webhook, its receiver and its token live through, each told by runs of the real program in virtual time.

A story runs in a workflow (pages and logs) or on a terminal. ``make picture`` shows all of it, and
tests/runs/test_stories.py says what every page must hold.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from random import Random
from typing import NamedTuple, Protocol

from githubsim.clock import DAY, MINUTE
from githubsim.endpoint import StubEndpoint
from githubsim.faults import Call, Fault
from githubsim.outcomes import (
    BAD_CERTIFICATE,
    FAILURES,
    NO_CONNECTION,
    OK,
    REDIRECTED,
    TIMED_OUT,
    UNAVAILABLE,
    Kind,
    Outcome,
    invalid_response,
)
from step import Done, run_command, run_step
from world import World

KINDS = (Kind("push"), Kind("pull_request", "opened"), Kind("issues", "opened"), Kind("check_run", "completed"))
REJECTED = invalid_response(422, '{"error": "unknown repository"}', content_type="application/json")
CRASHED = invalid_response(500, "Internal Server Error", content_type="text/plain")


class Teller(Protocol):
    """Where a story runs, and what a person then sees."""

    def run(self, world: World, part: str = "", command: str = "", **inputs: str) -> Done:
        """The program runs. ``part``: of the story, if it has several; ``inputs``: as ``step.run_step`` has them."""

    def track(self, world: World, part: str, run: Done) -> None:
        """The job that keeps the tracking issue runs after that run."""

    def type(self, world: World, part: str, command: str, **inputs: str) -> None:
        """Somebody types a command that no workflow runs."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person sees of a part of a story. ``log``: on a terminal, all that it is sent."""

    part: str
    done: Done
    page: str = ""


@dataclass
class Workflow:
    """Tells it as a workflow's runs."""

    shown: list[Shown] = field(default_factory=list)

    def run(self, world: World, part: str = "", command: str = "", **inputs: str) -> Done:
        done = run_step(world, command, **inputs)
        log = re.sub(r"^::debug::.*\n", "", done.log, flags=re.MULTILINE)
        self.shown.append(Shown(part, replace(done, log=log), done.summary))
        return done

    def track(self, world: World, part: str, run: Done) -> None:
        issue = {"repository": "octo/ops", "label": "webhook-redelivery", "report": run.outputs["report"]}
        done = run_step(world, "tracking-issue", **issue)
        for issue_ in world.sim.issues("octo/ops").all()[:1]:
            title = f"# {issue_.title} ({'open' if issue_.is_open else 'closed'})"
            self.shown.append(Shown(part, done, "\n\n---\n\n".join([f"{title}\n\n{issue_.body}", *issue_.comments])))

    def type(self, world: World, part: str, command: str, **inputs: str) -> None:
        pass


@dataclass
class Terminal:
    """Tells it as commands on a terminal that is so wide."""

    columns: int
    shown: list[Shown] = field(default_factory=list)

    def run(self, world: World, part: str = "", command: str = "", **inputs: str) -> Done:
        done = run_command(world, command or "run", self.columns, **inputs)
        self.shown.append(Shown(part, done))
        return done

    def track(self, world: World, part: str, run: Done) -> None:
        pass

    def type(self, world: World, part: str, command: str, **inputs: str) -> None:
        self.run(world, part, command, **inputs)


class Story(NamedTuple):
    """One of them."""

    tell: Callable[[Teller], None]
    ends: Sequence[str]
    """How each of the workflow's parts ends: the light of its page, and the exit code."""


#: By name.
STORIES: dict[str, Story] = {}


def story(*ends: str) -> Callable[[Callable[[Teller], None]], Callable[[Teller], None]]:
    """Have it among the stories."""

    def keep(tell: Callable[[Teller], None]) -> Callable[[Teller], None]:
        STORIES[tell.__name__.strip("_").replace("_", "-")] = Story(tell, ends)
        return tell

    return keep


# -- what worlds are made of ----------------------------------------------------------------------------------------


def private() -> World:
    """A world whose workflows run in a private repository, so that pages may name receivers."""
    world = World()
    world.visibility = "private"
    return world


def since(minutes: float, *, quiet_for: float = 0) -> World:
    """A busy webhook whose checkpoint is so many minutes old; all went well until so many minutes ago."""
    world = private()
    world.hook.url = "https://ci.octo.example/github"
    world.variables.seed("CHECKPOINT", str(world.clock() - round(minutes * MINUTE)))
    chance, now = Random(3), world.clock()
    moments = range(round(quiet_for) + 2, round(quiet_for) + 20 * 60, 4)
    took = [min(9_900, round(chance.lognormvariate(6.2, 1.1))) for _ in moments]
    world.hook.load(
        world.hook.row(now - ago * MINUTE, OK._replace(duration_ms=lasted), kind=chance.choice(KINDS))
        for ago, lasted in zip(moments, took, strict=True)
    )
    return world


def missed(
    world: World, number: int, begins: float, ends: float, *outcomes: Outcome, kinds: Sequence[Kind] = KINDS
) -> list[str]:
    """So many events failed with these outcomes in turn, evenly between so many minutes ago. Gives their GUIDs."""
    now, apart = world.clock(), (begins - ends) / max(1, number - 1)
    rows = [
        world.hook.row(now - round((begins - place * apart) * MINUTE), outcome, kind=kind)
        for place, outcome, kind in zip(range(number), cycle(outcomes), cycle(kinds))
    ]
    world.hook.load(rows)
    return [row.guid for row in rows]


def always(world: World, guids: Sequence[str], outcome: Outcome) -> None:
    """Whatever is done, these events end so."""
    world.sim.stub.by_guid |= dict.fromkeys(guids, outcome)


def down(hours: float, number: int) -> World:
    """The receiver has been down for so long, and stays down; so many events have failed."""
    world = since(hours * 60 + 15, quiet_for=hours * 60)
    missed(world, number, hours * 60, 1, NO_CONNECTION)
    world.sim.stub.fail_with(NO_CONNECTION)
    return world


# -- the stories ------------------------------------------------------------------------------------------------------


@story("🟢 0")
def all_well(teller: Teller) -> None:
    teller.run(since(15))


@story("🟢 0")
def nothing(teller: Teller) -> None:
    """Nothing has happened since the last run."""
    world = private()
    world.variables.seed("CHECKPOINT", str(world.clock() - 15 * MINUTE))
    teller.run(world)


@story("🟢 0")
def recovered_5(teller: Teller) -> None:
    world = since(75)
    missed(world, 5, 61, 17, NO_CONNECTION, NO_CONNECTION, UNAVAILABLE)
    teller.run(world)


@story("🔴 0")
def down_1_hour(teller: Teller) -> None:
    teller.run(down(1, 400))


@story("🔴 0")
def down_2_days(teller: Teller) -> None:
    teller.run(down(48, 50_000))


@story("🟡 0")
def up_after_2_days(teller: Teller) -> None:
    world = down(48, 50_000)
    world.sim.stub.heal()
    teller.run(world, time_limit="30m")


@story("🟡 0")
def poisoned_type(teller: Teller) -> None:
    """The receiver crashes on one type of event, and on no other."""
    world = since(200)
    always(world, missed(world, 40, 180, 20, CRASHED, kinds=[Kind("check_suite", "completed")]), CRASHED)
    missed(world, 10, 150, 30, CRASHED)
    teller.run(world)


@story("🔴 1")
def given_up(teller: Teller) -> None:
    """The receiver rejects two events whatever happens, and they are out of attempts."""
    world = since(45 * 60)
    guids = missed(world, 2, 44 * 60, 43 * 60, REJECTED)
    for guid in guids:
        for number in range(9):
            world.again(guid, 40 * 60 - number * 240, REJECTED)
    missed(world, 8, 60, 30, UNAVAILABLE)
    teller.run(world)
    teller.type(world, "show", f"show {guids[0]}")


@story("🔴 1")
def expired(teller: Teller) -> None:
    """GitHub has deleted the first attempts of three events; the last that is left of one fails."""
    world = since(50 * 60)
    for number in range(3):
        guid = world.fail(73 * 60)
        world.again(guid, 49 * 60 - number * 5)
        always(world, [guid], OK if number == 1 else UNAVAILABLE)
    teller.run(world)


@story("🔴 1")
def gap(teller: Teller) -> None:
    """The schedule was off for ten days."""
    world = since(10 * DAY / MINUTE)
    missed(world, 8, 100, 60, TIMED_OUT)
    teller.run(world)


@story("🔴 1")
def off(teller: Teller) -> None:
    """Somebody has switched the webhook off, nine hours ago."""
    world = since(15, quiet_for=9 * 60)
    world.hook.active = False
    teller.run(world)


@story("🔴 1")
def refused_401(teller: Teller) -> None:
    """GitHub does not know the token."""
    teller.run(since(15), token="no-such-token")


@story("🔴 1")
def refused_403(teller: Teller) -> None:
    """The token may read webhooks, and not redeliver."""
    world = since(75)
    missed(world, 5, 60, 20, UNAVAILABLE)
    world.token.permissions = {"organization_hooks": "read", "actions_variables": "write"}
    teller.run(world)


@story("🔴 1")
def not_found_404(teller: Teller) -> None:
    """There is no such webhook."""
    teller.run(since(15), hook_id="4242")


@story("🟡 0")
def limit_longer_than_time_limit(teller: Teller) -> None:
    """GitHub asks for a pause of ten minutes, and the run has two."""
    world = since(75)
    missed(world, 5, 60, 20, UNAVAILABLE)
    world.sim.limits.block(world.token.name, world.clock(), 10 * MINUTE)
    teller.run(world, time_limit="2m")


@story("🟡 0")
def time_limit_spent(teller: Teller) -> None:
    world = since(200)
    missed(world, 900, 190, 20, UNAVAILABLE)
    teller.run(world, time_limit="2m")


def forty(failing: Mapping[int, Outcome]) -> World:
    """Forty webhooks, of which those at these places cannot be reached."""
    world = private()
    hooks = [world.hook, *(world.sim.org_hook("octo") for _ in range(39))]
    now = world.clock()
    for place, hook in enumerate(hooks):
        hook.url = f"https://svc-{place:02}.webhooks.octo.example/github"
        rows = [hook.row(now - ago * MINUTE, OK, kind=KINDS[ago % 4]) for ago in range(place + 2, 240, 2)]
        if outcome := failing.get(place):
            hook.endpoint = endpoint = StubEndpoint()
            endpoint.fail_with(outcome)
            rows = [row._replace(outcome=outcome) if row.delivered_at > now - 80 * MINUTE else row for row in rows]
        hook.load(rows)
    return world


@story("🔴 0")
def forty_webhooks(teller: Teller) -> None:
    """Of forty receivers, three are down."""
    world = forty({4: NO_CONNECTION, 11: UNAVAILABLE, 30: NO_CONNECTION})
    teller.type(world, "list", "hooks", hook_id="all")
    teller.run(world, hook_id="all")


@story("🟡 0")
def dry_run(teller: Teller) -> None:
    world = since(240)
    missed(world, 8, 200, 140, UNAVAILABLE, TIMED_OUT)
    teller.run(world, dry_run="true")


@story("🟢 0", "🔴 1")
def replay(teller: Teller) -> None:
    """An hour is sent again: first the plan, then the sending, of which one event is rejected."""
    world = since(15, quiet_for=180)
    guids = missed(world, 6, 170, 125, OK)
    always(world, guids[3:4], REJECTED)
    window = {"from_": "3h", "to": "2h"}
    teller.run(world, "plan", "replay", **window)
    teller.run(world, "sent", "replay", send="true", **window)


@story("🔴 0", "🔴 0", "🔴 0", "🔴 0", "🟢 0", "🟢 0", "🔴 1", "🔴 0")
def tracking_issue(teller: Teller) -> None:
    """It is opened, changed, and closed; and another one, over a loss."""
    world = down(1, 16)
    for part in ("opened", "changed", "closed"):
        if part == "closed":
            world.sim.stub.heal()
        run = teller.run(world, f"{part}-run", retry_spacing="0")
        teller.track(world, part, run)
        world.clock.advance(15 * MINUTE)
        missed(world, 2, 14, 2, NO_CONNECTION)
    lost = missed(world, 2, 10, 5, REJECTED)
    always(world, lost, REJECTED)
    run = teller.run(world, "loss-run", max_attempts="2", retry_spacing="0")
    teller.track(world, "loss", run)


@story("🔴 1")
def six_hours_left(teller: Teller) -> None:
    """The receiver has been down for 66 of the 72 hours that GitHub keeps its log."""
    teller.run(down(66, 1_400))


@story("🔴 2")
def bad_inputs(teller: Teller) -> None:
    teller.run(World(), org="", hook_id="x", lookback="soon", api_url="http://ghe.octo.example/api/v3")


@story("🔴 1")
def token_ends(teller: Teller) -> None:
    """The token ends in two days."""
    world = since(15)
    world.token.expires_at = world.clock() + 2 * DAY
    teller.run(world)


@story("🔴 1")
def silent_9_hours(teller: Teller) -> None:
    """GitHub has delivered nothing for nine hours."""
    teller.run(since(15, quiet_for=9 * 60), max_silence="6h")


# -- and some that show what a page can come to ----------------------------------------------------------------------


@story("🟡 143")
def stopped(teller: Teller) -> None:
    """Somebody cancels the workflow while it sends."""
    world = since(150)
    missed(world, 30, 120, 60, UNAVAILABLE)
    cancel = Call(lambda: signal.raise_signal(signal.SIGTERM))
    world.sim.faults.add(Fault(cancel, path="*/attempts", nth=12, when="after"))
    teller.run(world)


@story("🟢 0")
def many_causes(teller: Teller) -> None:
    """More ways to fail than a chart has colours."""
    codes = [invalid_response(code) for code in (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 501, 502, 520)]
    world = since(25 * 60)
    missed(world, 150, 1_400, 10, *FAILURES, BAD_CERTIFICATE, REDIRECTED, *codes)
    teller.run(world)


#: Text that strangers write where an event's name belongs.
HOSTILE = (
    "push | x | y",
    "</td></tr></table><script>alert(1)</script>",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "@octocat #1 `code` **bold** ~~gone~~",
    "```mermaid\npie\n```",
    "::error::pwned ##[error]pwned",
    "\u202egnp.exe \x1b[31mred\x00",
    "$\\unicode{x}$ <!-- --> &lt;b&gt;",
    "w" * 300,
)


@story("🔴 1")
def hostile(teller: Teller) -> None:
    """Names that try to be something else."""
    world = since(60)
    for number, text in enumerate(HOSTILE):
        guid = world.fail(40 - number, UNAVAILABLE, kind=Kind(text))
        always(world, [guid] * (number % 2), UNAVAILABLE)
    teller.run(world)


@story()
def help_(teller: Teller) -> None:
    """Somebody who has just installed it."""
    for part, command in (("", "--help"), ("run", "run --help")):
        teller.type(World(), part, command, org="", hook_id="")
