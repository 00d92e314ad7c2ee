"""What stands on a run's own page: one notice or warning a run, one error a cause, within what GitHub shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redeliver.core.settings import FailOn
from redeliver.output.headline import headline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.core.report import Report

#: Of each kind, for one step (https://docs.github.com/en/rest/checks/runs and GitHub's runner).
MOST = 10


@dataclass(frozen=True, slots=True)
class Annotations:
    """Sentences. At most one of ``warning`` and ``notice`` is not empty; on a good day, none is."""

    errors: tuple[str, ...] = ()
    warning: str = ""
    notice: str = ""


def annotate(report: Report, fail_on: FailOn) -> Annotations:
    """Choose them for a run."""
    says = headline(report)
    if fail_on is FailOn.UNDELIVERED and report.in_doubt and not report.errors:
        # Else nothing on the page would say why the step failed.
        return Annotations((f"{says} (fail-on: undelivered)",), warning=" ".join(report.warnings))
    errors = bounded(report.errors)
    if report.warnings or report.undelivered:
        return Annotations(errors, warning=" ".join([f"{says}.", *report.warnings]))
    return Annotations(errors, notice=f"{says}." if report.failed else "")


def bounded(sentences: Sequence[str]) -> tuple[str, ...]:
    """As many as GitHub shows, the last one saying how many there are besides."""
    if len(sentences) <= MOST:
        return tuple(sentences)
    rest = len(sentences) - MOST + 1
    return (
        *sentences[: MOST - 1],
        f"and {rest:,} more errors: the job summary has some of them, the output report all",
    )
