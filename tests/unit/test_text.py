"""Nothing that strangers wrote does anything but show."""

from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redeliver.text import for_log, for_markdown, for_shell, plain

hostile = (
    st.text(st.sampled_from("a:#[]()<>|`*_~@!&;%\\/\n\r\t\v\x00\x1b\u202e\u2028\u200b.- 9é漢"), max_size=60) | st.text()
)


@given(hostile)
@example("::error::x")
@example("  ::set-output name=x::y")
@example("\x0b::add-mask::x")
@example("x\n::error::x")
@example("##[error]x")
@example("a ##[group]##[endgroup]")
@example("###[error]")
@example("::::error::")
def test_no_log_line_is_a_workflow_command(text: str) -> None:
    line = for_log(text)
    assert not re.match(r"\s*::", line)
    assert "##[" not in line
    assert len(line.splitlines()) <= 1


@given(st.dictionaries(hostile, hostile | st.lists(hostile)))
@example({"'": ["$(x)", "`x`", "; x & y | z > a < b"]})
def test_json_for_a_shell_says_the_same_and_holds_nothing_that_a_shell_acts_on(value: dict[str, object]) -> None:
    text = for_shell(json.dumps(value))
    assert json.loads(text) == value
    assert not set(text) & set("'`$;&|<>()")
    assert for_shell(text) == text


@given(hostile, st.integers(1, 80))
def test_plain_text_is_one_short_line_of_visible_characters(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert shown == shown.strip()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", shown)


@pytest.mark.parametrize("url", ["https://user:secret@hooks.example/in?token=secret", "HTTP://secret", "ftp://secret"])
def test_a_url_is_left_out_whole(url: str) -> None:
    assert plain(f"POST {url} giving up") == "POST <url> giving up"


@given(hostile)
@example("|")
@example("<script>alert(1)</script>")
@example("[x](javascript:alert(1))")
@example("![x](https://evil.example/x.png)")
@example("@octocat #1 GH-1 www.evil.example me@evil.example")
@example("<!--")
@example("`x`")
def test_markdown_holds_nothing_that_has_a_meaning(text: str) -> None:
    shown = for_markdown(text)
    assert re.fullmatch(r"(?:[^\W_]|[^\x00-\x7f]| |&#[0-9]+;)*", shown)
    assert html.unescape(shown).replace("\u2060", "") == plain(text)
    assert not re.search(r"[@#][A-Za-z0-9]", html.unescape(shown))
