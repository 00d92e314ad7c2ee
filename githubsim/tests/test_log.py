"""The delivery log: what a reader sees of it, page by page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim import DAY, MINUTE, SECOND, Outcome, SimGitHub, VirtualClock, outcomes
from githubsim.inprocess import InProcessTransport

if TYPE_CHECKING:
    from githubsim.hooks import Hook


class Reader:
    """Walks a hook's log the way the documents say: from next link to next link."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - handed on
        self.clock = VirtualClock()
        self.sim = SimGitHub(self.clock, **settings)
        self.sim.token("pat")
        self.hook: Hook = self.sim.org_hook("octo")
        self.transport = InProcessTransport(self.sim, "pat", self.clock)

    def pages(self, **query: str) -> list[list[dict[str, Any]]]:
        pages = []
        path: str | None = f"{self.hook.path}/deliveries"
        while path:
            response = self.transport.exchange("GET", path, query=query)
            assert response.status == 200, response.body
            pages.append(json.loads(response.body))
            path, query = self._next(response.headers.get("link", ""))
        return pages

    def ids(self, **query: str) -> list[int]:
        return [row["id"] for page in self.pages(**query) for row in page]

    def _next(self, link: str) -> tuple[str | None, dict[str, str]]:
        if 'rel="next"' not in link:
            return None, {}
        url, _, query = link.partition(">")[0].removeprefix("<").partition("?")
        path = url.removeprefix(self.sim.base_url + self.sim.root)
        return path, dict(pair.split("=", 1) for pair in query.split("&"))


ANY_OUTCOME = st.sampled_from((*outcomes.FAILURES, outcomes.OK, outcomes.ACCEPTED))


@given(
    st.lists(st.tuples(st.integers(0, 5_000), ANY_OUTCOME, st.integers(-2_000, 2_000)), max_size=40),
    st.integers(1, 10),
    st.sampled_from([None, "success", "failure"]),
)
def test_a_walk_gives_every_visible_row_once_newest_first(
    rows: list[tuple[int, Outcome, int]],
    per_page: int,
    status: str | None,
) -> None:
    reader = Reader()
    added = [
        reader.hook.add(reader.clock() - age, outcome, visible_at=reader.clock() + late) for age, outcome, late in rows
    ]
    wanted = {"success": range(200, 400), "failure": range(400, 600), None: range(600)}[status]
    shown = [row.id for row in added if row.visible_at <= reader.clock() and row.outcome.status_code in wanted]
    asked = {"per_page": str(per_page)} | ({"status": status} if status else {})
    assert reader.ids(**asked) == sorted(shown, reverse=True)


def test_a_next_link_keeps_the_filter() -> None:
    reader = Reader()
    for age in range(6):
        reader.hook.add(reader.clock() - age, outcomes.UNAVAILABLE if age % 2 else outcomes.OK)
    pages = reader.pages(per_page="1", status="failure")
    assert [row["status_code"] for page in pages for row in page] == [503] * 3


def test_ids_are_beyond_what_a_javascript_number_holds() -> None:
    reader = Reader()
    row = reader.hook.add(reader.clock())
    assert row.id > 2**53
    assert f'"id": {row.id}' in reader.transport.exchange("GET", f"{reader.hook.path}/deliveries").body


def test_the_failure_filter_hides_3xx_and_0() -> None:
    reader = Reader()
    for outcome in (outcomes.REDIRECTED, outcomes.BAD_CERTIFICATE, outcomes.UNAVAILABLE, outcomes.OK):
        reader.hook.add(reader.clock(), outcome)
    (failures,), (successes,) = reader.pages(status="failure"), reader.pages(status="success")
    assert [row["status_code"] for row in failures] == [503]
    assert sorted(row["status_code"] for row in successes) == [200, 302]
    reader.sim.behaviour.status_filter = False
    assert len(reader.ids(status="failure")) == 4


def test_rows_leave_the_log_after_the_retention() -> None:
    reader = Reader()
    old = reader.hook.add(reader.clock() - 3 * DAY)
    young = reader.hook.add(reader.clock() - DAY)
    assert reader.ids() == [young.id, old.id]
    reader.clock.advance(1)
    assert reader.ids() == [young.id]
    assert reader.transport.exchange("POST", f"{reader.hook.path}/deliveries/{old.id}/attempts").status == 404
    assert [row.id for row in reader.hook.log.attempts_of(old.guid)] == [old.id], "the truth remembers"


def test_an_old_row_is_gone_even_above_one_that_is_not() -> None:
    reader = Reader()
    now = reader.clock()
    young = reader.hook.add(now - 2 * DAY)
    reader.hook.add(now - DAY, delivered_at=now - 4 * DAY)
    assert reader.ids() == [young.id]


def test_a_late_row_turns_up_below_younger_ones() -> None:
    reader = Reader()
    now = reader.clock()
    late = reader.hook.add(now - MINUTE, visible_at=now + MINUTE)
    young = reader.hook.add(now)
    assert reader.ids() == [young.id]
    reader.clock.advance(MINUTE)
    assert reader.ids() == [young.id, late.id]


def test_offset_cursors_shift_while_rows_arrive() -> None:
    reader = Reader()
    reader.sim.behaviour.paging = "offset"
    rows = [reader.hook.add(reader.clock() - age * SECOND) for age in range(4)]
    path = f"{reader.hook.path}/deliveries"
    first = reader.transport.exchange("GET", path, query={"per_page": "2"})
    reader.hook.add(reader.clock() + 1, visible_at=0)
    second = reader.transport.exchange("GET", path, query={"per_page": "2", "cursor": "v1_2"})
    assert 'cursor=v1_2>; rel="next"' in first.headers["link"]
    assert [row["id"] for row in json.loads(first.body)] == [rows[0].id, rows[1].id]
    assert [row["id"] for row in json.loads(second.body)] == [rows[1].id, rows[2].id]


@pytest.mark.parametrize("every", [1, 2])
def test_an_empty_page_still_leads_on(every: int) -> None:
    reader = Reader()
    reader.sim.behaviour.empty_page_every = every
    rows = [reader.hook.add(reader.clock() - age) for age in range(5)]
    pages = reader.pages(per_page="2")
    assert [] in pages
    assert [row["id"] for page in pages for row in page] == [row.id for row in rows]


def test_numbered_links_lead_to_the_same_log_below_any_root() -> None:
    reader = Reader(root="/api/v3")
    reader.sim.behaviour.numeric_links = True
    rows = [reader.hook.add(reader.clock() - age) for age in range(3)]
    assert reader.ids(per_page="1") == [row.id for row in rows]
    assert "/organizations/" not in reader.sim.journal.entries[-1].path, "the journal says what was meant"


def test_times_come_in_milliseconds_or_whole_seconds() -> None:
    reader = Reader()
    reader.hook.add(reader.clock() + 7, visible_at=0)
    assert reader.pages()[0][0]["delivered_at"] == "2026-11-06T21:20:00.007Z"
    reader.sim.behaviour.whole_seconds = True
    assert reader.pages()[0][0]["delivered_at"] == "2026-11-06T21:20:00Z"
