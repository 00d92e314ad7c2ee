"""Pictures: every event is in them, they stay small, and nothing that a stranger wrote is in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from githubsim.clock import DAY, HOUR, MINUTE, START
from redeliver.core.case import Outcome
from redeliver.core.report import EventReport
from redeliver.output.charts import WORTH_A_PICTURE, picture
from reports import EVENT, events


def bars(picture: str) -> list[list[int]]:
    """The heights in a picture, the highest bars first."""
    return [
        [int(height) for height in bar.split(",")] for bar in re.findall(r"^  bar \[(.*)\]$", picture, re.MULTILINE)
    ]


def labels(picture: str) -> list[str]:
    (axis,) = re.findall(r"^  x-axis (\[.*\])$", picture, re.MULTILINE)
    return [str(label) for label in json.loads(axis)]


def title(picture: str) -> str:
    return str(re.findall(r'^  title "(.*)"$', picture, re.MULTILINE)[0])


def ends(picture: str) -> tuple[float, float]:
    (axis,) = re.findall(r"^  y-axis (\S+) --> (\S+)$", picture, re.MULTILINE)
    return float(axis[0]), float(axis[1])


def at(*moments: int) -> list[EventReport]:
    return [replace(EVENT, first_failed_at=START + moment) for moment in moments]


def test_few_events_make_no_chart() -> None:
    assert picture([]) == picture(events(*[Outcome.RECOVERED] * (WORTH_A_PICTURE - 1))) == []
    assert len(picture(events(*[Outcome.RECOVERED] * WORTH_A_PICTURE))) == 2, "one cause alone is no chart"


def test_bar_shows_the_outcomes_of_its_span_of_time() -> None:
    sent = events(*[Outcome.RECOVERED] * 6, *[Outcome.PENDING] * 3)
    left = events(*[Outcome.FAILED_AGAIN] * 4, *[Outcome.NOT_DUE] * 4)
    told = [replace(event, first_failed_at=START) for event in sent]
    told += [replace(event, first_failed_at=START + 2 * MINUTE) for event in left]
    legend, chart = picture(told)
    assert [part.split()[0] for part in legend.split(" &nbsp; ")] == ["🟩", "🟨", "🟥"]
    assert '"plotColorPalette": "#cf222e, #d4a72c, #2da44e"' in chart
    assert bars(chart) == [[9, 0, 8], [9, 0, 0], [6, 0, 0]]
    assert labels(chart) == ["21:20", "21:21", "21:22"]
    assert " per minute," in title(chart)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("most", "end"),
    [(10, 10), (11, 16), (17, 20), (33, 40), (50, 50), (51, 80), (81, 100), (780, 800), (123_456, 160_000)],
)
def test_scale_ends_at_a_round_number(most: int, end: int) -> None:
    _, chart = picture([EVENT] * most)
    assert ends(chart)[1] == end
    # Where it begins, its zero is on the axis: see the chart as it is drawn, with `make chart`.
    assert ends(chart)[0] == pytest.approx(0.039 * end, abs=0.001)


@pytest.mark.parametrize(
    ("span", "width", "first"),
    [
        (20 * MINUTE, "minute", "21:20"),
        (100 * MINUTE, "5 minutes", "21:20"),
        (5 * HOUR, "15 minutes", "21:15"),
        (22 * HOUR, "hour", "21:00"),
        (40 * HOUR, "3 hours", "6 Nov 21h"),
        (3 * DAY, "6 hours", "6 Nov 18h"),
        (7 * DAY, "12 hours", "6 Nov 12h"),
        (14 * DAY, "day", "6 Nov 00h"),
        (365 * DAY, "27 days", "6 Nov 00h"),
    ],
)
def test_span_of_a_bar_follows_the_time_shown(span: int, width: str, first: str) -> None:
    _, chart = picture(at(*range(99), span))
    assert f" per {width}," in title(chart)
    assert labels(chart)[0] == first


@given(st.lists(st.integers(-20_000 * DAY, 20_000 * DAY), min_size=10, max_size=40))
def test_every_event_is_counted_and_labels_fit(moments: list[int]) -> None:
    _, chart = picture(at(*moments))
    (heights,) = bars(chart)
    assert sum(heights) == len(moments)
    assert len(heights) == len(labels(chart)) <= 24
    assert len(" ".join(labels(chart))) <= 170  # some 5 px each


@given(st.lists(st.text(), min_size=10, max_size=12))
def test_strangers_text_is_not_drawn(names: list[str]) -> None:
    told = [replace(EVENT, name=name, guid=name, detail=name) for name in names]
    assert picture(told) == picture([EVENT] * len(names))
