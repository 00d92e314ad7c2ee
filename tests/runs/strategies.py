"""What Hypothesis invents to come in a run's way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from githubsim import outcomes
from githubsim.clock import DAY, HOUR, MINUTE, SECOND, START
from githubsim.faults import (
    Effect,
    Fault,
    Lose,
    Rewrite,
    When,
    every_kind,
    json_answer,
    link_in_other_words,
    proxy_refusal,
    redirect,
    without_link,
    wrong_date,
)
from githubsim.outcomes import LEFT_OUT, Kind, Outcome, invalid_response
from githubsim.render import http_date
from receivers import crashing, down, limited, losing, slow, unsteady
from runs.interference import Cut, Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from githubsim.receivers import Receiver

FAILURES = st.sampled_from([*outcomes.FAILURES, invalid_response(404), invalid_response(422)])
#: How one event fares whatever its endpoint does otherwise; OK: like all of them.
POISON = st.just(outcomes.OK) | FAILURES
MINUTES_LATE = st.sampled_from([0, 200, 900, 5 * SECOND, 40 * SECOND])
#: Which requests a fault can hit. The last are all those about one hook, of several perhaps.
REQUESTS = (
    ("*", "*"),
    ("GET", "*/deliveries"),
    ("POST", "*/attempts"),
    ("*", "*/actions/variables*"),
    ("PATCH", "*/actions/variables*"),
    ("*", "*400000001*"),
)
LIMITS = (
    json_answer(429, "Slow down"),
    json_answer(429, "Slow down", retry_after="20"),
    json_answer(403, "You have exceeded a secondary rate limit."),
    json_answer(403, "You have exceeded a secondary rate limit.", retry_after="90"),
)
#: What GitHub says without having done anything.
NOES = (
    *(json_answer(status, "No") for status in (401, 403, 404, 410, 422)),
    redirect("https://elsewhere.example/"),
    *LIMITS,
)
#: What leaves it open whether a redelivery was accepted.
UNSURE: tuple[Effect, ...] = (Rewrite(200), Rewrite(500), Lose("reset"))
WHEN: tuple[When, ...] = ("before", "after")
#: Which of the requests a fault hits. Many runs make few of a kind, so that the first ones are hit more often.
NTH = st.sampled_from([1, 1, 1, 2, 2, 3, 4, 5, 6])


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """One fault, at some request of a run, before or after its effect."""
    verb, path = draw(st.sampled_from(REQUESTS))
    nth, times = draw(NTH), draw(st.sampled_from([1, 1, 2, 5]))
    kind = draw(st.sampled_from(["every", "no", "redelivery"]))
    if kind == "no":
        return Fault(draw(st.sampled_from(NOES)), verb=verb, path=path, nth=nth, times=times)
    if kind == "redelivery":
        effect, when = draw(st.sampled_from(UNSURE)), draw(st.sampled_from(WHEN))
        return Fault(effect, verb="POST", path="*/attempts", nth=nth, times=times, when=when)
    chosen = draw(st.sampled_from(list(every_kind())))
    return Fault(chosen.effect, verb=verb, path=path, nth=nth, times=times, when=chosen.when)


#: How GitHub may write a row as it should not. The first three can be read all the same.
ODD: tuple[dict[str, object], ...] = (
    {"status_code": None},
    {"redelivery": LEFT_OUT},
    {"status": None},
    {"event": None},
    {"event": "e" * 201},
    {"guid": None},
    {"delivered_at": None},
)


class Past(NamedTuple):
    """An event that has failed just now, and its attempts before, evenly since so many milliseconds ago."""

    age: int
    outcomes: tuple[Outcome, ...]
    last: Outcome
    kind: Kind


_REFUSED = invalid_response(422)
PASTS = st.builds(
    Past,
    age=st.sampled_from([50 * MINUTE, 5 * HOUR, 30 * HOUR, 30 * HOUR, 71 * HOUR, 73 * HOUR]),
    outcomes=st.sampled_from(
        [
            (outcomes.UNAVAILABLE,),
            (outcomes.REDIRECTED,),
            (outcomes.OK,),
            (_REFUSED, _REFUSED),
            (outcomes.REDIRECTED, outcomes.UNAVAILABLE),
            (outcomes.UNAVAILABLE, outcomes.OK),
            (outcomes.UNAVAILABLE, outcomes.OK, _REFUSED),
        ]
    ),
    last=st.sampled_from([_REFUSED, _REFUSED, outcomes.UNAVAILABLE, outcomes.BAD_CERTIFICATE]),
    kind=st.sampled_from([Kind(), Kind("issues", "opened")]),
)
#: How long ago an attempt was whose row shows up only now.
LATE = st.sampled_from([20 * MINUTE, 5 * HOUR, 30 * HOUR, 60 * HOUR])
#: Most rows are as they should be.
ODDITY = st.sampled_from([*({},) * 12, *ODD])
#: Responses whose Link says nothing, or nothing that can be read, of the page that follows.
SILENT: tuple[Effect, ...] = (without_link(), link_in_other_words(lambda _: '<https://proxy.example/help>; rel="help"'))
UNREADABLE: tuple[Effect, ...] = (
    link_in_other_words(lambda link: link[:-3]),
    link_in_other_words(lambda link: link.replace("<", "").replace(">", "")),
    link_in_other_words(lambda link: link.replace('"', "'")),
)


def says_nothing(effect: Effect) -> bool:
    """Whether it takes from a response what it says of the page that follows."""
    link = effect.headers.get("link") if isinstance(effect, Rewrite) else None
    return callable(link) and "next" not in (link('<https://api.github.com/>; rel="next"') or "")


#: Responses of a server whose clock is wrong, and of a proxy that wants a password.
DATES: tuple[Effect, ...] = (
    *map(wrong_date, (10 * HOUR, 14 * MINUTE, -14 * MINUTE, -10 * HOUR)),
    proxy_refusal(http_date(START + 10 * DAY)),
)
#: What keeps a run from reading on.
NOTHING: tuple[Effect, ...] = (*NOES, Lose("reset"))
#: Requests between reading the window and planning, in a run that reads everything.
READING_BACK = "*status=failure*"


@st.composite
def absences(draw: st.DrawFn) -> Fault:
    """A response that says less than it should, or what no other says, or none where a run is about to plan."""
    kind = draw(st.sampled_from(["link", "date", "reading back"]))
    if kind == "link":
        link = draw(st.sampled_from([*SILENT, *UNREADABLE]))
        return Fault(link, path="*/deliveries", nth=draw(NTH), times=draw(st.sampled_from([1, 2, 99])))
    if kind == "date":
        return Fault(draw(st.sampled_from(DATES)), nth=draw(NTH))
    return Fault(
        draw(st.sampled_from(NOTHING)), path="*/deliveries", query=READING_BACK, times=draw(st.sampled_from([1, 5]))
    )


#: Receivers with troubles of their own, given chance and the time; None: there is none.
TROUBLES: st.SearchStrategy[Callable[[Random, int], Receiver]] = st.one_of(
    st.builds(
        limited,
        st.sampled_from([2, 5, 10, 30]),
        st.sampled_from([429, 503, 504]),
        st.sampled_from([15 * SECOND, MINUTE]),
        harsh=st.booleans(),
    ),
    st.builds(losing, st.sampled_from([0.1, 0.5]), st.sampled_from([429, 500, 502])),
    st.builds(crashing, st.sampled_from(["push", "issues"]), st.sampled_from([404, 500, 503, 504])),
    st.builds(down, st.sampled_from([500, 503, 504]), st.sampled_from([5 * SECOND, MINUTE]), st.just(2 * HOUR)),
    st.sampled_from([slow, unsteady]),
)

PLACES: tuple[Place, ...] = ("call", "call", "wait", "word", "failures")
#: Which hooks something happens to, a bit for each; where there is none of them, it is the first.
EVERYWHERE = 0b111
WHERE = st.integers(1, EVERYWHERE)


@st.composite
def cuts(draw: st.DrawFn) -> Cut:
    """Where a run is cut short. It asks for failures alone a few times at most."""
    where: Place = draw(st.sampled_from(PLACES))
    nth = draw(st.integers(1, 2 if where == "failures" else 14))
    return Cut(draw(st.sampled_from(["crash", "signal"])), where, nth, draw(st.sampled_from(WHEN)))
