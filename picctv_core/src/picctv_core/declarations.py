"""What an analyzer's class says of itself, beside its hooks."""

from __future__ import annotations

import typing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ByteSize, Field, StrictBool

from picctv_core.config import Settings
from picctv_core.errors import PluginError
from picctv_core.typed import ResultModel, schema_of

if TYPE_CHECKING:
    from picctv_core.frames import Result

TRIGGER = "trigger"
"""Among what a plugin `uses`: every result that is marked as a trigger, whatever plugin it comes from."""

Isolation = Literal["thread", "process"]


class Options(Settings):
    """Keys of a plugin's table that are not the plugin's own, in every settings file."""

    enabled: StrictBool = Field(default=True, description="False leaves the plugin out.")


class RunOptions(Options):
    """How a node runs a plugin: keys of the plugin's table in ``node.toml`` that are the node's own."""

    isolation: Isolation | None = Field(
        default=None,
        description="`thread` runs it in the node's process, `process` in one of its own, which may crash, hang or leak "
        "without harm to anything else. Without it: what the plugin asks for, mostly `thread`.",
    )
    time_budget_s: float = Field(
        default=10.0,
        gt=0.0,
        le=3600.0,
        description="How many seconds a call of a hook may take. A thread that takes longer shows as failing; a process "
        "is ended and started again.",
    )
    memory_max: ByteSize = Field(
        default=ByteSize(512 * 10**6),
        ge=64 * 10**6,
        description="How much memory a plugin's own process may use before it is ended and started again.",
    )


@dataclass(frozen=True)
class Declaration:
    """What an analyzer declares, each as an attribute of its class; all can be left out.

    Attributes:
        settings: ``Settings``, the model of its settings; one without keys where it has none.
        result: ``Result``, the model of its results; None where they are of no declared form.
        uses: ``uses``, whose results it hears: names of plugins, and `TRIGGER`. Empty for those of all.
        isolation: ``isolation``, where it runs unless the node's settings say otherwise.

    What else it says of itself is ``inputs``, which `picctv_core.inputs.called_hooks` asks once there are settings.
    """

    settings: type[BaseModel] = Settings
    result: type[ResultModel] | None = None
    uses: tuple[str, ...] = ()
    isolation: Isolation = "thread"

    def hears(self, result: Result) -> bool:
        """Say whether a result of another plugin is one that it uses."""
        if not self.uses or result.plugin in self.uses:
            return True
        return TRIGGER in self.uses and result.triggered is not None


def declared(analyzer: Any) -> Declaration:
    """Read what an analyzer declares.

    Raises:
        PluginError: it is no class, or an attribute is not what it must be; all of that in one line.
    """
    if not isinstance(analyzer, type):
        raise PluginError(f"{analyzer!r} is no class")
    found = Declaration(
        settings=settings_of(analyzer),
        result=getattr(analyzer, "Result", None),
        uses=getattr(analyzer, "uses", ()),
        isolation=getattr(analyzer, "isolation", "thread"),
    )
    faults = _faults_of_settings(found.settings, RunOptions, "the node")
    if found.result is not None and not _is_model(found.result, ResultModel):
        faults.append("its Result is no picctv_core.typed.ResultModel")
    elif found.result is not None:
        faults += _unclear(found.result)
    if not isinstance(found.uses, (tuple, list)) or not all(isinstance(name, str) for name in found.uses):
        faults.append('its uses is no tuple of names, such as ("motion",)')
    if found.isolation not in typing.get_args(Isolation):
        faults.append(f'its isolation is {found.isolation!r}, not "thread" or "process"')
    if not callable(getattr(analyzer, "inputs", len)):
        faults.append("its inputs is no static method that gives names of inputs, such as frames")
    if faults:
        raise PluginError(f"{analyzer.__name__}: {'; '.join(faults)}")
    return replace(found, uses=tuple(found.uses))


def settings_of(part: type) -> type[BaseModel]:
    """Give the model of what a plugin's node or server part is told; one without keys where it has none."""
    model: type[BaseModel] = getattr(part, "Settings", Settings)
    return model


def check_settings(processor: type) -> None:
    """Check what a plugin's server part declares.

    Raises:
        PluginError: its ``Settings`` is not what it must be.
    """
    if faults := _faults_of_settings(settings_of(processor), Options, "the server"):
        raise PluginError(f"{processor.__name__}: {'; '.join(faults)}")


def _faults_of_settings(model: Any, options: type[Options], reader: str) -> list[str]:
    if not _is_model(model, BaseModel):
        return ["its Settings is no pydantic model"]
    if taken := sorted(options.model_fields.keys() & model.model_fields.keys()):
        return [f"its Settings has {', '.join(map(repr, taken))}, which {reader} reads itself"]
    return []


def _unclear(result: type[ResultModel]) -> list[str]:
    """Say what keeps a model of results from being told to a server; empty where nothing does."""
    try:
        schema_of(result)
    except PluginError as error:
        return [f"its Result: {error}"]
    return []


def _is_model(found: Any, base: type) -> bool:
    return isinstance(found, type) and issubclass(found, base)
