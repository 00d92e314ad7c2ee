"""``make demo STORY=outage``: a day with an outage, as the operator of a webhook lives through it.

All is well; the receiver goes down, and an issue opens; the issue tells until when the events can be saved; the
receiver is up again, everything is recovered, and the issue closes. Then somebody finds out that the receiver lost
what it had accepted in one hour, and replays that hour. As in ``make demo``, all of it is real but GitHub. The pages
are left in build/outage.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from githubsim.clock import MINUTE
from githubsim.demo import REPOSITORY, day, say
from pictures.page import page
from redeliver.times import timestamp
from runner import outputs

if TYPE_CHECKING:
    from githubsim.demo import Day

PAGES = Path("build/outage")
ISSUE_TOKEN = "issue-token"
RUN = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ID": "123456"}
_NUMBERS = count(1)


def keep(name: str, markdown: str) -> None:
    file = PAGES / f"{next(_NUMBERS):02} {name}.html"
    file.write_text(page(markdown, "light"), encoding="utf-8")
    print(f"\n--- {file}\n\n{markdown}", flush=True)


def scheduled_run(it: Day, name: str) -> list[int]:
    """The workflow of examples/tracking-issue.yml: a job that redelivers, and one that keeps the issue. Exit codes."""
    say(f"The workflow runs: {name}")
    job = it.step({"variable-name": "LAST_REDELIVERY", "variable-repository": REPOSITORY})
    results = outputs(job.outputs)
    print(f"\n--- health: {results['health']}, undelivered: {results['undelivered-count']}")
    keep(name, job.summary.read_text())
    print("\n--- the job that keeps the issue", flush=True)
    inputs = {"report": results["report"], "label": "webhook-redelivery", "repository": REPOSITORY}
    inputs["token"] = ISSUE_TOKEN
    tracking = it.step(inputs, "tracking-issue", **RUN)
    for issue in it.served.sim.issues(REPOSITORY).all():
        state = "open" if issue.is_open else "closed"
        text = "\n\n---\n\n".join([f"# {issue.title} ({state})\n\n{issue.body}", *issue.comments])
        keep(f"{name}, the issue", text)
    return [job.code, tracking.code]


def replay(it: Day, since: int, until: int) -> list[int]:
    """An hour again: first the plan, then the sending. Exit codes."""
    window = {"from": timestamp(since), "to": timestamp(until)}
    codes = []
    for send, name in (("false", "the plan of the replay"), ("true", "the replay")):
        say(f"Somebody starts org/redeliver-action/replay@v1 from {window['from']} on: {name}")
        job = it.step(window | {"send": send}, "replay")
        codes.append(job.code)
        keep(name, job.summary.read_text())
    return codes


def main() -> int:
    """Tell it; 0 when every event has arrived, and those of the lost hour twice."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for old in PAGES.glob("*.html"):
        old.unlink()
    with day(14) as it:
        it.served.sim.token(ISSUE_TOKEN, kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
        say(f"A webhook of octo, and a receiver at {it.receiver.url}. All is well")
        it.events(6, 10 * MINUTE)
        codes = scheduled_run(it, "all is well")
        say("The receiver goes down: its port is closed")
        it.receiver.go_down()
        it.events(9, 10 * MINUTE)
        codes += scheduled_run(it, "the receiver is down")
        it.events(12, 10 * MINUTE)
        codes += scheduled_run(it, "it is still down")
        say("The receiver is up again")
        it.receiver.come_back()
        it.events(1, 10 * MINUTE)
        codes += scheduled_run(it, "it is up again")
        it.events(1, 30 * MINUTE)
        say("In the next hour the receiver answers 200 to everything, and loses it all: its disk is full")
        since = it.clock()
        lost = it.events(6, 10 * MINUTE)
        until = it.clock()
        it.clock.fly(30 * MINUTE)
        codes += scheduled_run(it, "all looks well, and is not")
        codes += replay(it, since, until)
        twice = f"All {len(it.sent)} events have arrived, and the {len(lost)} of the lost hour a second time"
        return it.verdict(lost, codes, f"{twice}. Pages: {PAGES}")


if __name__ == "__main__":
    sys.exit(main())
