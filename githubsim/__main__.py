"""``python -m githubsim``: a simulated GitHub in a process of its own, until it is interrupted.

It prints one line of JSON: the API's ``url``, a ``token``, an ``org``, a ``hook_id`` and the path of the back door.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import threading

from githubsim.clock import system_ms
from githubsim.dispatch import HttpDispatch
from githubsim.model import SimGitHub
from githubsim.seeds import seed
from githubsim.server import serve


def main() -> None:
    """Serve an organization with one webhook."""
    parser = argparse.ArgumentParser(prog="githubsim", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for one that is free")
    parser.add_argument("--root", default="", help="the API's path, /api/v3 on Enterprise Server")
    parser.add_argument("--receiver", help="address that really gets the events; without it they only end in the log")
    parser.add_argument("--events", type=int, default=0, help="how many events the log holds at the start")
    asked = parser.parse_args()

    with contextlib.ExitStack() as open_until_the_end:
        endpoint = open_until_the_end.enter_context(HttpDispatch()) if asked.receiver else None
        sim = SimGitHub(system_ms, root=asked.root, endpoint=endpoint)
        sim.token("pat")
        url = {"url": asked.receiver} if asked.receiver else {}
        hook = sim.org_hook("octo", id=1, **url)
        seed(hook, asked.events, until=system_ms())
        served = open_until_the_end.enter_context(serve(sim, port=asked.port))
        where = {"url": served.url, "control": f"{sim.base_url}/__sim__"}
        what = {"token": "pat", "org": "octo", "hook_id": hook.id}
        print(json.dumps(where | what), flush=True)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()


if __name__ == "__main__":
    main()
