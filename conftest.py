"""What holds for every test: the long ones start first, and coverage is measured where each part is shown."""

from __future__ import annotations

import gc
import os
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from coverage import Coverage
from hypothesis import given, is_hypothesis_test, settings, strategies

from command import forked
from command.program import Commands, commands
from runs.lengths import examples

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ROOT = Path(__file__).parent
#: Folders whose tests are measured. Others run the same lines, many times over, and measuring would double their time.
MEASURED = {"action", "command", "runs", "unit"}
#: What the environment says of it.
MEASURING = {name: value for name, value in os.environ.items() if name == forked.MEASURED_BY}
COVERAGE = Coverage.current()
if COVERAGE:
    # Collecting tests takes twice as long while it is measured, and what importing runs ``forked`` measures for all.
    COVERAGE.stop()
# Nothing that is made until all tests are collected is garbage.
gc.disable()


# A deadline would be about the machine.
settings.register_profile("ours", max_examples=examples(30, soak=1_000), deadline=None)
settings.load_profile("ours")


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers."""
    config.addinivalue_line("markers", "long: takes many seconds, so it starts first.")
    config.addinivalue_line("markers", "slow: runs many times what others run once; not measured.")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for a process of their own."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have each process start with its share of the long ones, so that none is left alone with one at the end.

    xdist gives each of them as many tests, in this order.
    """
    processes = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    long = [item for item in items if item.get_closest_marker("long")]
    short = [item for item in items if not item.get_closest_marker("long")]
    each = ceil(len(short) / processes)
    shares = ((long[place::processes], short[place * each : (place + 1) * each]) for place in range(processes))
    items[:] = [item for share in shares for part in share for item in part]


def pytest_collection_finish() -> None:
    """The modules and the tests are there until the end: nobody need look for garbage among them."""
    # Hypothesis warns about its random numbers if it finds nothing that holds them, and what is frozen cannot be found.
    # On Python 3.14 that is what holds them, unless they were there before.
    _any_property()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


@settings(max_examples=1, derandomize=True, database=None)
@given(strategies.none())
def _any_property(_: None) -> None:
    """Has Hypothesis make its random numbers."""


@pytest.fixture(scope="session")
def forks() -> Iterator[Commands]:
    """What starts the program quickly: one for all, since starting it takes as long as ten runs."""
    with ExitStack() as stack:
        # Whichever test needs it first, a measured one or another.
        with mock.patch.dict(os.environ, MEASURING):
            one = stack.enter_context(commands())
        yield one


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Have the processes that a test starts measured, or not."""
    if not _is_measured(item):
        os.environ.pop(forked.MEASURED_BY, None)
    try:
        return (yield)
    finally:
        os.environ.update(MEASURING)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Measure the test itself; what pytest does around it is none of ours, and more than many a test."""
    if not COVERAGE or not _is_measured(item):
        return (yield)
    COVERAGE.start()
    try:
        return (yield)
    finally:
        COVERAGE.stop()


def _is_measured(item: pytest.Item) -> bool:
    # A property is tried with hundreds of values, and no line is run by that alone.
    slow = item.get_closest_marker("slow") or is_hypothesis_test(getattr(item, "function", None))
    return not slow and not MEASURED.isdisjoint(item.path.relative_to(ROOT).parts[:2])
