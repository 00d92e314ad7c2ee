"""The tracking issue over many runs: opened once, quiet while nothing changes, closed when nothing is left."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import DAY, HOUR, START, VirtualClock
from githubsim.contract import Judge
from githubsim.faults import Answer, Effect, Fault, Lose, When, json_answer
from githubsim.inprocess import InProcessTransport
from githubsim.issues import AUTHORS, STRANGER, Author, Issue
from githubsim.model import SimGitHub
from githubsim.tokens import TokenKind
from redeliver.core.case import Outcome
from redeliver.entry.tracking import track
from redeliver.errors import ApiFailing, MissingPermission, NotFound, RedeliverError, ReplyLost
from redeliver.github.api import Caller
from redeliver.github.pace import Pace
from redeliver.github.responses import CredentialKind
from redeliver.times import utc
from redeliver.timing import RunClock
from redeliver.tracking.decision import Change, memory_of
from redeliver.tracking.issues import Issues
from redeliver.tracking.situation import NO_REPORT, HookSituation, Situation, State, read_report
from reports import lost_event
from samples import Said

REPOSITORY = "octo/ops"
LABEL = "webhook-redelivery"
RUN = "https://github.com/octo/ops/actions/runs/1"
WRITES = {"POST", "PATCH"}


def hook(undelivered: int) -> HookSituation:
    return HookSituation("hook 1", read=True, undelivered=undelivered, causes=("HTTP 503",), deadline=START + 3 * DAY)


def lost(*guids: str) -> Situation:
    events = tuple(lost_event(guid, "push", "HTTP 422", Outcome.GIVEN_UP) for guid in guids)
    return replace(SETTLED, lost=len(events), lost_events=events)


SETTLED = Situation(State.SETTLED)
UNREAD = Situation(None)
FAILED = read_report("")
WAITING = Situation(State.UNDELIVERED, START, 2, START + 3 * DAY, hooks=(hook(2),))
MORE = replace(WAITING, undelivered=3, hooks=(hook(3),))
COMING = replace(WAITING, recovered=1)
DOWN = replace(WAITING, state=State.DOWN, do_now="Bring it back.", hooks=(replace(hook(2), down=True),))
LOST, ANOTHER = lost("a"), lost("b")
GAP = replace(SETTLED, gap=(START, START + HOUR))


@dataclass
class Place:
    """A repository, whose issues may be looked at."""

    sim: SimGitHub = field(default_factory=lambda: SimGitHub(VirtualClock()))
    judged: bool = True

    def __post_init__(self) -> None:
        self.judge = Judge()
        if self.judged:
            self.sim.observers.append(self.judge)
        self.sim.token("job", kind="actions", permissions={"issues": "write"}, sees=[REPOSITORY])
        self.issues = self.sim.issues(REPOSITORY)

    def run(self, situation: Situation) -> Change:
        """One run, an hour after the one before."""
        assert isinstance(self.sim.clock, VirtualClock)
        self.sim.clock.sleep(3_600)
        change, _ = track(Issues(self.caller(), REPOSITORY, LABEL), situation, RUN)
        assert self.judge.complaints == []
        return change

    def caller(self) -> Caller:
        assert isinstance(self.sim.clock, VirtualClock)
        transport = InProcessTransport(self.sim, "job", self.sim.clock)
        return Caller(lambda: transport, Pace(150), RunClock(self.sim.clock, 1_800, Said()), CredentialKind.ISSUE_TOKEN)

    def runs(self, *situations: Situation) -> list[str]:
        return [str(self.run(one)) for one in situations]

    @property
    def issue(self) -> Issue:
        (one,) = self.issues.all()
        return one

    @property
    def written(self) -> list[str]:
        """The requests that changed something."""
        entries = self.sim.journal.entries
        return [f"{one.verb} {one.path.rpartition(REPOSITORY)[2]}" for one in entries if one.verb in WRITES]


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.mark.parametrize(
    ("situations", "changes"),
    [
        ([SETTLED, UNREAD, SETTLED], ["none"] * 3),
        ([WAITING, WAITING, WAITING], ["opened", "none", "none"]),
        ([WAITING, MORE, MORE], ["opened", "edited", "none"]),
        ([WAITING, DOWN, DOWN], ["opened", "commented", "none"]),
        ([DOWN, WAITING, COMING, COMING], ["opened", "none", "commented", "none"]),  # down until something arrives
        ([WAITING, UNREAD, SETTLED, SETTLED], ["opened", "none", "closed", "none"]),
        ([DOWN, SETTLED, DOWN], ["opened", "closed", "opened"]),
        ([FAILED, FAILED, SETTLED], ["opened", "none", "closed"]),
        ([WAITING, FAILED, UNREAD, WAITING], ["opened", "commented", "none", "commented"]),
        ([LOST, LOST, SETTLED, ANOTHER], ["opened", "none", "none", "commented"]),
        ([DOWN, lost("a", "b"), SETTLED, SETTLED], ["opened", "commented", "none", "none"]),
        ([GAP, GAP, SETTLED], ["opened", "none", "none"]),
        ([LOST, DOWN, SETTLED], ["opened", "commented", "commented"]),
    ],
)
def test_only_changes_are_written(place: Place, situations: list[Situation], changes: list[str]) -> None:
    assert place.runs(*situations) == changes


def began(issue: Issue) -> str:
    return str(re.findall(r"^\| Since .*\n.*\n\| (.*? UTC) \|", issue.body, re.MULTILINE)[0])


def test_outage_begins_with_the_first_run_that_saw_it(place: Place) -> None:
    later = replace(DOWN, since=START + 5 * HOUR)
    place.runs(DOWN, later)
    assert began(place.issue) == utc(START)
    place.run(SETTLED)
    (comment,) = place.issue.comments
    assert (place.issue.is_open, RUN in comment) == (False, True)
    place.run(later)
    assert began(place.issues.all()[0]) == utc(START + 5 * HOUR)


def test_loss_is_named_once_and_only_a_person_closes_the_issue(place: Place) -> None:
    place.runs(DOWN, replace(DOWN, lost=1, lost_events=LOST.lost_events), replace(LOST, recovered=2), SETTLED)
    assert place.issue.is_open
    assert [comment.count("| push | a |") for comment in place.issue.comments] == [1, 0]
    place.issue.is_open = False
    assert place.runs(SETTLED, LOST, SETTLED) == ["none"] * 3  # later runs may come across the same one
    assert place.runs(ANOTHER) == ["opened"]


def test_gap_is_reported_once_whoever_closes_the_issue(place: Place) -> None:
    assert place.runs(GAP, replace(GAP, gap=(START, START + 2 * HOUR))) == ["opened", "none"]
    assert utc(START + HOUR) in place.issue.comments[0]
    place.issue.is_open = False
    assert place.runs(SETTLED, GAP, SETTLED) == ["none"] * 3
    assert place.runs(replace(GAP, gap=(START + DAY, START + 2 * DAY))) == ["opened"]


def test_earlier_losses_are_named_in_the_first_comment(place: Place) -> None:
    place.run(lost(*(f"guid {number}" for number in range(40))))
    (comment,) = place.issue.comments
    assert "40 events" in comment
    assert comment.count("| push |") == 30
    assert "and 10 more" in comment


def test_losses_without_room_in_the_report_are_counted_once(place: Place) -> None:
    many = replace(LOST, lost=5_000)
    assert place.runs(many, many) == ["opened", "none"]
    assert "5,000 events" in place.issue.body


def test_issue_closed_by_hand_stays_closed_until_it_gets_worse(place: Place) -> None:
    place.run(WAITING)
    place.issue.is_open = False
    assert place.runs(WAITING, MORE, UNREAD) == ["none"] * 3
    assert place.runs(DOWN) == ["reopened"]
    assert place.issue.is_open
    place.issue.is_open = False
    assert place.runs(DOWN, COMING) == ["none"] * 2
    comments = len(place.issue.comments)
    assert place.runs(SETTLED, SETTLED) == ["edited", "none"]  # so that it is over
    assert (place.issue.is_open, len(place.issue.comments)) == (False, comments)
    assert place.runs(WAITING) == ["opened"]


def test_issue_of_failing_runs_says_what_was_known_before(place: Place) -> None:
    place.runs(WAITING, FAILED)
    remembered = memory_of(place.issue.body)
    assert remembered
    assert (remembered.state, remembered.undelivered, remembered.deadline) == (State.FAILED, 2, START + 3 * DAY)
    assert "| **2**, according to the last run" in place.issue.body
    assert NO_REPORT.rstrip(".") in place.issue.body


def test_other_issues_with_the_label_are_left_alone(place: Place) -> None:
    place.issues.open("Somebody else's", "text", [LABEL], 0, AUTHORS["classic"])
    pull = place.issues.open("A pull request", "<!-- redeliver-action: {} -->", [LABEL], 0, AUTHORS["actions"])
    pull.is_pull_request = True
    assert place.runs(WAITING, SETTLED) == ["opened", "closed"]
    assert [one.edits for one in place.issues.all()] == [1, 0, 0]


def forged(place: Place, author: Author) -> Issue:
    """An issue that says it is the action's, and that it has told of everything."""
    other = Place(judged=False)
    other.run(replace(LOST, gap=GAP.gap))
    return place.issues.open("Webhook redelivery needs attention", other.issue.body, [LABEL], 0, author)


@pytest.mark.parametrize(
    "author", [STRANGER, *(Author("x", association=one) for one in ("CONTRIBUTOR", "FIRST_TIMER", "MANNEQUIN"))]
)
@pytest.mark.parametrize("is_open", [True, False])
def test_strangers_issue_is_left_alone_whatever_it_claims(place: Place, author: Author, *, is_open: bool) -> None:
    theirs = forged(place, author)
    theirs.is_open = is_open
    before = theirs.body
    assert place.runs(replace(LOST, gap=GAP.gap), LOST, ANOTHER) == ["opened", "none", "commented"]
    assert (theirs.body, theirs.edits, theirs.comments, theirs.is_open) == (before, 0, [], is_open)
    ours = place.issues.all()[0]
    assert "| push | a |" in ours.comments[0]
    assert utc(START + HOUR) in ours.comments[0]


@pytest.mark.parametrize("kind", ["actions", "installation", "fine-grained", "classic"])
def test_issue_is_found_again_whichever_token_opened_it(place: Place, kind: TokenKind) -> None:
    forged(place, AUTHORS[kind])
    assert place.runs(replace(LOST, gap=GAP.gap), SETTLED) == ["none", "none"]


@pytest.mark.parametrize(
    "author",
    [
        {},
        {"user": None},
        {"user": None, "author_association": None},
        {"user": {}, "author_association": "none"},
        {"user": {"type": ["Bot"]}, "author_association": ["OWNER"]},
        {"user": "Bot", "author_association": {"OWNER": "OWNER"}},
        {"user": {"type": "User", "login": "github-actions[bot]"}, "author_association": "NONE"},
    ],
)
def test_issue_of_an_unknown_author_is_left_alone(author: dict[str, object]) -> None:
    place = Place(judged=False)
    theirs = forged(place, STRANGER)
    listed = [{"number": theirs.number, "state": "open", "body": theirs.body, **author}]
    answer = Answer(200, json.dumps(listed).encode(), {"content-type": "application/json"})
    place.sim.faults.add(Fault(answer, path="*/issues", verb="GET"))
    assert place.runs(LOST) == ["opened"]
    assert theirs.edits == 0


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"state": "x"}', '{"since": -1}', "[" * 5_000, '{"lost": "x"}'])
def test_broken_issue_is_written_anew(place: Place, broken: str) -> None:
    place.run(WAITING)
    place.issue.body = f"<!-- redeliver-action: {broken} -->"
    assert place.runs(WAITING, WAITING) == ["edited", "none"]
    assert "2 events" in place.issue.body


SITUATIONS = [SETTLED, UNREAD, FAILED, WAITING, MORE, COMING, DOWN, LOST, ANOTHER, GAP]


@given(st.lists(st.tuples(st.sampled_from(SITUATIONS), st.booleans()), max_size=12))
def test_never_two_issues_and_an_unchanged_run_writes_nothing(
    steps: list[tuple[Situation, bool]],
) -> None:
    place = Place(judged=False)
    dismissed = False
    for situation, is_closed_by_hand in steps:
        change = place.run(situation)
        opened = place.issues.opened
        assert len(opened) <= 1
        if situation.state in {State.DOWN, State.UNDELIVERED, State.FAILED} and not dismissed:
            assert opened
        if change in {Change.OPENED, Change.REOPENED, Change.COMMENTED}:
            assert opened
        written = len(place.written)
        place.run(situation)
        assert len(place.written) == written
        dismissed &= situation.state is not State.SETTLED
        if is_closed_by_hand and opened:
            opened[0].is_open = False
            dismissed = True


def test_unknown_request_of_pygithub_is_refused(place: Place) -> None:
    issues = Issues(place.caller(), REPOSITORY, LABEL)
    with pytest.raises(KeyError, match="GET labels"):
        issues._repository.get_labels().get_page(0)
    assert place.sim.journal.entries == []


# -- what GitHub refuses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "kind", "words"),
    [
        ({"permissions": {"issues": "read"}}, MissingPermission, "permissions: issues: write"),
        ({"permissions": {"issues": "write"}, "sees": ["other"]}, NotFound, "octo/ops"),
    ],
)
def test_missing_permission_is_reported(
    place: Place, token: dict[str, object], kind: type[RedeliverError], words: str
) -> None:
    place.sim.token("job", kind="actions", **token)
    with pytest.raises(kind, match=words) as fault:
        place.run(DOWN)
    assert "webhooks" not in str(fault.value)
    assert place.issues.all() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("effect", [Lose("reset"), Lose("silence"), json_answer(502, "x"), json_answer(201, "x")])
def test_issue_whose_reply_is_lost_is_not_opened_twice(place: Place, effect: Effect, when: When) -> None:
    place.sim.faults.add(Fault(effect, path="*/issues", verb="POST", when=when))
    with pytest.raises(ReplyLost):
        place.run(DOWN)
    assert len(place.issues.all()) == (when == "after")
    assert place.runs(DOWN) == ["opened" if when == "before" else "none"]
    assert len(place.issues.all()) == 1


def test_limit_is_waited_out_and_the_issue_opened(place: Place) -> None:
    limited = json_answer(403, "secondary rate limit", retry_after="30")
    place.sim.faults.add(Fault(limited, path="*/issues", verb="POST"))
    assert place.runs(DOWN) == ["opened"]
    assert len(place.issues.all()) == 1


def test_failed_comment_is_made_by_the_next_run(place: Place) -> None:
    place.run(DOWN)
    place.sim.faults.add(Fault(json_answer(500, "Server Error"), path="*/comments", times=1))
    with pytest.raises(ReplyLost):
        place.run(lost("a"))
    assert place.issue.comments == []
    assert place.runs(lost("a")) == ["commented"]
    assert place.issue.comments[0].count("| push | a |") == 1


def test_failed_reading_opens_no_issue(place: Place) -> None:
    place.run(DOWN)
    place.sim.faults.add(Fault(json_answer(502, "Bad Gateway"), path="*/issues", verb="GET", times=None))
    with pytest.raises(ApiFailing):
        place.run(DOWN)
    assert len(place.issues.all()) == 1
