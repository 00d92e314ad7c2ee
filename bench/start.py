"""``make bench``, fourth part (needs Docker): how soon the container asks its first question, and how large it is."""

from __future__ import annotations

import gzip
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
from pathlib import Path

from githubsim.clock import system_ms
from githubsim.model import SimGitHub
from githubsim.server import serve

ROOT = Path(__file__).parents[1]
RUNS = 7
START_BUDGET = 0.5
SIZE_BUDGET_MB = 40
#: Compressed, as its registry serves it: distroless/python3-debian13 on amd64. Ours is what comes on top.
BASE_MB = 21


def main() -> int:
    """Build, start, weigh; 0 when both budgets are kept."""
    image = build()
    started = sorted(first_request(image) for _ in range(RUNS))
    layer = own_layer_mb(image)
    median = statistics.median(started)
    print(f"container's start to its first request: {median:.2f} s (of {RUNS}: {started[0]:.2f} to {started[-1]:.2f})")
    print(f"image, compressed: {layer:.1f} MB of ours on a base of {BASE_MB} MB")
    for name, size in heaviest(image):
        print(f"  {size:5.1f} MB  {name}")
    kept = median <= START_BUDGET and layer + BASE_MB <= SIZE_BUDGET_MB
    print(f"\nBudgets: {START_BUDGET} s, {SIZE_BUDGET_MB} MB: {'kept' if kept else 'BROKEN'}")
    return 0 if kept else 1


def build() -> str:
    """The image, built as the launcher builds it."""
    arguments = []
    for variable, name in (("REDELIVER_BUILD_IMAGE", "BUILD_IMAGE"), ("REDELIVER_RUNTIME_IMAGE", "RUNTIME_IMAGE")):
        if value := os.environ.get(variable):
            arguments += ["--build-arg", f"{name}={value}"]
    if network := os.environ.get("REDELIVER_BUILD_NETWORK"):
        arguments += ["--network", network]
    command = ["docker", "build", "--quiet", *arguments, str(ROOT)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def first_request(image: str) -> float:
    """Seconds from ``docker run`` to the first request's arrival."""
    sim = SimGitHub(system_ms)
    sim.token("pat")
    sim.org_hook("octo", id=1)
    with serve(sim) as github:
        given = {"ORG": "octo", "HOOK-ID": "1", "TOKEN": "pat", "API-URL": github.url, "WAIT-FOR-RESULTS": "0"}
        environment = [f"--env=INPUT_{name}={value}" for name, value in given.items()]
        began = system_ms()
        options = ["--rm", "--init", "--read-only", "--network=host", "--env=GITHUB_ACTIONS=true", *environment]
        subprocess.run(["docker", "run", *options, image], check=True, capture_output=True)
        return (sim.journal.entries[0].at - began) / 1000


def own_layer_mb(image: str) -> float:
    """The layers that this project adds, compressed as a registry would."""
    return len(gzip.compress(_last_layer(image))) / 1e6


def heaviest(image: str, most: int = 12) -> list[tuple[str, float]]:
    """What is in it: packages by their compressed size."""
    sizes: dict[str, int] = {}
    with tarfile.open(fileobj=io.BytesIO(_last_layer(image))) as layer:
        for member in layer:
            file = layer.extractfile(member) if member.isfile() else None
            if file is not None:
                package = member.name.split("/")[1].split(".")[0] if member.name.count("/") > 1 else member.name
                sizes[package] = sizes.get(package, 0) + len(gzip.compress(file.read(), 6))
    return [(name, size / 1e6) for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:most]]


def _last_layer(image: str) -> bytes:
    saved = subprocess.run(["docker", "save", image], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        manifest = archive.extractfile("manifest.json")
        layers = json.load(manifest)[0]["Layers"] if manifest else []
        layer = archive.extractfile(layers[-1])
        data = layer.read() if layer else b""
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


if __name__ == "__main__":
    sys.exit(main())
