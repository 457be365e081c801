"""What plugins' results are made of, as their nodes told; so it is known here also of plugins that are not installed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_server import queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from picctv_core.typed import ResultField
    from picctv_server.models import ResultSchema


@dataclass(frozen=True)
class TypedPlugin:
    """A plugin that declares what its results are made of.

    Attributes:
        name: the plugin's name.
        schemas: of each version that was ever told, the newest first.
    """

    name: str
    schemas: tuple[ResultSchema, ...]

    @property
    def newest(self) -> ResultSchema:
        """The newest version."""
        return self.schemas[0]

    def of_version(self, version: int | None) -> ResultSchema | None:
        """Give what results of a version are made of; None where nobody told.

        Args:
            version: None for results from before the plugin declared a model: they are read by its first one.
        """
        if version is None:
            return self.schemas[-1]
        return next((schema for schema in self.schemas if schema.version == version), None)

    def versions_with(self, field: ResultField) -> tuple[int | None, ...]:
        """Give the versions of results in which a field means the same: where it is of the same type and unit."""

        def same(schema: ResultSchema) -> bool:
            return any(
                (own.name, own.type, own.unit) == (field.name, field.type, field.unit)
                for own in schema.result_fields
            )

        found: list[int | None] = [schema.version for schema in self.schemas if same(schema)]
        return (*found, None) if same(self.schemas[-1]) else tuple(found)


def typed_plugins() -> dict[str, TypedPlugin]:
    """Give every plugin whose results are typed, by name, in the order of names."""
    return grouped(queries.result_schemas())


def grouped(schemas: Iterable[ResultSchema]) -> dict[str, TypedPlugin]:
    """Give the plugins that some schemas are of, by name; the schemas are sorted by plugin, the newest version first."""
    by_name: dict[str, list[ResultSchema]] = {}
    for schema in schemas:
        by_name.setdefault(schema.plugin, []).append(schema)
    return {name: TypedPlugin(name, tuple(own)) for name, own in by_name.items()}
