"""The image is what the Dockerfile promises: pinned, without root, without a shell to start it."""

from __future__ import annotations

import json
import re

from action.step import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
BUILD, RUNTIME = DOCKERFILE.replace("\\\n", "").split("\nFROM ")[1:]


def test_both_base_images_are_pinned_by_digest() -> None:
    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"[a-z.]+/[a-z/0-9-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}", base) for base in bases)


def test_image_installs_wheels_of_the_hashed_lock_alone() -> None:
    (install,) = re.findall(r"^RUN .*pip install.*$", BUILD, re.MULTILINE)
    assert {"--require-hashes", "--only-binary=:all:", "--requirement=run.txt"} <= set(install.split())


def test_runtime_stage_runs_nothing_while_it_is_built() -> None:
    instructions = re.findall(r"^[A-Z]+", RUNTIME.split("\n", 1)[1], re.MULTILINE)
    assert instructions == ["LABEL", "COPY", "ENV", "USER", "ENTRYPOINT"]  # distroless has no shell to run


def test_image_starts_as_nobody_and_takes_no_code_from_its_folder() -> None:
    assert re.search(r"^USER 65532:65532$", RUNTIME, re.MULTILINE)
    (entrypoint,) = re.findall(r"^ENTRYPOINT (.*)$", RUNTIME, re.MULTILINE)
    assert json.loads(entrypoint) == ["/usr/bin/python3", "-P", "-s", "-m", "redeliver"]


def test_build_context_has_what_it_needs_alone() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules == ["*", "!requirements/run.txt", "!src/redeliver", "**/__pycache__"]
