"""The run in a sentence or two, and what stands on its own page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import DAY, HOUR, MINUTE, START
from redeliver.core.findings import EndpointDown, EventsGivenUp, GapFound, HookInactive, RunStopped
from redeliver.core.redelivery import LOST, Outcome
from redeliver.core.report import HookReport, Outage, Report
from redeliver.core.settings import FailOn
from redeliver.output.headline import MOST, Annotations, annotate, bounded, headline, mark
from reports import Problem, events, hook, hooks, one

UNREAD: dict[str, Any] = {"read": False, "scanned": 0, "errors": ("no",)}
NOTHING = "Nothing to redeliver: no undelivered event was found"
UNTIL = ". It can be redelivered until 9 Nov 21:20 UTC (72 h left)"
OLDEST = UNTIL.replace("It", "The oldest")
AT_LEAST_A_DAY = Outage(START - DAY, at_least=True, cause="timed out", backlog=1)
NEW = Outage(None, at_least=False, cause="HTTP 503", backlog=1)
DOWN = EndpointDown(since=", since Monday", probes=3, cause="no connection")


def outage(*outcomes: Outcome, hours: int = 6, number: int = 1, **known: Any) -> HookReport:  # noqa: ANN401
    """A webhook whose receiver is down."""
    since = Outage(START - hours * HOUR, at_least=False, cause="no connection", backlog=240)
    usual: dict[str, Any] = {"outage": since, "remarks": (DOWN,)}
    return hook(*events(*outcomes), number=number, **usual | known)


@pytest.mark.parametrize(
    ("light", "says", "report"),
    [
        ("🟢", NOTHING, one()),
        ("🟢", "Nothing to redeliver: 1 event filtered out", one(*events(Outcome.FILTERED_OUT))),
        ("🟢", "Nothing to redeliver: 1,000 events filtered out", one(*events(*[Outcome.FILTERED_OUT] * 1_000))),
        ("🟢", "The failed event was recovered", one(*events(Outcome.RECOVERED))),
        ("🟢", "All 1,500 failed events were recovered", one(*events(*[Outcome.RECOVERED] * 1_500))),
        ("🟡", f"0 of 1 failed event recovered, 1 still undelivered{UNTIL}", one(*events(Outcome.NOT_DUE))),
        (
            "🟡",
            f"1 of 4 failed events recovered, 2 with no outcome yet, 1 still undelivered{OLDEST}",
            one(*events(Outcome.PENDING, Outcome.UNKNOWN, Outcome.REFUSED, Outcome.RECOVERED)),
        ),
        ("🟡", "0 of 2 failed events recovered, 2 left as too old", one(*events(*[Outcome.TOO_OLD] * 2))),
        (
            "🟡",
            f"1 of 3 failed events recovered, 1 still undelivered, 1 left as too old{UNTIL.replace('20', '21')}",
            one(*events(Outcome.TOO_OLD, Outcome.NOT_DUE, Outcome.RECOVERED)),
        ),
        (
            "🟡",
            f"Dry run: 1 undelivered event found, nothing was sent{UNTIL}",
            Report((hook(*events(Outcome.DRY_RUN)),), dry_run=True),
        ),
        ("🟢", NOTHING, Report((hook(),), dry_run=True)),
        # What is lost comes first.
        (
            "🔴",
            "2 events given up and 1 event expired. The other failed event was recovered",
            one(*events(Outcome.GIVEN_UP, Outcome.EXPIRED, Outcome.RECOVERED, Outcome.GIVEN_UP)),
        ),
        ("🔴", "1 event given up", one(*events(Outcome.GIVEN_UP))),
        (
            "🔴",
            f"1 event given up. 0 of 1 failed event recovered, 1 still undelivered{UNTIL}",
            one(*events(Outcome.REFUSED, Outcome.GIVEN_UP)),
        ),
        (
            "🔴",
            f"GitHub has forgotten deliveries that no run checked, from 27 Oct 21:20 UTC to 3 Nov 21:20 UTC. {NOTHING}",
            one(gap=(START - 10 * DAY, START - 3 * DAY), faults=(GapFound(since="x", until="y"),)),
        ),
        (
            "🔴",
            f"Of 2 webhooks GitHub has forgotten deliveries that no run checked. {NOTHING}",
            Report(hooks(2, gap=(1, 2), faults=(GapFound(since="x", until="y"),))),
        ),
        # What will be lost, next.
        (
            "🔴",
            (
                "2 h left to redeliver the oldest of 2 undelivered events: GitHub forgets it at 23:20 UTC. "
                "The receiver has been down since 3 Nov 23:20 UTC (70 h): no connection"
            ),
            Report((outage(*[Outcome.ENDPOINT_DOWN] * 2, hours=70, deadline=START + 2 * HOUR),)),
        ),
        (
            "🔴",
            (
                "11 h 59 min left to redeliver the undelivered event: GitHub forgets it at 7 Nov 09:19 UTC. "
                "0 of 1 failed event recovered, 1 still undelivered"
            ),
            one(*events(Outcome.NOT_DUE), deadline=START + 12 * HOUR - MINUTE),
        ),
        (
            "🟡",
            (
                "0 of 1 failed event recovered, 1 still undelivered. It can be redelivered until 7 Nov 09:20 UTC "
                "(12 h left)"
            ),
            one(*events(Outcome.NOT_DUE), deadline=START + 12 * HOUR),
        ),
        (
            "🔴",
            (
                "No time left to redeliver the undelivered event: GitHub forgets it at 21:20 UTC. "
                "0 of 1 failed event recovered, 1 still undelivered"
            ),
            one(*events(Outcome.NOT_DUE), deadline=START),
        ),
        (
            "🔴",
            (
                "5 min left to read the oldest deliveries: GitHub begins to forget them at 21:25 UTC. "
                f"{NOTHING} in what was read"
            ),
            one(partial=True, warnings=("only the newest",), deadline=START + 5 * MINUTE),
        ),
        # What is down, or off.
        (
            "🔴",
            f"The receiver has been down since 15:20 UTC (6 h): no connection. 2 events are undelivered{OLDEST}",
            Report((outage(Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN),)),
        ),
        (
            "🔴",
            (
                "The receiver has been down since at least 5 Nov 21:20 UTC (24 h): timed out. "
                f"At least 1 event is undelivered{OLDEST}"
            ),
            one(*events(Outcome.ENDPOINT_DOWN), partial=True, outage=AT_LEAST_A_DAY),
        ),
        (
            "🔴",
            f"The receiver is down: HTTP 503. 1 event is undelivered{UNTIL}",
            one(*events(Outcome.ENDPOINT_DOWN), outage=NEW),
        ),
        (
            "🔴",
            f"1 of 3 receivers is down. 2 events are undelivered{OLDEST}",
            Report((*hooks(2), outage(Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN))),
        ),
        (
            "🔴",
            f"2 of 2 receivers are down. 2 events are undelivered{OLDEST}",
            Report((outage(Outcome.ENDPOINT_DOWN), outage(Outcome.ENDPOINT_DOWN))),
        ),
        (
            "🟡",
            f"The webhook is switched off: GitHub sends it nothing. {NOTHING}",
            one(active=False, remarks=(HookInactive(),)),
        ),
        (
            "🟡",
            f"2 of 3 webhooks are switched off. {NOTHING}",
            Report((hook(), *hooks(2, active=False, remarks=(HookInactive(),)))),
        ),
        # What was not read is not called fine.
        ("🟡", f"{NOTHING} in what was read", one(partial=True, warnings=("only the newest",))),
        ("🟡", NOTHING, one(warnings=("slow",))),
        ("🔴", "The run failed: no deliveries could be checked", one(**UNREAD)),
        ("🔴", "The run failed: no deliveries could be checked", Report(hooks(3, **UNREAD))),
        ("🔴", "The run failed: no deliveries could be checked", Report((), fault="No webhook fits.")),
        ("🟡", "No deliveries could be checked", one(**UNREAD | {"errors": (), "warnings": ("the hour is spent",)})),
        ("🔴", f"The run failed. {NOTHING}", one(errors=("no",))),
        (
            "🔴",
            f"1 of 30 webhooks could not be checked. {NOTHING} in what was read",
            Report((*hooks(29), hook(**UNREAD))),
        ),
        (
            "🔴",
            "2 of 4 webhooks could not be checked. All 2 failed events were recovered",
            Report((*hooks(2, *events(Outcome.RECOVERED)), *hooks(2, **UNREAD))),
        ),
        # A run that was stopped.
        ("🟡", "The run was stopped", Report((), signal_number=2)),
        ("🟡", "The run was stopped before it had read the log", Report((hook(read=False),), signal_number=2)),
        (
            "🟡",
            "The run was stopped before it had read 38 of 40 logs. The failed event was recovered",
            Report((hook(*events(Outcome.RECOVERED)), hook(), hook(read=False)), signal_number=2, unreached=37),
        ),
        (
            "🟡",
            f"The run was stopped. 1 of 2 failed events recovered, 1 still undelivered{UNTIL}",
            Report((hook(*events(Outcome.STOPPED, Outcome.RECOVERED)),), signal_number=15),
        ),
    ],
)
def test_each_ending_has_its_sentences_and_its_mark(light: str, says: str, report: Report) -> None:
    assert (mark(report), headline(report)) == (light, says)


outcomes = st.sampled_from(Outcome)
any_hook = st.builds(
    lambda kinds, known: hook(*events(*kinds), **known),
    st.lists(outcomes, max_size=6),
    st.fixed_dictionaries(
        {
            "read": st.booleans(),
            "partial": st.booleans(),
            "active": st.none() | st.booleans(),
            "gap": st.none() | st.just((1, 2)),
            "errors": st.sampled_from([(), ("no",)]),
            "deadline": st.none() | st.integers(START - DAY, START + 4 * DAY),
        }
    ),
)


@given(reports=st.lists(any_hook, min_size=1, max_size=3), dry_run=st.booleans(), signal=st.sampled_from([None, 2]))
def test_it_is_never_green_over_a_loss_or_what_was_not_read(
    *,
    reports: list[HookReport],
    dry_run: bool,
    signal: int | None,
) -> None:
    # As the run itself does, a gap and what is lost are faults.
    faulty = [replace(one, faults=(*one.faults, DOWN)) if one.gap or one.lost else one for one in reports]
    report = Report(tuple(faulty), dry_run, signal)
    light, says = mark(report), headline(report)
    assert says
    if report.lost or any(one.gap for one in faulty):
        assert light == "🔴"
    if light == "🟢":
        assert all(one.read and not one.undelivered for one in faulty)
    if any(event.outcome in LOST for event in report.events):
        assert says.split(". ")[0].endswith(("given up", "expired"))


# -- annotations ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "report"),
    [
        (Annotations(), one()),
        (Annotations(), one(*events(Outcome.FILTERED_OUT))),
        (Annotations(notice="The failed event was recovered."), one(*events(Outcome.RECOVERED))),
        (
            Annotations(warning=f"0 of 1 failed event recovered, 1 with no outcome yet{UNTIL}."),
            one(*events(Outcome.PENDING)),
        ),
        (
            Annotations(
                warning=f"0 of 1 failed event recovered, 1 still undelivered{UNTIL}. 1 event is due in the next run."
            ),
            one(*events(Outcome.REFUSED)),
        ),
        (
            Annotations(warning="The failed event was recovered. It was slow. It was late."),
            one(*events(Outcome.RECOVERED), warnings=("It was slow.", "It was late.")),
        ),
        (Annotations(("It may not.",)), one(read=False, errors=("It may not.",))),
        # The outage is told once, with its cause, what it costs, and until when.
        (
            Annotations(
                warning="The receiver has been down since 15:20 UTC (6 h): no connection. "
                f"1 event is undelivered{UNTIL}. 1 event is due in the next run. Once the receiver is up, redelivering "
                "them takes about 4 min."
            ),
            Report((outage(Outcome.ENDPOINT_DOWN),)),
        ),
        # What is urgent is red.
        (
            Annotations(
                ("2 h left to redeliver the undelivered event: GitHub forgets it at 23:20 UTC.",),
                warning="0 of 1 failed event recovered, 1 still undelivered. 1 event is due in the next run.",
            ),
            one(*events(Outcome.REFUSED), deadline=START + 2 * HOUR),
        ),
        # A loss is an error, and not told again beside it.
        (
            Annotations(
                (str(EventsGivenUp(events="1 event", guids="g")),), notice="The other failed event was recovered."
            ),
            one(*events(Outcome.GIVEN_UP, Outcome.RECOVERED), faults=(EventsGivenUp(events="1 event", guids="g"),)),
        ),
        (
            Annotations(
                warning=f"The webhook is switched off: GitHub sends it nothing. {NOTHING}. {HookInactive().next_step}"
            ),
            one(active=False, remarks=(HookInactive(),)),
        ),
        (
            Annotations(warning=f"The run was stopped. {NOTHING}. {RunStopped(number=15).next_step}"),
            Report((hook(remarks=(RunStopped(number=15),)),), signal_number=15),
        ),
        (
            Annotations((str(EventsGivenUp(events="1 event", guids="g")), "No."), warning="It was slow."),
            one(
                *events(Outcome.GIVEN_UP),
                faults=(Problem("No."), EventsGivenUp(events="1 event", guids="g")),
                warnings=("It was slow.",),
            ),
        ),
        # With several webhooks, each remark names the first that has it.
        (
            Annotations(
                ("hook 1 of the organization octo: No. The same applies to 1 more webhook.",),
                warning=f"0 of 2 failed events recovered, 2 still undelivered{OLDEST}. "
                "2 events are due in the next run.",
            ),
            Report(hooks(2, *events(Outcome.REFUSED), errors=("No.",))),
        ),
    ],
)
def test_annotations_say_each_thing_once(said: Annotations, report: Report) -> None:
    assert annotate(report, FailOn.ERROR) == annotate(report, FailOn.NEVER) == said


def test_when_events_are_redelivered_next_is_told() -> None:
    due, later = (
        replace(event, next_attempt_at=START + wait)
        for event, wait in zip(events(Outcome.REFUSED, Outcome.NOT_DUE), (0, 20 * MINUTE), strict=True)
    )
    assert (
        "1 event is due in the next run, 1 more from 21:40 UTC on." in annotate(one(due, later), FailOn.ERROR).warning
    )
    assert "The next redelivery is due at 21:40 UTC." in annotate(one(later), FailOn.ERROR).warning


def test_a_step_that_fails_by_fail_on_says_so() -> None:
    again = events(Outcome.PENDING)
    said = annotate(one(*again, warnings=("It was slow.",)), FailOn.UNDELIVERED)
    assert said == Annotations(
        (f"0 of 1 failed event recovered, 1 with no outcome yet{UNTIL} (fail-on: undelivered)",), warning="It was slow."
    )
    unread = annotate(one(read=False, warnings=("The hour is spent.",)), FailOn.UNDELIVERED)
    assert unread.errors == ("No deliveries could be checked (fail-on: undelivered)",)
    assert annotate(one(*events(Outcome.RECOVERED)), FailOn.UNDELIVERED).errors == ()
    assert annotate(one(*again, errors=("No.",)), FailOn.UNDELIVERED).errors == ("No.",)


def test_no_more_stand_there_than_github_shows() -> None:
    assert bounded(["no"] * MOST) == ("no",) * MOST
    report = Report(tuple(hook(number=number, errors=(f"{'x' * number}",)) for number in range(1, 41)))
    errors = annotate(report, FailOn.ERROR).errors
    assert len(errors) == MOST
    assert errors[-1] == "and 31 more errors: the job summary has some of them, the output report all"
