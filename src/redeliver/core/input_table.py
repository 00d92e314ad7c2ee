"""Inputs as rows of a table, from which files, the command line and the documents are written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_origin

from pydantic import Field, SecretStr

if TYPE_CHECKING:
    from pydantic import BaseModel, JsonValue


class Group(StrEnum):
    """The heading under which users read an input, in the order of the headings."""

    NEEDED = "needed"
    OFTEN = "often"
    TUNING = "tuning"


def as_input(
    description: str,
    default: str = "",
    *,
    action_default: str = "",
    group: Group = Group.TUNING,
    required: str = "",
) -> Any:  # noqa: ANN401  see below
    """A field that is an input: its description, and the text that is used when it is left empty."""
    # Any, as pydantic's own Field: the default is the input's text, which the field's validator reads.
    extra: dict[str, JsonValue] = {"action_default": action_default, "group": group, "required": required}
    if required:
        description += f" Required {required}."
    return Field(default, description=description, json_schema_extra=extra)


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the action, as its files, the command line and the documents describe it."""

    name: str
    description: str
    default: str = ""
    """In action.yml. The command line uses the field's own default in place of a GitHub expression."""
    secret: bool = False
    """Whether its value must stay hidden: never on a command line, and a secret of the reusable workflow."""
    choices: tuple[str, ...] = ()
    """The only allowed values; empty: any text that can be parsed."""
    several: bool = False
    """Whether it is a list, so that its flag may be given several times."""
    group: Group = Group.TUNING
    required: str = ""
    """When it is required, in the words at the end of the description; empty: never."""


def table(settings: type[BaseModel]) -> tuple[Input, ...]:
    """The inputs that these settings are read from, in the order of the fields."""
    rows = []
    for field in settings.model_fields.values():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        kind = field.annotation
        rows.append(
            Input(
                name=field.alias or "",
                description=field.description or "",
                default=str(extra.get("action_default") or field.default),
                secret=kind is SecretStr,
                choices=tuple(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else (),
                several=get_origin(kind) is tuple,
                group=Group(str(extra["group"])),
                required=str(extra["required"]),
            )
        )
    return tuple(rows)
