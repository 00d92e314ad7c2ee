"""The delivery log: what a reader sees of it, page by page."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim import outcomes
from githubsim.clock import DAY, MINUTE, SECOND
from githubsim.outcomes import Outcome
from githubsim.tests.client import Client

ANY_OUTCOME = st.sampled_from((*outcomes.FAILURES, outcomes.OK, outcomes.ACCEPTED))


@given(
    st.lists(st.tuples(st.integers(0, 5_000), ANY_OUTCOME, st.integers(-2_000, 2_000)), max_size=40),
    st.integers(1, 10),
    st.sampled_from([None, "success", "failure"]),
)
def test_walk_gives_each_row_once(rows: list[tuple[int, Outcome, int]], per_page: int, status: str | None) -> None:
    client = Client()
    now = client.clock()
    added = [client.hook.add(now - age, outcome, visible_at=now + late) for age, outcome, late in rows]
    # GitHub's filter goes by the code alone: 3xx passes for success, and 0 is neither.
    wanted = {"success": range(200, 400), "failure": range(400, 600), None: range(600)}[status]
    shown = [row.id for row in added if row.visible_at <= now and row.outcome.status_code in wanted]
    asked = {"per_page": str(per_page)} | ({"status": status} if status else {})
    assert client.ids(**asked) == sorted(shown, reverse=True)
    if status:
        client.sim.behaviour.status_filter = False
        assert client.ids(**asked) == client.ids()


def test_ids_are_beyond_what_a_javascript_number_holds(client: Client) -> None:
    row = client.hook.add(client.clock())
    assert row.id > 2**53
    assert f'"id": {row.id}' in client.ask("GET", client.log).body


def test_rows_leave_the_log_after_the_retention(client: Client) -> None:
    now = client.clock()
    old, young = client.hook.add(now - 3 * DAY), client.hook.add(now - 2 * DAY)
    # Even one that stands above one that is younger.
    client.hook.add(now - DAY, delivered_at=now - 4 * DAY)
    assert client.ids() == [young.id, old.id]
    client.clock.advance(1)
    assert client.ids() == [young.id]
    assert client.redeliver(old.id).status == 404
    assert [row.id for row in client.hook.log.attempts_of(old.guid)] == [old.id], "the truth remembers"


def test_late_row_appears_below_younger_ones(client: Client) -> None:
    now = client.clock()
    late, young = client.hook.add(now - MINUTE, visible_at=now + MINUTE), client.hook.add(now)
    assert client.ids() == [young.id]
    client.clock.advance(MINUTE)
    assert client.ids() == [young.id, late.id]


def test_offset_cursors_shift_while_rows_arrive(client: Client) -> None:
    client.sim.behaviour.paging = "offset"
    rows = [client.hook.add(client.clock() - age * SECOND) for age in range(4)]
    first = client.ask("GET", client.log, per_page="2")
    client.hook.add(client.clock() + 1, visible_at=0)
    second = client.ask("GET", client.log, per_page="2", cursor="v1_2")
    assert 'cursor=v1_2>; rel="next"' in first.headers["link"]
    assert [row["id"] for row in json.loads(first.body)] == [rows[0].id, rows[1].id]
    assert [row["id"] for row in json.loads(second.body)] == [rows[1].id, rows[2].id]


@pytest.mark.parametrize("every", [1, 2])
def test_empty_page_has_a_next_one(client: Client, every: int) -> None:
    client.sim.behaviour.empty_page_every = every
    rows = [client.hook.add(client.clock() - age) for age in range(5)]
    pages = client.pages(per_page="2")
    assert [] in pages
    assert [row["id"] for page in pages for row in page] == [row.id for row in rows]


def test_numbered_links_lead_to_the_same_log_below_any_root() -> None:
    client = Client(root="/api/v3")
    client.sim.behaviour.numeric_links = True
    rows = [client.hook.add(client.clock() - age) for age in range(3)]
    assert client.ids(per_page="1") == [row.id for row in rows]
    assert "/organizations/" not in client.sim.journal.entries[-1].path, "the journal says what was meant"


def test_times_have_milliseconds_or_whole_seconds(client: Client) -> None:
    client.hook.add(client.clock() + 7, visible_at=0)
    assert client.pages()[0][0]["delivered_at"] == "2026-11-06T21:20:00.007Z"
    client.sim.behaviour.whole_seconds = True
    assert client.pages()[0][0]["delivered_at"] == "2026-11-06T21:20:00Z"
