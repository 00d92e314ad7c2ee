"""What every page, log and terminal must hold, whatever it is about: see ``make picture`` for how they look."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from pictures.terminal import text
from stories import STORIES, Shown, Story, Terminal, Workflow

LIGHTS = "🔴🟡🟢"
GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: What makes a sentence, which nobody wants to read twice.
SENTENCE = re.compile(r"(?:[A-Za-z]{2,}\W+){4,}[A-Za-z]{2,}")

pytestmark = pytest.mark.slow


# Of the module, so that each story runs once for all tests.
@pytest.fixture(params=[name for name, story in STORIES.items() if story.ends], scope="module")
def told(request: pytest.FixtureRequest) -> tuple[Story, Sequence[Shown]]:
    story, workflow = STORIES[request.param], Workflow()
    story.tell(workflow)
    return story, workflow.shown


def test_each_part_has_one_light_and_its_exit_code(told: tuple[Story, Sequence[Shown]]) -> None:
    story, shown = told
    ends = []
    for one in shown:
        (light,) = re.findall(rf"^(?:## )?([{LIGHTS}]) ", texts(one.page)[0], re.MULTILINE)
        ends.append(f"{light} {one.done.code}")
    assert ends == [*story.ends]


def test_counts_add_up(told: tuple[Story, Sequence[Shown]]) -> None:
    for report in reports(told[1]):
        for one in (report, *report["hooks"]):
            assert one["failed"] == one["recovered"] + one["undelivered"]
            assert one["lost"] <= one["undelivered"]
        for count in ("failed", "recovered", "undelivered", "lost", "redelivered", "scanned"):
            assert report[count] == sum(hook[count] for hook in report["hooks"])


def test_what_was_read_in_part_is_the_least_that_waits(told: tuple[Story, Sequence[Shown]]) -> None:
    for shown, report in zip(told[1], reports(told[1]), strict=False):
        for hook in report["hooks"]:
            least = f"at least {hook['undelivered']:,} events wait"
            assert not hook["partial"] or least in html.unescape(shown.page)


def test_no_page_says_a_sentence_twice(told: tuple[Story, Sequence[Shown]]) -> None:
    for text_ in (text_ for shown in told[1] for text_ in texts(shown.page)):
        times = Counter(sentences(text_))
        assert [sentence for sentence, number in times.items() if number > 1] == []


@pytest.mark.parametrize("name", STORIES)
def test_guids_are_whole_on_a_narrow_terminal(name: str) -> None:
    terminal = Terminal(80)
    STORIES[name].tell(terminal)
    for shown in terminal.shown:
        screen = text(shown.done.log, 80)
        assert re.findall(r"\b[0-9a-f]{8}-", screen) == [guid[:9] for guid in re.findall(GUID, screen)]


def texts(page: str) -> list[str]:
    """What a page shows before anybody unfolds anything, without its charts. An issue's comments are texts, too."""
    hidden = r"<details>.*?</details>|^```mermaid$.*?^```$|<!--.*?-->"
    return re.sub(hidden, "", page, flags=re.DOTALL | re.MULTILINE).split("\n\n---\n\n")


def reports(shown: Sequence[Shown]) -> Iterator[Any]:
    """Of the parts that are runs, as far as they have one."""
    for one in shown:
        report = json.loads(one.done.outputs.get("report", "{}"))
        if "hooks" in report:
            yield report


def sentences(page: str) -> Iterator[str]:
    """The sentences of a page, and the cells of its tables, without any markup."""
    words = re.sub(r"[*_`>#|\[\]]+|\(http[^)]*\)|<[^>]+>", "\n", html.unescape(page))
    for sentence in re.split(r"[.:;]\s|\n", words):
        if SENTENCE.search(sentence):
            yield sentence.strip()
