"""Settings of parts as checked configuration.

From the fields of a part (a frozen dataclass in a registry) a pydantic model is made, with the
part's name as the discriminator, so a pipeline file is checked, and its JSON Schema written,
without a second description of any setting.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_type_hints

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    create_model,
)
from pydantic_core import CoreSchema

from its.parts import Part, setting_key

P = TypeVar("P", bound=Part)


class PartSettings(BaseModel):
    """Checked settings of one part, which is `part`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    part: ClassVar[type[Part]]

    def built(self, kind: type[P]) -> P:
        """The part itself, without the settings that are not its own (such as `from_budget`)."""
        own = [field for field in dataclasses.fields(self.part) if field.init]
        part = self.part(**{field.name: getattr(self, setting_key(field)) for field in own})
        assert isinstance(part, kind)
        return part


@dataclass(frozen=True, eq=False, slots=True)
class OneOf:
    """Annotates a settings type as "one of the parts of this registry".

    The mapping's `key` names the part, the rest sets it; a bare string is the part with its
    defaults.
    """

    registry: Mapping[str, type[Part]]
    key: str

    def __get_pydantic_core_schema__(self, base: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        models = [
            _settings_model(name, part, self.key, base)  # type: ignore[arg-type]  # classes hash
            for name, part in self.registry.items()
        ]
        union = reduce(or_, models) if len(models) > 1 else models[0]
        named = Annotated[union, Field(discriminator=self.key)] if len(models) > 1 else union
        return handler.generate_schema(Annotated[named, BeforeValidator(self._named)])

    def _named(self, value: Any) -> Any:
        return {self.key: value} if isinstance(value, str) else value


@cache
def _settings_model(
    name: str, part: type[Part], key: str, base: type[PartSettings]
) -> type[PartSettings]:
    hints = get_type_hints(part, include_extras=True)
    fields: dict[str, Any] = {key: (Literal[name], name)}
    for field in dataclasses.fields(part):
        if field.init:
            fields[setting_key(field)] = (hints[field.name], _default(field))
    model = create_model(f"{name}_{key}", __base__=base, __doc__=part.__doc__, **fields)
    model.part = part
    return model


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return Field(default_factory=field.default_factory)
    return ...
