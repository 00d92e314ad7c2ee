"""Writes inputs, outputs and error messages wherever a file names them, and schemas, from the code: ``make docs``.

A block lies between two comments, ``# inputs, written by make docs`` and ``# end of inputs`` (or the same in HTML), and
is indented as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from redeliver import errors
from redeliver.core.facts import FactKind
from redeliver.core.settings import Group, Input, Use, inputs
from redeliver.documents import anchor
from redeliver.entry.tracking import TRACKING_OUTPUTS
from redeliver.errors import RedeliverError
from redeliver.output.metrics import RUN_METRICS, WEBHOOK_METRICS
from redeliver.output.report_json import OUTPUTS
from redeliver.output.report_model import ReportModel, ShownPart
from redeliver.replay.report_json import REPLAY_OUTPUTS, ReplayModel
from systems import table as systems

ROOT = Path(__file__).parents[1]
ERRORS = ROOT / "docs" / "errors.md"

Block = Callable[[], Iterable[str]]


#: Inputs of every action that the launcher reads and the core never sees.
LAUNCHER_INPUTS = (
    Input("image", "Container image to run instead of the released one."),
    Input(
        "runtime",
        "Where the action runs: `docker`, `python`, or `auto` (Docker if an engine answers, else the runner's Python).",
        "auto",
    ),
)


def of_action(use: Use) -> tuple[Input, ...]:
    """Every input of an action, those of its launcher included."""
    return inputs(use) + LAUNCHER_INPUTS


INPUTS = of_action(Use.RUN)


# -- action.yml and those of hooks, replay and tracking-issue ---------------------------------------------------


def _action(use: Use, outputs: Mapping[str, str] = MappingProxyType({}), context: str = "") -> Mapping[str, Block]:
    rows = of_action(use)
    blocks: dict[str, Block] = {
        "inputs": lambda: _inputs(rows),
        "variables": lambda: (f"{_variable(row)}: ${{{{ inputs.{row.name} }}}}" for row in rows),
    }
    return blocks | ({"outputs": lambda: _outputs(context, outputs)} if outputs else {})


def _inputs(rows: Iterable[Input]) -> Iterator[str]:
    for row in rows:
        yield f"{row.name}:"
        yield f"  description: {_scalar(row.description)}"
        yield f"  default: {_scalar(row.default)}"


def _outputs(context: str, outputs: Mapping[str, str] = OUTPUTS) -> Iterator[str]:
    for name, description in outputs.items():
        yield f"{name}:"
        yield f"  description: {_scalar(description)}"
        yield f"  value: ${{{{ {context}.outputs.{name} }}}}"


# -- the reusable workflow --------------------------------------------------------------------------------------


def _workflow_inputs() -> Iterator[str]:
    for row in INPUTS:
        if not row.secret:
            yield f"{row.name}:"
            yield f"  description: {_scalar(row.description)}"
            yield f"  type: {_workflow_type(row)}"
            # An expression stands in the step instead: an input that is passed on empty would be empty there.
            default = "" if _expression(row) else row.default
            yield f"  default: {default if _workflow_type(row) != 'string' else _scalar(default)}"


def _workflow_secrets() -> Iterator[str]:
    for row in INPUTS:
        if row.secret:
            yield f"{row.name}:"
            yield f"  description: {_scalar(row.description)}"
            yield "  required: false"


def _job_outputs() -> Iterator[str]:
    for name in OUTPUTS:
        yield f"{name}: ${{{{ steps.redeliver.outputs.{name} }}}}"


def _with() -> Iterator[str]:
    for row in INPUTS:
        context = "secrets" if row.secret else "inputs"
        instead = f" || {_expression(row)}" if _expression(row) else ""
        yield f"{row.name}: ${{{{ {context}.{row.name}{instead} }}}}"


def _workflow_type(row: Input) -> str:
    """As what its default is."""
    match yaml.safe_load(row.default):
        case bool():
            return "boolean"
        case int():
            return "number"
        case _:
            return "string"


# -- the launcher and the README --------------------------------------------------------------------------------


def _allowlist() -> Iterator[str]:
    rows = (row for use in (Use.RUN, Use.REPLAY, Use.TRACKING) for row in inputs(use))
    yield from dict.fromkeys(map(_variable, rows))


def _needed_inputs() -> Iterator[str]:
    yield from ("| input | what it is | required |", "|:--|:--|:--|")
    for row in _of(Group.NEEDED):
        text, _, required = row.description.removesuffix(".").partition(". Required ")
        yield f"| `{row.name}` | {text}. | {required or 'no'} |"


def _tuning_names() -> Iterator[str]:
    yield ", ".join(f"`{row.name}`" for row in _of(Group.TUNING))


def _of(group: Group) -> Iterator[Input]:
    return (row for row in INPUTS if row.group is group)


def _other_inputs(use: Use) -> Iterator[Input]:
    """Those that a run does not have, or that mean something else there."""
    return (row for row in inputs(use) if row not in INPUTS)


def _input_table(rows: Iterable[Input]) -> Iterator[str]:
    yield from ("| input | what it is | default |", "|:--|:--|:--|")
    for row in rows:
        yield f"| `{row.name}` | {row.description} | {f'`{row.default}`' if row.default else ''} |"


def _output_table(outputs: Mapping[str, str], what: str = "output") -> Iterator[str]:
    yield from (f"| {what} | what it is |", "| :-- | :-- |")
    for name, description in outputs.items():
        yield f"| `{name}` | {description} |"


def _own_metrics() -> Mapping[str, str]:
    """Of webhooks. Those that mean the same as one of a run share a row."""
    same = [name for name, what in WEBHOOK_METRICS.items() if what in RUN_METRICS.values()]
    own = {name: what for name, what in WEBHOOK_METRICS.items() if name not in same}
    return own | {"`, `".join(same): "The same as for a run, within the lookback."}


# -- docs/errors.md ---------------------------------------------------------------------------------------------

_ENTRY = re.compile(r'^### ((?:<a id="[\w-]+"></a>)+).*\n\n(?:> .*\n)?', re.MULTILINE)


def entries() -> dict[tuple[str, ...], str]:
    """The beginning of each entry by its anchors: a sentence, and what is advised with it. Some have several kinds."""
    found: dict[str, dict[str, str]] = {}
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, RedeliverError) and hasattr(kind, "sentence"):
            found.setdefault(_template(kind.sentence), {})[anchor(name)] = _template(kind.advice)
    for fact in FactKind:
        words = fact.value
        if "error" not in words.sentence:
            found.setdefault(_template(words.sentence), {})[anchor(fact.name)] = _template(words.advice or words.then)
    return {tuple(advice): _beginning(sentence, advice) for sentence, advice in found.items()}


def _template(text: str) -> str:
    """With … for what differs, and several of what there can be one of."""

    def shown(field: re.Match[str]) -> str:
        one, _, several = field["words"].removeprefix("count ").partition("|")
        word = several or (f"{one}s" if "count " in field["words"] else "")
        return f"… {word}" if "count " in field["words"] else word or "…"

    return re.sub(r"{\w+:?(?P<words>.*?)}", shown, text)


def _beginning(sentence: str, advice: Mapping[str, str]) -> str:
    anchors = "".join(f'<a id="{name}"></a>' for name in advice)
    said = [re.sub(r"--[a-z-]+", r"`\g<0>`", one) for one in dict.fromkeys(advice.values()) if one.strip("…")]
    return f"### {anchors}`{sentence}`\n\n" + (f"> {' / '.join(said)}\n" if said else "")


def with_entries(text: str) -> str:
    """docs/errors.md with its entries as the code has them; what is written below them stays. New ones come last.

    Raises:
        ValueError: the code has an entry no more.
    """
    there = entries()
    known = {name: names for names in there for name in names}
    placed = set()

    def renewed(entry: re.Match[str]) -> str:
        names = re.findall('"(.+?)"', entry[1])
        gone = [name for name in names if name not in known]
        if gone:
            raise ValueError(f"the code has no {gone[0]} any more: delete or rename its entry")
        placed.add(known[names[0]])
        return there[known[names[0]]]

    text = _ENTRY.sub(renewed, text)
    return text + "".join(f"\n{beginning}" for names, beginning in there.items() if names not in placed)


# -- every file, and its blocks ---------------------------------------------------------------------------------

FILES: dict[str, Mapping[str, Block]] = {
    "action.yml": _action(Use.RUN, OUTPUTS, "steps.redeliver"),
    "hooks/action.yml": _action(Use.LISTING),
    "replay/action.yml": _action(Use.REPLAY, REPLAY_OUTPUTS, "steps.replay"),
    "tracking-issue/action.yml": _action(Use.TRACKING, TRACKING_OUTPUTS, "steps.track"),
    "src/launch.sh": {"inputs": _allowlist},
    ".github/workflows/redeliver.yml": {
        "inputs": _workflow_inputs,
        "secrets": _workflow_secrets,
        "outputs": lambda: _outputs("jobs.redeliver"),
        "outputs of the job": _job_outputs,
        "inputs of the step": _with,
    },
    "README.md": {
        "needed inputs": _needed_inputs,
        "often inputs": lambda: _input_table(_of(Group.OFTEN)),
        "tuning inputs": _tuning_names,
    },
    "docs/setup.md": {"systems": systems},
    "docs/reference.md": {
        "inputs": lambda: _input_table(_of(Group.TUNING)),
        "outputs": lambda: _output_table(OUTPUTS),
        "metrics of a run": lambda: _output_table(RUN_METRICS, "metric"),
        "metrics of webhooks": lambda: _output_table(_own_metrics(), "metric"),
    },
    "docs/tracking-issue.md": {
        "inputs": lambda: _input_table(_other_inputs(Use.TRACKING)),
    },
    "docs/replay.md": {
        "inputs": lambda: _input_table(_other_inputs(Use.REPLAY)),
        "outputs": lambda: _output_table(REPLAY_OUTPUTS),
    },
}


#: The model of each JSON that is printed for programs, by the file that describes it.
SCHEMAS: dict[str, tuple[type[object], str]] = {
    "docs/report.schema.json": (ReportModel, "The output `report` of Redeliver Action"),
    "docs/replay.schema.json": (ReplayModel, "The report of a replay"),
    "docs/show.schema.json": (list[ShownPart], "What `redeliver show --format json` prints"),
}


class _Schema(GenerateJsonSchema):
    """Without a title for each field, which would repeat its name."""

    def field_title_should_be_set(self, _schema: object) -> bool:
        return False


def schema(name: str) -> str:
    """A file's text."""
    model, title = SCHEMAS[name]
    made = TypeAdapter(model).json_schema(schema_generator=_Schema, mode="serialization")
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title} | made | {"title": title}
    return json.dumps(_on_one_line(made), indent=2) + "\n"


def _on_one_line(value: object) -> object:
    """The same with every text on one line."""
    if isinstance(value, dict):
        return {key: _on_one_line(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_on_one_line(each) for each in value]
    return " ".join(value.split()) if isinstance(value, str) else value


def written(text: str, blocks: Mapping[str, Block]) -> str:
    """A file's text with its blocks as the code has them.

    Raises:
        ValueError: a block has no place in the file, or more than one.
    """
    for name, block in blocks.items():
        place = re.compile(
            rf"^(?P<indent> *)(?:#|<!--) {name}, written by make docs(?: -->)?\n"
            rf"(?P<lines>.*?)^ *(?:#|<!--) end of {name}(?: -->)?$",
            re.DOTALL | re.MULTILINE,
        )
        found = list(place.finditer(text))
        if len(found) != 1:
            raise ValueError(f"it needs one place for {name!r}: a line for its beginning, and one for its end")
        lines = "".join(f"{found[0]['indent']}{line}\n" for line in block())
        text = text[: found[0].start("lines")] + lines + text[found[0].end("lines") :]
    return text


def _variable(row: Input) -> str:
    """The name under which an input reaches a program: hyphens stay."""
    return f"INPUT_{row.name.upper()}"


def _expression(row: Input) -> str:
    """What stands within a default that is an expression of GitHub's; empty: it is none."""
    found = re.fullmatch(r"\$\{\{ (.+) \}\}", row.default)
    return found[1] if found else ""


def _scalar(text: str) -> str:
    """A text in YAML: as it is where that means the same, else in quotes."""
    try:
        plain = yaml.safe_load(f"x: {text}") == {"x": text}
    except yaml.YAMLError:
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)


def main() -> None:
    """Write every file anew."""
    for name, blocks in FILES.items():
        file = ROOT / name
        try:
            file.write_text(written(file.read_text(encoding="utf-8"), blocks), encoding="utf-8")
        except ValueError as missing:
            raise SystemExit(f"{name}: {missing}") from None
    try:
        ERRORS.write_text(with_entries(ERRORS.read_text(encoding="utf-8")), encoding="utf-8")
    except ValueError as gone:
        raise SystemExit(f"{ERRORS.name}: {gone}") from None
    for name in SCHEMAS:
        (ROOT / name).write_text(schema(name), encoding="utf-8")


if __name__ == "__main__":
    main()
