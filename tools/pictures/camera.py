"""Takes pictures with a Chromium of the machine, and hears from each page how its diagrams came out."""

from __future__ import annotations

import base64
import json
import os
import shutil
import struct
import subprocess
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Alone with its pages: nothing that a browser does at the side.
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
#: What a picture shows, in the picture itself.
DIGEST = b"Redeliver-Digest"
#: Whether a browser has a font for a red circle in its colour.
_HAS_EMOJI = """(() => {
  const paper = document.createElement("canvas").getContext("2d");
  paper.fillText("\\u{1F534}", 0, 10);
  const dots = paper.getImageData(0, 0, 20, 20).data;
  return dots.some((value, at) => at % 4 === 0 && value > 150 && dots[at + 1] < 100 && dots[at + 3] > 200);
})()"""
_ENDED = "document.getElementById('told')?.textContent ?? ''"


@dataclass(frozen=True)
class Seen:
    """How a page came out."""

    errors: list[str]
    """Diagrams that could not be drawn."""
    overlaps: list[tuple[str, str]]
    """Labels of a diagram that stand on each other."""
    clipped: list[str]
    """Labels that their diagram cuts off."""
    height: int


@dataclass
class Camera:
    """A browser, over the pipe of its DevTools protocol (https://chromedevtools.github.io/devtools-protocol)."""

    folder: Path
    _asks: BinaryIO
    _answers: BinaryIO
    _session: str = ""
    _read: bytearray = field(default_factory=bytearray)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def take(self, page: str, picture: Path, *, width: int, height: int, scale: float = 1, digest: str = "") -> Seen:
        """Show a page, and keep a picture of it, no higher than ``height``. ``digest``: written into the picture."""
        file = self.folder / "page.html"
        file.write_text(page, encoding="utf-8")
        self._resize(width, 1_000, scale)
        self._ask("Page.navigate", url=file.as_uri())
        while not (told := self.evaluate(_ENDED)):
            pass  # each question waits for the page
        seen = Seen(**json.loads(told))
        self._resize(width, min(seen.height, height), scale)
        shot = base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])
        picture.write_bytes(_with_text(shot, DIGEST, digest.encode()) if digest else shot)
        return seen

    def evaluate(self, script: str) -> Any:  # noqa: ANN401  JSON is anything
        """What a script in the page comes to."""
        return self._ask("Runtime.evaluate", expression=script, awaitPromise=True)["result"].get("value")

    @property
    def has_emoji(self) -> bool:
        """Whether it can show a traffic light."""
        return bool(self.evaluate(_HAS_EMOJI))

    def open(self) -> None:
        """Open the tab in which all is shown."""
        tab = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]

    def close(self) -> None:
        """Close the browser."""
        self._session = ""
        self._ask("Browser.close")

    def _resize(self, width: int, height: int, scale: float) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", **size)

    def _ask(self, method: str, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  JSON is anything
        number = next(self._numbers)
        whose = {"sessionId": self._session} if self._session else {}
        self._asks.write(json.dumps({"id": number, "method": method, "params": asked, **whose}).encode() + b"\0")
        self._asks.flush()
        while (told := json.loads(self._next())).get("id") != number:
            pass  # an event
        if "error" in told:
            raise RuntimeError(f"{method}: {told['error']}")
        result: dict[str, Any] = told["result"]
        return result

    def _next(self) -> bytes:
        """The next message: each ends with a zero."""
        while b"\0" not in self._read:
            if not (part := os.read(self._answers.fileno(), 1 << 20)):
                raise RuntimeError("the browser has ended")
            self._read += part
        message, _, self._read = self._read.partition(b"\0")
        return bytes(message)


@contextmanager
def camera() -> Iterator[Camera]:
    """Start a browser for a while.

    Raises:
        SystemExit: there is none.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Pictures need a Chromium on the PATH (Debian: apt-get install chromium).")
    (theirs_in, asks), (answers, theirs_out) = os.pipe(), os.pipe()
    # It reads from descriptor 3, and writes to 4.
    start = ["sh", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "sh", browser, *OPTIONS]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            [*start, f"--user-data-dir={folder}/profile"], pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL
        ) as process,
        os.fdopen(asks, "wb") as asking,
        os.fdopen(answers, "rb") as answering,
    ):
        os.close(theirs_in)
        os.close(theirs_out)
        it = Camera(Path(folder), asking, answering)
        try:
            it.open()
            yield it
            it.close()
        finally:
            process.kill()


def digest_in(picture: bytes) -> str:
    """The digest that a picture holds; empty: none."""
    _, found, rest = picture.partition(DIGEST + b"\0")
    return rest[:64].decode() if found else ""


def _with_text(picture: bytes, name: bytes, text: bytes) -> bytes:
    """A PNG with a text in it, before its last chunk (https://www.w3.org/TR/png-3/#11tEXt)."""
    body = b"tEXt" + name + b"\0" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:-12] + chunk + picture[-12:]
