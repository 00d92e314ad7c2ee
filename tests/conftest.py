"""What holds for every test: the long ones start first, and are not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "long: takes many seconds, so it starts first, and without coverage: other tests run the same lines, and "
        "measuring doubles the time.",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the long ones, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    measuring = Coverage.current() if item.get_closest_marker("long") else None
    if measuring:
        measuring.stop()
    try:
        return (yield)
    finally:
        if measuring:
            measuring.start()
