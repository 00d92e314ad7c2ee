"""What Hypothesis invents to come in a run's way."""

from __future__ import annotations

from hypothesis import strategies as st

from githubsim import outcomes
from githubsim.clock import SECOND
from githubsim.faults import Fault, Rewrite, every_kind, json_answer, redirect
from githubsim.outcomes import invalid_response
from guarantees.interference import Cut

FAILURES = st.sampled_from([*outcomes.FAILURES, invalid_response(404), invalid_response(422)])
MINUTES_LATE = st.sampled_from([0, 200, 900, 5 * SECOND, 40 * SECOND])
#: The last is all of one hook of several: GitHub's simulation counts from there.
PATHS = st.sampled_from(["*", "*/deliveries", "*/attempts", "*/actions/variables*", "*400000001*"])
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


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """One fault, at some request of a run, before or after its effect."""
    verb, path = draw(st.sampled_from(["*", "GET", "POST", "PATCH"])), draw(PATHS)
    nth, times = draw(st.integers(1, 6)), draw(st.sampled_from([1, 1, 2, 5]))
    kind = draw(st.sampled_from(["every", "no", "rewrite"]))
    if kind == "no":
        return Fault(draw(st.sampled_from(NOES)), verb=verb, path=path, nth=nth, times=times)
    if kind == "rewrite":
        return Fault(Rewrite(draw(st.sampled_from([200, 500]))), verb="POST", path="*/attempts", nth=nth, times=times)
    chosen = draw(st.sampled_from(list(every_kind())))
    return Fault(chosen.effect, verb=verb, path=path, nth=nth, times=times, when=chosen.when)


#: Which hooks something happens to, a bit for each; where there are fewer, the other bits count for nothing.
WHERE = st.integers(1, 7)

CUTS = st.builds(
    Cut,
    how=st.sampled_from(["crash", "signal"]),
    where=st.sampled_from(["call", "call", "wait", "word"]),
    nth=st.integers(1, 14),
    when=st.sampled_from(["before", "after"]),
)
