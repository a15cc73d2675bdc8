"""Settings of pluggable parts (strategies, rewards, rules, selectors) as checked configuration.

A part is a frozen dataclass in a registry. From its fields a pydantic model is made, with the
part's name as the discriminator, so a pipeline file is checked, and its JSON Schema written,
without a second description of any setting.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model


class PartSettings(BaseModel):
    """Checked settings of one part; `build` makes the part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def build(self) -> Any:
        """The part itself, without the settings that are not its own (such as `from_budget`)."""
        part: type = self.__class__.__part__  # type: ignore[attr-defined]
        own = {field.name for field in dataclasses.fields(part) if field.init}
        return part(**{name: getattr(self, name) for name in own})


def part_settings(
    registry: Mapping[str, type],
    key: str,
    base: type[PartSettings] = PartSettings,
) -> Any:
    """A type for "one of these parts": the mapping's `key` names the part, the rest sets it.

    A bare string is the part with its defaults.
    """
    models = [_settings_model(name, part, key, base) for name, part in registry.items()]
    union = reduce(or_, models) if len(models) > 1 else models[0]
    discriminated = Annotated[union, Field(discriminator=key)] if len(models) > 1 else union
    return Annotated[
        discriminated,
        BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value),
    ]


def _settings_model(name: str, part: type, key: str, base: type[PartSettings]) -> Any:
    hints = get_type_hints(part, include_extras=True)
    fields: dict[str, Any] = {key: (Literal[name], name)}
    for field in dataclasses.fields(part):
        if field.init:
            fields[field.name] = (hints[field.name], _default(field))
    model = create_model(f"{name}_{key}", __base__=base, __doc__=part.__doc__, **fields)
    model.__part__ = part  # type: ignore[attr-defined]
    return model


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return Field(default_factory=field.default_factory)
    return ...
