"""Who built an image, as GitHub attests it."""

from __future__ import annotations

import subprocess
import sys

WORKFLOW = ".github/workflows/release.yml"
REF = "refs/heads/main"


def command(repository: str, image: str) -> list[str]:
    """The command that verifies that the release workflow built an image. SECURITY.md tells users the same one.

    ``--repo`` alone would accept what any workflow on any branch attested. ``--signer-workflow`` matches the beginning
    of the certificate's subject, which ends in the branch; ``--source-ref`` therefore says which branch it must be
    (https://cli.github.com/manual/gh_attestation_verify).
    """
    signer = f"{repository}/{WORKFLOW}"
    verify = ["gh", "attestation", "verify", f"oci://{image}", "--repo", repository]
    return [*verify, "--signer-workflow", signer, "--source-ref", REF]


def is_ours(repository: str, image: str, revision: str) -> bool:
    """Whether the release workflow built an image from this very commit of the main branch.

    ``gh`` takes its token from the environment, and Docker's login for the registry. It says why not on stderr.
    """
    verify = [*command(repository, image), "--source-digest", revision]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    print(done.stderr, end="", file=sys.stderr)
    return done.returncode == 0
