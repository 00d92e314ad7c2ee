from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from action.step import Runner

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)
