"""The image: one index over what was built for each architecture, with its provenance and its SBOM."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from release.refusal import Refused
from release.registry import INDEX, Manifest, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLATFORMS = ("linux/amd64", "linux/arm64")
REVISION = "org.opencontainers.image.revision"
_VERSION = "org.opencontainers.image.version"
_SOURCE = "org.opencontainers.image.source"
#: How BuildKit says which manifest is about which image
#: (https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md).
_ABOUT = "vnd.docker.reference.digest"
_PREDICATE = "in-toto.io/predicate-type"
SPDX = "https://spdx.dev/Document"
PROVENANCE = "https://slsa.dev/provenance/"


@dataclass(frozen=True, slots=True)
class Built:
    """One architecture's image."""

    platform: str
    digest: str
    sbom: dict[str, Any]


def join(registry: Registry, digests: Sequence[str], version: str, revision: str, source: str) -> Manifest:
    """Tag one index over the indexes that were pushed for each architecture. Made again, it is the same.

    Raises:
        Refused: a platform, a provenance or an SBOM is missing.
    """
    entries = [entry for digest in digests for entry in get(registry, digest).json["manifests"]]
    entries.sort(key=lambda entry: (_platform(entry) not in PLATFORMS, _platform(entry), entry["digest"]))
    annotations = {_VERSION: version, REVISION: revision, _SOURCE: source}
    said = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, "annotations": annotations}
    index = Manifest(INDEX, json.dumps(said, indent=2).encode())
    if sorted(built.platform for built in parts(registry, index)) != sorted(PLATFORMS):
        raise Refused(f"The image is not for {' and '.join(PLATFORMS)}, each once.")
    registry.put(version, index)
    return index


def parts(registry: Registry, index: Manifest) -> Iterator[Built]:
    """What an index leads to.

    Raises:
        Refused: a provenance or an SBOM is missing.
    """
    entries = index.json["manifests"]
    about = {
        entry["annotations"][_ABOUT]: entry["digest"] for entry in entries if _ABOUT in entry.get("annotations", {})
    }
    for entry in entries:
        if entry["digest"] in about.values():
            continue
        statements = dict(_statements(registry, about.get(entry["digest"], "")))
        if SPDX not in statements or not any(kind.startswith(PROVENANCE) for kind in statements):
            raise Refused(f"The image for {_platform(entry)} has no provenance or no SBOM.")
        sbom = json.loads(registry.blob(statements[SPDX]))["predicate"]
        yield Built(_platform(entry), entry["digest"], sbom)


def _statements(registry: Registry, digest: str) -> Iterator[tuple[str, str]]:
    for layer in get(registry, digest).json["layers"] if digest else ():
        yield layer.get("annotations", {}).get(_PREDICATE, ""), layer["digest"]


def _platform(entry: dict[str, Any]) -> str:
    return "{os}/{architecture}".format_map(entry["platform"])


def get(registry: Registry, digest: str) -> Manifest:
    """What a digest stands for.

    Raises:
        Refused: the registry does not have it.
    """
    found = registry.manifest(digest)
    if found is None:
        raise Refused(f"{registry.image}@{digest} is not there.")
    return found
