"""Answers that Hypothesis makes up reach a run through a socket, urllib3, requests and PyGithub: it ends cleanly."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from command.keys import key_pair
from githubsim.clock import START, VirtualClock
from hostile.answers import BODIES, ENDLESS, LONG, STATUSES, Answer
from hostile.api import TARGETS, Api
from hostile.rawserver import CLOSE, RawServer
from hostile.strange import text
from redeliver.core.settings import parse
from redeliver.github.connection import GitHubApi
from redeliver.github.session import Session
from redeliver.output.report_json import as_json, outputs
from redeliver.output.summary import markdown
from redeliver.run.runs import run_hooks
from redeliver.timing import RunClock
from runs.lengths import examples
from samples import Said

NAMES = [
    b"Content-Length",
    b"Transfer-Encoding",
    b"Content-Encoding",
    b"Content-Type",
    b"Connection",
    b"Date",
    b"Link",
    b"Location",
    b"Retry-After",
    b"Set-Cookie",
    b"X-RateLimit-Limit",
    b"X-RateLimit-Remaining",
    b"X-RateLimit-Reset",
    b"X-Accepted-GitHub-Permissions",
    b"X-Accepted-OAuth-Scopes",
]
VALUES = [b"0", b"1", b"-1", b"inf", b"NaN", b"chunked", b"gzip", b"gzip, deflate", b"close", b"x", b"", LONG, ENDLESS]
VALUES += [
    b"Fri, 31 Dec 9999 23:59:59 -2359",
    b'<http://[::1>; rel="next"',
    b'<https://evil.example/?x>; rel="next"',
    b"\xff",
]
values = st.sampled_from(VALUES) | st.binary(max_size=30)
#: Not the bodies of 31 MiB, which test_any_answer.py gives.
bodies = st.sampled_from([make for name, make in BODIES.items() if "MiB" not in name and "parts" not in name])
things = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "guid", "delivered_at", "status", "message", "value", "token"]), inner)
    ),
    max_leaves=8,
)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """An answer that is right but for some header lines, its body, how that is sent, and some of its bytes."""
    lines = draw(st.lists(st.tuples(st.sampled_from(NAMES) | st.binary(max_size=10), values), max_size=4))
    number = draw(st.sampled_from(["", *map(str, STATUSES)]))
    other = draw(st.none() | bodies | st.builds(lambda thing: lambda: json.dumps(thing).encode(), things))
    way = draw(st.sampled_from(["length", "chunked", "gzip", "until closed"]))
    cut = draw(st.none() | st.integers(0, 400))
    spoilt = draw(st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=2))

    def answer(body: bytes, status: str) -> Iterator[bytes]:
        data = other() if other else body
        coding: list[tuple[bytes, bytes]] = []
        match way:
            case "length":
                coding = [(b"Content-Length", b"%d" % len(data))]
            case "chunked":
                coding = [(b"Transfer-Encoding", b"chunked")]
                data = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
            case "gzip":
                coding, data = [(b"Content-Encoding", b"gzip")], gzip.compress(data)
            case _:
                pass
        head = [b"HTTP/1.1 " + (f"{number} Odd" if number else status).encode()]
        head += [name + b": " + value for name, value in [*coding, *lines]]
        whole = b"\r\n".join([*head, b"", data])
        for place, bytes_ in spoilt:
            whole = whole[:place] + bytes_ + whole[place + len(bytes_) :]
        if cut != 0:
            yield whole[:cut]
        yield CLOSE

    return answer


def run(api: Api, url: str) -> Iterable[str]:
    """Make a run and write all that a step writes. Its clock is one that waiting moves on at once."""
    given = api.inputs(0, key_pair().private, "github_pat_hush") | {"api-url": url, "time-limit": "10m"}
    chosen = parse(given)
    said, clock = Said(), VirtualClock()
    run_clock = RunClock(clock, chosen.time_limit, said)
    connect = partial(GitHubApi, url, time_left=run_clock.call_time_left)
    session = Session(chosen, connect, run_clock, said, random=Random(1), sends=True)
    api.now = lambda: clock() / 1_000
    report = run_hooks(session)
    assert outputs(report).keys() >= {"report", "undelivered-count"}
    assert markdown(report).startswith("## ")
    assert report.exit_code(chosen.fail_on) == bool(report.errors)
    return [*said.lines, *said.details, *said.groups, as_json(report), markdown(report)]


@given(answer=answers(), target=st.sampled_from(list(TARGETS)))
@settings(max_examples=examples(50, soak=2_000), deadline=None)
def test_any_answer_ends_a_run_cleanly(answer: Answer, target: str) -> None:
    heads: list[bytes] = []

    def noted(body: bytes, status: str) -> Iterable[bytes]:
        parts = list(answer(body, status))
        heads.append(b"".join(parts)[:16])
        return parts

    api = Api([noted], target, now=lambda: START / 1_000)
    with RawServer(api) as server:
        said = run(api, server.url)
    assert not any("hush" in line for line in said)
    posts = Counter(asked.path for asked in api.asked if asked.path.endswith("/attempts"))
    # Only what a limit refused may be asked for again.
    assert max(posts.values(), default=0) <= 1 or any(b"403" in head or b"429" in head for head in heads)
