"""``make demo STORY=outage``: a day with an outage, as the operator of a webhook lives through it.

All is well; the receiver goes down, and an issue opens; the issue tells until when the events can be saved; the
receiver is up again, everything is recovered, and the issue closes. Then somebody finds out that the receiver lost
what it had accepted in one hour, and replays that hour. As in ``make demo``, all of it is real but GitHub. The pages
are left in build/outage.
"""

from __future__ import annotations

import sys

from githubsim.clock import MINUTE
from githubsim.demo import REPOSITORY, Day, day, say
from redeliver.times import timestamp

ISSUE_TOKEN = "issue-token"
RUN = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ID": "123456"}


def scheduled_run(it: Day, name: str) -> list[int]:
    """The workflow of examples/tracking-issue.yml: a job that redelivers, and one that keeps the issue. Exit codes."""
    say(f"The workflow runs: {name}")
    job = it.step({"variable-name": "LAST_REDELIVERY", "variable-repository": REPOSITORY})
    it.keep("Its job summary", name, job.summary)
    print("\n  The job that keeps the tracking issue:", flush=True)
    inputs = {"report": job.outputs["report"], "label": "webhook-redelivery", "repository": REPOSITORY}
    inputs["token"] = ISSUE_TOKEN
    tracking = it.step(inputs, "tracking-issue", **RUN)
    for issue in it.served.sim.issues(REPOSITORY).all():
        state = "open" if issue.is_open else "closed"
        text = "\n\n---\n\n".join([f"# {issue.title} ({state})\n\n{issue.body}", *issue.comments])
        it.keep("The issue", f"{name}, the issue", text)
    return [job.code, tracking.code]


def replay(it: Day, since: int, until: int) -> list[int]:
    """An hour again: first the plan, then the sending. Exit codes."""
    window = {"from": timestamp(since), "to": timestamp(until)}
    codes = []
    for send, name in (("false", "the plan of the replay"), ("true", "the replay")):
        say(f"Somebody starts org/redeliver-action/replay@v1 from {window['from']} on: {name}")
        job = it.step(window | {"send": send}, "replay")
        codes.append(job.code)
        it.keep("Its job summary", name, job.summary)
    return codes


def main() -> int:
    """Tell it; 0 when every event has arrived, and those of the lost hour twice."""
    with day("outage", 14) as it:
        it.served.sim.token(ISSUE_TOKEN, kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
        say("Nothing here leaves this machine: GitHub is simulated. It takes a minute or two")
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
        return it.verdict(lost, codes, twice, "The issue: docs/tracking-issue.md. The replay: docs/replay.md")


if __name__ == "__main__":
    sys.exit(main())
