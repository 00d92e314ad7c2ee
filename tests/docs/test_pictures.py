"""The documents' pictures show what the program of this version says: ``make picture ARGS=--docs`` takes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from pictures.__main__ import DOCS, digest, page_of
from pictures.camera import digest_in

FOLDER = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("stem", DOCS)
@pytest.mark.parametrize("theme", ["", "-dark"])
def test_picture_shows_what_its_story_says_now(stem: str, theme: str) -> None:
    picture = (FOLDER / f"{stem}{theme}.png").read_bytes()
    assert digest_in(picture) == digest(page_of(DOCS[stem]))


def test_each_picture_is_compared() -> None:
    shown = {picture.name.removesuffix(".png").removesuffix("-dark") for picture in FOLDER.glob("*.png")}
    assert shown == DOCS.keys()
