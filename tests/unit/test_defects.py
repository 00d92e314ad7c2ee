"""The table of defects is about the source as it is."""

from __future__ import annotations

import pytest

from defects.__main__ import file_with
from defects.table import DEFECTS, Defect


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.what)
def test_a_defect_changes_a_text_that_is_there_once(defect: Defect) -> None:
    file_with(defect.old)
    assert defect.old != defect.new
    assert defect.tests
