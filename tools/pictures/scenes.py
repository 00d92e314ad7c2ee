"""Runs of every kind, all of them real ones over the simulated GitHub: what their summaries are looked at with."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

from githubsim.clock import DAY, HOUR, MINUTE
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
    invalid_response,
)
from world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from githubsim.outcomes import Outcome
    from redeliver.core.report import Report

KINDS = (Kind("push"), Kind("pull_request", "opened"), Kind("issues", "labeled"), Kind("check_run", "completed"))
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


def busy(world: World, hours: float = 20, every: float = 4) -> None:
    """Deliveries that arrived, one every few minutes."""
    chance = random.Random(3)
    for number in range(int(hours * 60 / every)):
        kind, took = chance.choice(KINDS), min(9_900, round(chance.lognormvariate(6.2, 1.1)))
        outcome = OK._replace(duration_ms=took, throttled=took > 9_000)
        world.fail(hours * 60 - number * every, outcome, kind=kind)


def outage(world: World, number: int, minutes_ago: float, lasts: float, outcomes: Sequence[Outcome]) -> list[str]:
    """So many events, evenly over an outage, fail in turn with these outcomes. Gives their guids."""
    step = lasts / max(1, number - 1)
    return [
        world.fail(minutes_ago - count * step, outcomes[count % len(outcomes)], kind=KINDS[count % len(KINDS)])
        for count in range(number)
    ]


#: By name: how each is run.
SCENES: dict[str, Callable[[], Report]] = {}


def scene(run: Callable[[World], Report]) -> Callable[[World], Report]:
    """Have a run in a world of its own among the scenes."""
    SCENES[run.__name__.replace("_", "-")] = lambda: run(World())
    return run


@scene
def healthy(world: World) -> Report:
    """Nothing has failed."""
    busy(world)
    world.variables.seed("CHECKPOINT", str(world.clock() - 15 * MINUTE))
    return world.run()


@scene
def recovered(world: World) -> Report:
    """An outage is over, and everything comes home."""
    busy(world)
    outage(world, 21, 95, 70, [NO_CONNECTION, NO_CONNECTION, UNAVAILABLE, TIMED_OUT])
    return world.run()


@scene
def failing_again(world: World) -> Report:
    """Most come home; some are refused by the receiver each time."""
    busy(world)
    guids = outage(world, 40, 600, 500, [UNAVAILABLE, UNAVAILABLE, invalid_response(422)])
    for guid in guids[2::3]:
        world.sim.stub.by_guid[guid] = invalid_response(422)
    for guid in guids[5:12:3]:
        world.again(guid, 60, invalid_response(422))
        world.again(guid, 3, invalid_response(422))
    return world.run()


def down(world: World, hours: float, number: int) -> None:
    """A receiver that has been down for so long, and stays down."""
    world.sim.stub.fail_with(NO_CONNECTION)
    outage(world, number, hours * 60, hours * 60 - 2, [NO_CONNECTION])


@scene
def outage_of_an_hour(world: World) -> Report:
    """The receiver is still down, and there is time enough."""
    world.variables.seed("CHECKPOINT", str(world.clock() - 75 * MINUTE))
    for number in range(30):
        world.fail(62 + number * 4, OK, kind=KINDS[number % len(KINDS)])
    down(world, 1, 60)
    return world.run()


@scene
def two_hours_left(world: World) -> Report:
    """GitHub forgets the first event of an outage soon."""
    start = world.clock() - 70 * HOUR
    world.variables.seed("CHECKPOINT", str(start - MINUTE))
    for number in range(30):
        world.fail(70 * 60 + 5 + number * 4, OK, kind=KINDS[number % len(KINDS)])
    down(world, 70, 1_400)
    return world.run()


@scene
def given_up(world: World) -> Report:
    """The receiver refuses three events whatever happens, and they are out of attempts."""
    busy(world)
    guids = outage(world, 12, 300, 200, [UNAVAILABLE])
    for guid in guids[1:12:4]:
        for minutes in (90, 60, 30):
            world.again(guid, minutes, invalid_response(422))
    return world.run(max_attempts="4")


@scene
def gap(world: World) -> Report:
    """The schedule was off for ten days."""
    world.variables.seed("CHECKPOINT", str(world.clock() - 10 * DAY))
    busy(world, hours=70, every=20)
    outage(world, 8, 100, 60, [TIMED_OUT])
    return world.run()


@scene
def switched_off(world: World) -> Report:
    """Somebody has switched the webhook off."""
    busy(world)
    world.hook.active = False
    return world.run()


@scene
def dry_run(world: World) -> Report:
    """Only looked."""
    busy(world)
    outage(world, 14, 200, 60, [UNAVAILABLE, TIMED_OUT])
    return world.run(dry_run="true")


@scene
def many_causes(world: World) -> Report:
    """More ways to fail than a picture has colours."""
    codes = [invalid_response(code) for code in (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 501, 502, 520)]
    outage(world, 150, 1_400, 1_390, [*FAILURES, BAD_CERTIFICATE, REDIRECTED, *codes])
    return world.run()


@scene
def ten_thousand(world: World) -> Report:
    """A day-long outage of a busy hook: more than one run can send."""
    outage(world, 10_000, 1_430, 1_420, [NO_CONNECTION, NO_CONNECTION, UNAVAILABLE])
    return world.run(latency_ms=100)


def hooks_of(world: World, number: int, attempts: int, failing: Mapping[int, int]) -> list[int]:
    """So many webhooks with so many attempts each, a minute apart; gives their ids.

    ``failing``: how many of the newest attempts failed, by the webhook's place.
    """
    hooks = [world.hook, *(world.sim.org_hook("octo") for _ in range(number - 1))]
    now = world.clock()
    for place, hook in enumerate(hooks):
        for count in range(attempts):
            failed = count < failing.get(place, 0)
            hook.add(now - (count + 1) * MINUTE, NO_CONNECTION if failed else OK, kind=KINDS[count % len(KINDS)])
    return [hook.id for hook in hooks]


@scene
def forty_hooks(world: World) -> Report:
    """Of forty webhooks, the receivers of three are down."""
    ids = hooks_of(world, 40, 120, {place: 20 + place for place in (4, 11, 30)})
    for place in (4, 11, 30):
        world.sim.hooks[ids[place]].endpoint = endpoint = StubEndpoint()
        endpoint.fail_with(NO_CONNECTION)
    return world.run(hook_id=",".join(map(str, ids)))


@scene
def several_hooks(world: World) -> Report:
    """Thirty webhooks, and the token may not see one of them."""
    ids = hooks_of(world, 29, 30, {4: 4, 11: 4})
    return world.run(hook_id=",".join(map(str, [*ids[:7], 499, *ids[7:]])))


@scene
def hostile(world: World) -> Report:
    """Names that try to be something else."""
    for number, text in enumerate(HOSTILE):
        guid = world.fail(40 - number, UNAVAILABLE, kind=Kind(text))
        if number % 2:
            world.sim.stub.by_guid[guid] = UNAVAILABLE
    return world.run()


@scene
def wrong_token(world: World) -> Report:
    """GitHub does not know the token."""
    return world.run(token="no-such-token")


@scene
def stopped(world: World) -> Report:
    """Cancelled while it was sending."""
    busy(world)
    outage(world, 30, 120, 60, [UNAVAILABLE])

    def cancel() -> None:
        world.run_clock.on_signal(signal.SIGINT)

    world.sim.faults.add(Fault(Call(cancel), path="*/attempts", nth=12, when="after"))
    return world.run(latency_ms=100)
