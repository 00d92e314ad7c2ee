"""Makes attempts in the background, several at a time, as GitHub does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from githubsim.attempts import Desk, Work
from githubsim.clock import SECOND

AT_ONCE = 16
_POLL_SECONDS = 0.05


class Carrier:
    """Takes work off a desk whenever it is due; while it runs, the model makes no attempt by itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stop = False
        self._open = 0
        self._error: BaseException | None = None
        self._settled = threading.Condition(desk.lock)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="carrier")
        self._thread = threading.Thread(target=self._run, name="carrier", daemon=True)

    def __enter__(self) -> Self:
        self._desk.by_itself = False
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._desk.wake.set()
        self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._desk.by_itself = True

    def wait_until_idle(self, seconds: float = 30.0) -> bool:
        """Wait until nothing is queued or under way (rows may still be a moment from showing).

        An error in the endpoint itself (not one it would write into the log) comes out here.
        """
        with self._settled:
            idle = self._settled.wait_for(
                lambda: self._error or (self._open == 0 and self._desk.next_due() is None),
                seconds,
            )
            if self._error is not None:
                raise self._error
            return bool(idle)

    def _run(self) -> None:
        while True:
            # In this order, or the wake-up that comes with the stop could be cleared, and the wait would have no end.
            self._desk.wake.clear()
            if self._stop:
                return
            with self._desk.lock:
                work = self._desk.take_due()
                self._open += work is not None
            if work is not None:
                self._pool.submit(self._make, work)
                continue
            due = self._desk.next_due()
            if due is None:
                self._desk.wake.wait()
            else:
                self._desk.wake.wait(min(_POLL_SECONDS, max(0, due - self._desk.clock()) / SECOND))

    def _make(self, work: Work) -> None:
        began = self._desk.clock()
        try:
            outcome = self._desk.deliver(work)
            self._desk.finish(work, outcome, began)
        except BaseException as error:  # noqa: BLE001 - kept for whoever waits
            self._error = error
        finally:
            with self._settled:
                self._open -= 1
                self._settled.notify_all()
