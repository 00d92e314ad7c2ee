"""Health: what first attempts come to, within a tenth and within bounds, and what is called healthy."""

from __future__ import annotations

import gc
import tracemalloc
from math import ceil, inf, nan
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redeliver.core.deliveries import LONGEST_DURATION, DeliveryStats
from redeliver.core.health import MOST_TYPES, OTHER, FirstAttempts, Health, health_of
from redeliver.github.hooks import Hook, HookInfo, Owner
from reports import stats as known
from samples import Calls, answer, row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redeliver.core.deliveries import Row


def counted(rows: Iterable[Row], *, since: float = -inf, timeout: int = 10) -> DeliveryStats:
    counter = FirstAttempts(since, timeout)
    counter.add(rows)
    return counter.stats()


def timed(seconds: float | None, number: int = 1, **columns: Any) -> Row:  # noqa: ANN401  what row() takes
    return {**row(number, **{"code": 200} | columns), "duration": seconds}


def rank(values: list[float], share: float) -> float:
    return sorted(values)[ceil(share * len(values)) - 1]


# -- figures ----------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, LONGEST_DURATION), min_size=1, max_size=300))
def test_percentiles_are_within_a_tenth_of_the_truth(seconds: list[float]) -> None:
    stats, truth = counted(map(timed, seconds)), [1_000 * one for one in seconds]
    assert stats.p50 == pytest.approx(rank(truth, 0.5), rel=0.1, abs=1)
    assert stats.p95 == pytest.approx(rank(truth, 0.95), rel=0.1, abs=1)
    assert stats.longest == round(max(truth))
    assert stats.p95 is not None
    assert stats.p95 <= stats.longest
    assert stats.by_event[0].p95 == stats.p95


def test_only_first_attempts_since_the_cutoff_count() -> None:
    rows = [timed(1, at=1_000), timed(1, at=999), timed(1, at=2_000, redelivery=True), timed(1, at=2_000, code=503)]
    stats = counted(rows, since=1_000)
    assert (stats.events, stats.delivered_first_try) == (2, 1)


@pytest.mark.parametrize(("timeout", "slow", "not_yet"), [(10, 8.01, 8.0), (30, 24.01, 24.0)])
def test_near_the_time_out_is_what_was_delivered_after_four_fifths_of_it(
    timeout: int, slow: float, not_yet: float
) -> None:
    rows = [timed(slow), timed(not_yet), timed(slow, code=504), timed(timeout)]
    assert counted(rows, timeout=timeout).near_timeout == 2


def test_by_type_the_commonest_comes_first() -> None:
    rows = [timed(2, event="issues", code=503), *[timed(1, event="push")] * 3]
    assert [(one.event, one.events, one.delivered_first_try) for one in counted(rows).by_event] == [
        ("push", 3, 3),
        ("issues", 1, 0),
    ]


def test_types_are_bounded_and_none_is_lost() -> None:
    rows = [timed(0.1, event=f"made up {number}") for number in range(10_000)] + [timed(0.1, event=OTHER)]
    stats = counted(rows)
    assert len(stats.by_event) == MOST_TYPES + 1
    assert (stats.by_event[0].event, stats.by_event[0].events) == (OTHER, 10_001 - MOST_TYPES)
    assert stats.events == sum(one.events for one in stats.by_event) == 10_001


@pytest.mark.slow
def test_what_is_kept_does_not_grow_with_the_attempts() -> None:
    def kept(size: int) -> tuple[int, int]:
        counter = FirstAttempts(0, 10)
        page = [timed(0.01 * place, place, event=f"{place % 200}") for place in range(1, 101)]
        counter.add(page)
        gc.collect()
        objects = len(gc.get_objects())
        tracemalloc.start()
        for _ in range(size // 100):
            counter.add(page)
        gc.collect()
        more = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert counter.stats().events == size + 100
        return len(gc.get_objects()) - objects, more

    # A count above 256 is an object of its own, one for each bucket and type, so that few attempts keep less.
    kept(40_000)
    (objects, few), (more_objects, many) = kept(40_000), kept(120_000)
    assert more_objects <= objects + 5
    assert many <= few + 1_000


# -- rows that hold nonsense ------------------------------------------------------------------------------------


def read(**columns: object) -> DeliveryStats:
    """What is counted of a row that GitHub gave so."""
    whole = {**row(1, code=200), "delivered_at": "2026-11-05T10:40:00Z"} | columns
    calls = Calls(answer(200, [whole]))
    hook = Hook(calls.caller, Owner("/orgs/o", "o", "o", ""), HookInfo(1))
    return counted(hook.page().rows)


NONSENSE: tuple[object, ...] = (
    None,
    -1,
    -0.001,
    nan,
    inf,
    -inf,
    10**400,
    LONGEST_DURATION + 1,
    "",
    "0.2",
    True,
    [],
    {},
    [0.2],
    "x" * 9_000,
)


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: repr(value)[:12])
def test_a_duration_that_is_none_counts_as_none(value: object) -> None:
    stats = read(duration=value)
    assert (stats.events, stats.delivered_first_try, stats.p95, stats.longest) == (1, 1, None, None)


@pytest.mark.parametrize("value", [None, "", "soon", [], {}, -1e300, nan, "0000-00-00T00:00:00Z"], ids=repr)
def test_a_time_of_throttling_that_is_none_counts_as_none(value: object) -> None:
    assert read(throttled_at=value).throttled == 0


@pytest.mark.parametrize("value", ["2026-11-05T10:40:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_row_that_was_throttled_counts(value: str) -> None:
    assert read(throttled_at=value).throttled == 1


def test_a_row_without_the_fields_counts_as_an_event() -> None:
    stats = read()
    assert (stats.events, stats.p95, stats.throttled, stats.near_timeout) == (1, None, 0, 0)


def test_a_name_is_shown_on_one_line() -> None:
    assert counted([timed(1, event="a\n::error::b\x1b[2J")]).by_event[0].event == "a ::error::b [2J"


# -- states -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delivered", "events", "more", "health"),
    [
        (100, 100, {}, Health.HEALTHY),
        (95, 100, {}, Health.HEALTHY),
        (94, 100, {}, Health.DEGRADED),
        (0, 1, {}, Health.DEGRADED),
        (100, 100, {"undelivered": True}, Health.DEGRADED),
        (100, 100, {"down": True}, Health.DOWN),
        (0, 100, {"down": True, "undelivered": True, "in_doubt": True}, Health.DOWN),
        (100, 100, {"in_doubt": True}, Health.UNKNOWN),
        (0, 100, {"in_doubt": True}, Health.DEGRADED),
        (0, 0, {}, Health.UNKNOWN),
        (0, 0, {"undelivered": True}, Health.DEGRADED),
    ],
)
def test_what_was_read_whole_is_judged(delivered: int, events: int, more: dict[str, bool], health: Health) -> None:
    assert health_of(known({"push": (events, delivered)}), **more) is health


@pytest.mark.parametrize(
    ("more", "health"),
    [({}, Health.UNKNOWN), ({"undelivered": True}, Health.DEGRADED), ({"down": True}, Health.DOWN)],
)
def test_what_was_not_read_whole_is_never_healthy(more: dict[str, bool], health: Health) -> None:
    assert health_of(None, **more) is health


@given(
    counts=st.none() | st.tuples(st.integers(0, 1_000), st.integers(0, 1_000)),
    more=st.fixed_dictionaries(dict.fromkeys(("down", "undelivered", "in_doubt"), st.booleans())),
)
def test_all_that_failed_is_never_called_healthy(counts: tuple[int, int] | None, more: dict[str, bool]) -> None:
    read_whole = None if counts is None else known({"push": (max(counts), min(counts))})
    nothing_arrived = read_whole is None or read_whole.delivered_first_try == 0
    assert not (health_of(read_whole, **more) is Health.HEALTHY and (nothing_arrived or any(more.values())))
