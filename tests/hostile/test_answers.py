"""Whatever GitHub's API, or what poses as it, answers: the run ends in order, and its token goes nowhere else."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from githubsim.faults import Answer, Fault, Rewrite
from hostile.run import run
from hostile.strange import text
from redeliver.errors import ForeignLink
from redeliver.github.pages import Links
from runs.lengths import examples
from wording import raises
from world import World

API = "https://api.github.com"
HEADERS = ("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "date", "link", "x-accepted-github-permissions")
numbers = st.sampled_from(["0", "1", "-1", "9" * 400, "9" * 5_000, "1e9", "0x10", "²", "٣", "", "NaN"])
dates = st.sampled_from(
    ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 1 Jan 0001 00:00:00 +2359"]
)
links = st.sampled_from(
    [
        f'<{API}/x?page=2>; rel="next"',
        '<https://evil.example/x?page=2>; rel="next"',
        '<>; rel="next"',
        '<https://[::1>; rel="next"',
        "<",
    ]
)
headers = st.dictionaries(st.sampled_from(HEADERS), numbers | dates | links | text, max_size=4)
things = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "guid", "delivered_at", "status", "message", "value", "name"]), inner)
    ),
    max_leaves=8,
)
bodies = st.binary(max_size=40) | things.map(lambda thing: json.dumps(thing).encode()) | st.just(b"[" * 100_000)
answers = st.builds(Answer, st.integers(200, 599), bodies, headers)
paths = st.sampled_from(["*/deliveries", "*/attempts", "*/variables*", "*"])


ENDLESS = "9" * 5_000


@example(Answer(202, b"", {"x-ratelimit-remaining": ENDLESS}), "*/attempts", 1)
@example(Answer(202, b"", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": ENDLESS}), "*/attempts", 1)
@example(Answer(403, b"", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}), "*/deliveries", 1)
@example(Answer(429, b"", {"retry-after": "9" * 400}), "*/attempts", 1)
@given(
    answer=answers | st.builds(Rewrite, st.none() | st.integers(200, 599), headers), path=paths, nth=st.integers(1, 3)
)
@settings(max_examples=examples(40, soak=4_000), deadline=None)
def test_any_answer_leads_to_an_end_in_order(answer: Answer | Rewrite, path: str, nth: int) -> None:
    world = World()
    for minutes in (10, 20):
        world.fail(minutes)
    world.sim.faults.add(Fault(answer, path=path, nth=nth, times=6))
    told = run(world)
    assert {"report", "checkpoint"} <= told.outputs.keys()
    assert told.summary.startswith("## ")
    assert {command.name for command in told.commands} <= {"group", "endgroup", "debug", "notice", "warning", "error"}
    assert len(set(world.sent)) == len(world.sent)


hosts = (
    st.sampled_from(["evil.example", "api.github.com.evil.example", "api.github.com@evil.example", "[::1]", ""]) | text
)


@given(scheme=st.sampled_from(["https", "http", "HTTPS", "ftp", "", "javascript"]), host=hosts, more=text)
@example("https", "api.github.com:444", "")
@example("https", "api.github.com\\@evil.example", "")
@example("https", "evil.example\t@api.github.com", "")
@example("https", ";", "")
def test_no_next_page_is_looked_for_anywhere_else(scheme: str, host: str, more: str) -> None:
    address = f"{scheme}://{host}/{more}?page=2".translate({ord(mark): None for mark in "<>"})
    try:
        elsewhere = urlsplit(address).hostname != "api.github.com" or not address.lower().startswith("https:")
    except ValueError:
        elsewhere = True
    header = f'<{address}>; rel="next"'
    if elsewhere or ":444" in address:
        with raises(ForeignLink):
            Links(API).next_query(header)
    elif not parse_qsl(urlsplit(address).query):
        with pytest.raises(ValueError, match="next page"):
            Links(API).next_query(header)
    else:
        # Only the query is taken: the request goes to the API's own address.
        assert isinstance(Links(API).next_query(header), dict)


@pytest.mark.parametrize(
    "header",
    [
        f"<{API}/x?page=2>; rel=next",
        f'<{API}/x?page=2>; title="a, b"; rel="prev next"',
        f'<{API}/x?page=1>; rel="prev", <{API}/x?page=2>; rel="next"',
        f'<{API}/x?page=1;2>; rel="first",<{API}/x?page=2>;REL="next"',
    ],
)
def test_a_next_page_is_found_however_the_header_is_written(header: str) -> None:
    assert Links(API).next_query(header) == {"page": "2"}


@pytest.mark.parametrize("header", ["", "x", f'<{API}/x?page=2>; rel="last"', f'<{API}/x?rel=next>; rel="nextish"'])
def test_other_links_are_not_the_next_page(header: str) -> None:
    assert Links(API).next_query(header) is None
