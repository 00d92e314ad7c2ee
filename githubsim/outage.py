"""``make demo STORY=outage``: a day with an outage, as the operator of a webhook lives through it.

All is well; the receiver goes down, and an issue opens; the issue tells until when the events can be saved; the
receiver is up again, everything is recovered, and the issue closes. Then somebody finds out that the receiver lost
what it had accepted in one hour, and replays that hour. As in ``make demo``, all of it is real but GitHub. The pages
are left in build/outage.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from githubsim.clock import HOUR, MINUTE
from githubsim.demo import EVENTS, SECRET, Past, say, step
from githubsim.dispatch import HttpDispatch
from githubsim.model import SimGitHub
from githubsim.receiver import Receiver
from githubsim.server import serve
from pictures.page import page
from redeliver.times import timestamp
from runner import outputs

if TYPE_CHECKING:
    from githubsim.hooks import Hook
    from githubsim.server import Served

REPOSITORY = "octo/ops"
PAGES = Path("build/outage")
WEBHOOK_TOKEN, ISSUE_TOKEN = "webhook-token", "issue-token"


class Story:
    """The webhook, its receiver, and the two jobs of the workflow."""

    def __init__(self, served: Served, hook: Hook, receiver: Receiver, clock: Past, folder: Path) -> None:
        """``folder``: where the runner keeps its files."""
        self._served = served
        self._hook = hook
        self._receiver = receiver
        self._clock = clock
        self._folder = folder
        self._pages = 0
        self.sent: list[str] = []
        self.codes: list[int] = []

    def events(self, number: int) -> list[str]:
        """So many events, ten minutes apart. Their guids."""
        guids = []
        for index in range(number):
            guids.append(self._hook.emit(EVENTS[index % len(EVENTS)]))
            self._served.wait_until_idle()
            self._clock.fly(10 * MINUTE)
        self.sent += guids
        return guids

    def scheduled_run(self, name: str) -> None:
        """The workflow of examples/tracking-issue.yml: a job that redelivers, and one that keeps the issue."""
        say(f"The workflow runs: {name}")
        job = step(
            self._of_webhook() | {"variable-name": "LAST_REDELIVERY", "variable-repository": REPOSITORY}, self._folder
        )
        self.codes.append(job.code)
        self._served.wait_until_idle()
        results = outputs(job.outputs)
        print(f"\n--- health: {results['health']}, undelivered: {results['undelivered-count']}")
        self._keep(name, job.summary.read_text())
        inputs = {"report": results["report"], "label": "webhook-redelivery", "repository": REPOSITORY}
        inputs |= {"token": ISSUE_TOKEN, "api-url": self._served.url}
        print("\n--- the job that keeps the issue", flush=True)
        run = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_RUN_ID": "123456"}
        self.codes.append(step(inputs, self._folder, "tracking-issue", **run).code)
        for issue in self._served.sim.issues(REPOSITORY).all():
            state = "open" if issue.is_open else "closed"
            text = "\n\n---\n\n".join([f"# {issue.title} ({state})\n\n{issue.body}", *issue.comments])
            self._keep(f"{name}, the issue", text)

    def replay(self, since: int, until: int) -> None:
        """An hour again: first the plan, then the sending."""
        window = {"from": timestamp(since), "to": timestamp(until)}
        for send, name in (("false", "the plan of the replay"), ("true", "the replay")):
            say(f"Somebody starts org/redeliver-action/replay@v1 from {window['from']} on: {name}")
            job = step(self._of_webhook() | window | {"send": send}, self._folder, "replay")
            self.codes.append(job.code)
            self._served.wait_until_idle()
            self._keep(name, job.summary.read_text())

    def arrived(self) -> Counter[str]:
        """How often the receiver has accepted each event."""
        return Counter(self._receiver.accepted())

    def _of_webhook(self) -> dict[str, str]:
        return {"org": "octo", "hook-id": str(self._hook.id), "token": WEBHOOK_TOKEN, "api-url": self._served.url}

    def _keep(self, name: str, markdown: str) -> None:
        self._pages += 1
        file = PAGES / f"{self._pages:02} {name}.html"
        file.write_text(page(markdown, "light"), encoding="utf-8")
        print(f"\n--- {file}\n\n{markdown}", flush=True)


def main() -> int:
    """Tell it; 0 when every event has arrived, and those of the lost hour twice."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for old in PAGES.glob("*.html"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder, Receiver(SECRET) as receiver, HttpDispatch(timeout=1) as dispatch:
        clock = Past(14 * HOUR)
        sim = SimGitHub(clock, endpoint=dispatch)
        sim.token(WEBHOOK_TOKEN, permissions={"organization_hooks": "write", "actions_variables": "write"})
        sim.token(ISSUE_TOKEN, kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
        hook = sim.org_hook("octo", url=receiver.url, secret=SECRET)
        with serve(sim, latency_ms=20) as served:
            return tell(Story(served, hook, receiver, clock, Path(folder)), receiver, clock)


def tell(story: Story, receiver: Receiver, clock: Past) -> int:
    """The day, from the morning on."""
    say(f"A webhook of octo, and a receiver at {receiver.url}. All is well")
    story.events(6)
    story.scheduled_run("all is well")
    say("The receiver goes down: its port is closed")
    receiver.go_down()
    story.events(9)
    story.scheduled_run("the receiver is down")
    story.events(12)
    story.scheduled_run("it is still down")
    say("The receiver is up again")
    receiver.come_back()
    story.events(1)
    story.scheduled_run("it is up again")
    story.events(1)
    clock.fly(20 * MINUTE)
    say("In the next hour the receiver answers 200 to everything, and loses it all: its disk is full")
    since = clock()
    lost = story.events(6)
    until = clock()
    clock.fly(30 * MINUTE)
    story.scheduled_run("all looks well, and is not")
    story.replay(since, until)
    return verdict(story, lost)


def verdict(story: Story, lost: list[str]) -> int:
    """Whether every event has arrived once, and those that the receiver lost once more."""
    arrived = story.arrived()
    wrong = [guid for guid in story.sent if arrived[guid] != 1 + (guid in lost)]
    if wrong or any(story.codes):
        say(f"NOT GOOD: {len(wrong)} events did not arrive as often as they should; exit codes {story.codes}")
        return 1
    say(
        f"All {len(story.sent)} events have arrived, and the {len(lost)} of the lost hour a second time. Pages: {PAGES}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
