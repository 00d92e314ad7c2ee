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
    from collections.abc import Callable, Sequence

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
    chance = random.Random(3)  # noqa: S311 - repeatable on purpose
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


def healthy() -> Report:
    """Nothing has failed."""
    world = World()
    busy(world)
    world.variables.seed("CHECKPOINT", str(world.clock() - 15 * MINUTE))
    return world.run()


def recovered() -> Report:
    """An outage is over, and everything comes home."""
    world = World()
    busy(world)
    outage(world, 21, 95, 70, [NO_CONNECTION, NO_CONNECTION, UNAVAILABLE, TIMED_OUT])
    return world.run()


def failing_again() -> Report:
    """Most come home; some are refused by the receiver each time."""
    world = World()
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


def outage_of_an_hour() -> Report:
    """The receiver is still down, and there is time enough."""
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 75 * MINUTE))
    for number in range(30):
        world.fail(62 + number * 4, OK, kind=KINDS[number % len(KINDS)])
    down(world, 1, 60)
    return world.run()


def two_hours_left() -> Report:
    """GitHub forgets the first event of an outage soon."""
    world = World()
    start = world.clock() - 70 * HOUR
    world.variables.seed("CHECKPOINT", str(start - MINUTE))
    for number in range(30):
        world.fail(70 * 60 + 5 + number * 4, OK, kind=KINDS[number % len(KINDS)])
    down(world, 70, 1_400)
    return world.run()


def given_up() -> Report:
    """The receiver refuses three events whatever happens, and they are out of attempts."""
    world = World()
    busy(world)
    guids = outage(world, 12, 300, 200, [UNAVAILABLE])
    for guid in guids[1:12:4]:
        for minutes in (90, 60, 30):
            world.again(guid, minutes, invalid_response(422))
    return world.run(max_attempts="4")


def gap() -> Report:
    """The schedule was off for ten days."""
    world = World()
    world.variables.seed("CHECKPOINT", str(world.clock() - 10 * DAY))
    busy(world, hours=70, every=20)
    outage(world, 8, 100, 60, [TIMED_OUT])
    return world.run()


def switched_off() -> Report:
    """Somebody has switched the webhook off."""
    world = World()
    busy(world)
    world.hook.active = False
    return world.run()


def dry_run() -> Report:
    """Only looked."""
    world = World()
    busy(world)
    outage(world, 14, 200, 60, [UNAVAILABLE, TIMED_OUT])
    return world.run(dry_run="true")


def many_causes() -> Report:
    """More ways to fail than a picture has colours."""
    world = World()
    codes = [invalid_response(code) for code in (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 501, 502, 520)]
    outage(world, 150, 1_400, 1_390, [*FAILURES, BAD_CERTIFICATE, REDIRECTED, *codes])
    return world.run()


def ten_thousand() -> Report:
    """A day-long outage of a busy hook: more than one run can send."""
    world = World()
    outage(world, 10_000, 1_430, 1_420, [NO_CONNECTION, NO_CONNECTION, UNAVAILABLE])
    return world.run(latency_ms=100)


def forty_hooks() -> Report:
    """Of forty webhooks, the receivers of three are down."""
    world = World()
    hooks = [world.hook, *(world.sim.org_hook("octo") for _ in range(39))]
    now = world.clock()
    for number, hook in enumerate(hooks):
        is_down = number in {4, 11, 30}
        for count in range(120):
            failed = is_down and count < 20 + number
            hook.add(now - (count + 1) * MINUTE, NO_CONNECTION if failed else OK, kind=KINDS[count % len(KINDS)])
        if is_down:
            hook.endpoint = endpoint = StubEndpoint()
            endpoint.fail_with(NO_CONNECTION)
    return world.run(hook_id=",".join(str(hook.id) for hook in hooks))


def several_hooks() -> Report:
    """Thirty webhooks, and the token may not see one of them."""
    world = World()
    hooks = [world.hook, *(world.sim.org_hook("octo") for _ in range(28))]
    now = world.clock()
    for number, hook in enumerate(hooks):
        for count in range(30):
            failed = number in {4, 11} and count > 25
            hook.add(now - (count + 1) * MINUTE, UNAVAILABLE if failed else OK, kind=KINDS[count % len(KINDS)])
    ids = [hook.id for hook in hooks]
    return world.run(hook_id=",".join(map(str, [*ids[:7], 499, *ids[7:]])))


def hostile() -> Report:
    """Names that try to be something else."""
    world = World()
    for number, text in enumerate(HOSTILE):
        guid = world.fail(40 - number, UNAVAILABLE, kind=Kind(text))
        if number % 2:
            world.sim.stub.by_guid[guid] = UNAVAILABLE
    return world.run()


def wrong_token() -> Report:
    """GitHub does not know the token."""
    return World().run(token="no-such-token")


def stopped() -> Report:
    """Cancelled while it was sending."""
    world = World()
    busy(world)
    outage(world, 30, 120, 60, [UNAVAILABLE])

    def cancel() -> None:
        world.run_clock.on_signal(signal.SIGINT)

    world.sim.faults.add(Fault(Call(cancel), path="*/attempts", nth=12, when="after"))
    return world.run(latency_ms=100)


SCENES: dict[str, Callable[[], Report]] = {
    scene.__name__.replace("_", "-"): scene
    for scene in (
        healthy,
        recovered,
        failing_again,
        outage_of_an_hour,
        two_hours_left,
        given_up,
        gap,
        switched_off,
        dry_run,
        many_causes,
        ten_thousand,
        forty_hooks,
        several_hooks,
        hostile,
        wrong_token,
        stopped,
    )
}
