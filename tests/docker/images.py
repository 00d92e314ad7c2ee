"""Images as BuildKit pushes them for one architecture: an index over the image and what is attested of it."""

from __future__ import annotations

import json
from typing import Any

from docker.registry import Manifest, Store
from release.registry import INDEX

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_STATEMENTS = ("https://spdx.dev/Document", "https://slsa.dev/provenance/v1")


def pushed(store: Store, architecture: str, image: Manifest | None = None, *, is_attested: bool = True) -> str:
    """Push one, of an image that the registry has, or of nothing at all. Gives its index's digest."""
    config = store.add_blob(json.dumps({"os": "linux", "architecture": architecture}).encode())
    image = image or _manifest({"mediaType": _CONFIG, "digest": config}, [])
    attested = _manifest(
        {"mediaType": _CONFIG, "digest": store.add_blob(b"{}"), "size": 2},
        [_statement(store, kind, architecture) for kind in _STATEMENTS],
    )
    about = {
        "vnd.docker.reference.digest": image.digest,
        "vnd.docker.reference.type": "attestation-manifest",
    }
    entries = [
        _entry(image, {"os": "linux", "architecture": architecture}),
        *[_entry(attested, {"os": "unknown", "architecture": "unknown"}) | {"annotations": about}] * is_attested,
    ]
    index = Manifest(INDEX, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode())
    for one in (image, attested, index):
        store.keep(one.digest, one)
    return index.digest


def for_another_architecture(store: Store, image: Manifest, architecture: str) -> Manifest:
    """The same layers under another architecture's name: nobody here can run it, and nobody has to."""
    said = image.json
    config = json.loads(store.blob(said["config"]["digest"]).read_bytes()) | {"architecture": architecture}
    body = json.dumps(config).encode()
    said["config"] |= {"digest": store.add_blob(body), "size": len(body)}
    return Manifest(image.media_type, json.dumps(said).encode())


def _statement(store: Store, kind: str, architecture: str) -> dict[str, Any]:
    said = {"predicateType": kind, "predicate": {"spdxVersion": "SPDX-2.3", "name": architecture}}
    body = json.dumps(said).encode()
    return {
        "mediaType": "application/vnd.in-toto+json",
        "digest": store.add_blob(body),
        "size": len(body),
        "annotations": {"in-toto.io/predicate-type": kind},
    }


def _manifest(config: dict[str, Any], layers: list[dict[str, Any]]) -> Manifest:
    said = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    return Manifest(MANIFEST, json.dumps(said).encode())


def _entry(manifest: Manifest, platform: dict[str, str]) -> dict[str, Any]:
    size = len(manifest.body)
    return {"mediaType": manifest.media_type, "digest": manifest.digest, "size": size, "platform": platform}
