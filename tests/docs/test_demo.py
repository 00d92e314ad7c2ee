"""`make demo` is for a person: no workflow commands, and no Mermaid that only GitHub draws."""

from __future__ import annotations

import re

from githubsim.demo import shown
from pictures.page import page
from redeliver.core.case import Outcome
from redeliver.output.charts import picture
from reports import events

LOG = """::add-mask::hush
Read
::group::Recovered: 2 events
push 1
push 2
::endgroup::
::notice title=Redeliver Action::All 2%0Aevents recovered.
Result
"""


def test_log_of_the_demo_has_no_commands() -> None:
    assert [*shown(LOG.splitlines(keepends=True))] == [
        "Read",
        "▸ Recovered: 2 events",
        "notice: All 2\nevents recovered.",
        "Result",
    ]


def test_chart_is_drawn_where_there_is_no_mermaid() -> None:
    _, chart = picture(events(*[Outcome.FAILED_AGAIN] * 18))
    main = page(chart, "light", with_mermaid=False).partition("<main")[2].partition("</main>")[0]
    assert "mermaid" not in main
    assert [*map(int, re.findall(r'height="(\d+)" fill', main))] == [150, 150, 150, 90]
    assert re.findall(r">(\d+)</text>", main) == ["5", "5", "5", "3"]
