"""What Hypothesis invents to come in a run's way."""

from __future__ import annotations

from hypothesis import strategies as st

from githubsim import outcomes
from githubsim.clock import SECOND
from githubsim.faults import Effect, Fault, Lose, Rewrite, When, every_kind, json_answer, redirect
from githubsim.outcomes import invalid_response
from guarantees.interference import Cut

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


#: Which hooks something happens to, a bit for each; where there is none of them, it is the first.
EVERYWHERE = 0b111
WHERE = st.integers(1, EVERYWHERE)

CUTS = st.builds(
    Cut,
    how=st.sampled_from(["crash", "signal"]),
    where=st.sampled_from(["call", "call", "wait", "word"]),
    nth=st.integers(1, 14),
    when=st.sampled_from(WHEN),
)
