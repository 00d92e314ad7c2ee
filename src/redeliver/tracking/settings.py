"""How the settings of the tracking issue are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.settings import Use, given_inputs, read
from redeliver.tracking.situation import read_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redeliver.core.settings import Settings


def parse_tracking(values: Mapping[str, str]) -> Settings:
    """Read settings from inputs by name. ``report`` is one that :func:`read_report` can read.

    Raises:
        SettingsError: as :func:`redeliver.core.settings.parse`.
    """
    given = given_inputs(values, Use.TRACKING)
    return read(given, _problems(given))


def _problems(given: Mapping[str, str]) -> Iterator[str]:
    if "label" not in given:
        yield "label: is required, one for each workflow"
    if "repository" not in given:
        yield "repository: is required, the one that has the issue"
    if "token" not in given:
        yield "token: is required, one that can write issues"
    try:
        read_report(given.get("report", ""))
    except ValueError as wrong:
        yield f"report: must be the output report of Redeliver Action ({wrong})"
