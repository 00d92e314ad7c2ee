"""Nothing that strangers wrote does anything but show."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redeliver.core.deliveries import NO_CONNECTION, cause_of
from redeliver.text import (
    for_log,
    for_markdown,
    for_shell,
    holds_credential,
    plain,
    sentence_in_markdown,
    without_urls,
)

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
def test_json_for_a_shell_holds_no_shell_syntax(value: dict[str, object]) -> None:
    text = for_shell(json.dumps(value))
    assert json.loads(text) == value
    assert not set(text) & set("'`$;&|<>()")
    assert for_shell(text) == text


@given(hostile, st.integers(1, 80))
def test_plain_text_is_one_short_visible_line(text: str, limit: int) -> None:
    assert "://" not in without_urls(text)
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert shown == shown.strip()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]", shown)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@hooks.example/in?token=secret",
        "HTTP://secret",
        "ftp://secret",
        "1https://secret",
        "-+.://secret",
        "://secret",
        "https://hooks.example/\x00secret\u200b/secret",
        "https://user@hooks.example/https://secret",
    ],
)
def test_url_is_left_out_as_a_whole(url: str) -> None:
    assert plain(f"POST {url} giving up") == "POST <url> giving up"


#: What makes a search begin anew at each character, read far, and find nothing.
SHAPES = ["a", "a.", "a:", "a:/", "://", " a", "\n", "<a", "#", "##[", ": ", "GH-", "&", "\u200b", "漢"]
SHAPES += ["eyJ", "ghp_", "-----BEGIN ", "-----BEGIN PRIVATE KEY", "eyJaaaaaaaa."]
#: Below this many seconds a measurement says nothing.
NOISE = 0.002


def seconds(work: Callable[[str], object], text: str) -> float:
    """Of the processor, at the least, in three tries."""
    took = []
    for _ in range(3):
        begun = time.process_time()
        work(text)
        took.append(time.process_time() - begun)
    return min(took)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("work", [plain, without_urls, for_log, for_markdown, lambda text: plain(text, len(text))])
@pytest.mark.slow
def test_every_text_is_processed_in_linear_time(work: Callable[[str], object], shape: str) -> None:
    # Quadratic work would take 16 times as long.
    small, large = (seconds(work, (shape * size)[:size]) for size in (4_000, 16_000))
    assert large < 8 * (small + NOISE)


def test_only_the_beginning_of_a_status_is_read() -> None:
    beginning = seconds(lambda text: cause_of(text, 500), "a" * 16_384)
    assert seconds(lambda text: cause_of(text, 500), "a" * 1_000_000) < 8 * (beginning + NOISE)
    assert cause_of("failed to connect " + "a" * 1_000_000, 500) == NO_CONNECTION


@given(hostile)
@example("|")
@example("<script>alert(1)</script>")
@example("[x](javascript:alert(1))")
@example("![x](https://evil.example/x.png)")
@example("@octocat #1 GH-1 www.evil.example me@evil.example")
@example("<!--")
@example("`x`")
def test_markdown_has_no_syntax(text: str) -> None:
    shown = for_markdown(text)
    assert re.fullmatch(r"(?:[^\W_]|[^\x00-\x7f]| |&#[0-9]+;)*", shown)
    assert html.unescape(shown).replace("\u2060", "") == plain(text)
    assert not re.search(r"[@#][A-Za-z0-9]", html.unescape(shown))


@given(hostile)
@example("a <https://evil.example> b")
@example("https://evil.example/<script>")
def test_only_addresses_have_a_meaning_in_a_sentence(text: str) -> None:
    shown = sentence_in_markdown(text, 200)
    assert re.fullmatch(r"(?:[^\W_]|[^\x00-\x7f]| |&#[0-9]+;|<https://[\w./~?&=%+-]+>)*", shown)
    assert sentence_in_markdown(plain(text), 200) == for_markdown(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("not ghp_0123abcXYZ, please", "not <credential>, please"),
        ("GHS_0123", "<credential>"),
        ("x_github_pat_11AB_cd", "x_<credential>"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b", "a <credential>"),
        ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxNyJ9.c2ln!", "Bearer <credential>!"),
        ("highs_count, eyJ, ghp, -----BEGIN-----", "highs_count, eyJ, ghp, -----BEGIN-----"),
    ],
)
def test_credential_is_not_shown(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert holds_credential(text) == ("<credential>" in shown)
