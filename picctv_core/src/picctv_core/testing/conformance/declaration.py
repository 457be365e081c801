"""Clauses about what an analyzer says of itself: hooks, declarations, settings."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from picctv_core import plugins
from picctv_core.hookspecs import PROJECT
from picctv_core.hookspecs import node as hookspecs
from picctv_core.testing.conformance.base import Clauses

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_SUCH_KEY = "picctv_no_such_key"
_ALIEN: dict[str, Any] = {"no such": ["value"]}


class DeclarationClauses(Clauses):
    """What can be seen without running it."""

    def test_hooks_are_known(self) -> None:
        """Every hook is one of picctv's, with arguments that it has.

        A hook that is misspelt is never called; the node refuses the plugin with status *unknown hook* or *unknown
        argument*. A method that is named like a hook and lacks ``@hookimpl`` is never called either.
        """
        kind = self._kind()
        with self._blaming("binding its hooks"):
            plugins.bind(kind, self._name(), hookspecs)
        marker = f"{PROJECT}_impl"
        methods = {
            name: getattr(kind, name)
            for name in dir(kind)
            if name.startswith("picctv_") and callable(getattr(kind, name))
        }
        if forgotten := [name for name, method in methods.items() if not hasattr(method, marker)]:
            self._broken(f"{', '.join(forgotten)} lacks @hookimpl, and is never called")
        if not methods:
            self._broken(
                "it has no hook, so that nothing of it is ever called; mark its methods with @hookimpl"
            )

    def test_declaration_is_right(self) -> None:
        """``Settings``, ``Result``, ``uses`` and ``isolation`` are what they must be, where they are there.

        The node refuses a plugin whose declarations it can't read, with status *load error*.
        """
        self._declaration()

    def test_it_is_made_with_settings_and_camera(self) -> None:
        """The class takes ``(settings, camera)``, and making an object of it needs no more.

        The node makes one object for each camera, before the camera has given a picture.
        """
        with self._folder() as folder, self._blaming("making it"):
            kind = self._kind()
            inspect.signature(kind).bind("settings", "camera")
            self._runner(self._camera(folder))

    def test_settings_have_defaults_and_descriptions(self) -> None:
        """Every setting has a description, and a default with which the plugin runs.

        A plugin works once it is installed, without a line in ``node.toml``; the reference of settings is made from the
        descriptions. Where no default can serve (the path of a model), the test class gives one in ``settings``.
        """
        model = self._declaration().settings
        missing = [name for name, field in model.model_fields.items() if not field.description]
        if missing:
            self._broken(f"no description has {', '.join(missing)}; say it with Field(description=...)")
        given = set(self.settings)
        needed = [name for name, field in _named(model).items() if field.is_required() and name not in given]
        if needed:
            self._broken(
                f"no default has {', '.join(needed)}; give one, or where none can serve, a value in `settings` of the test"
            )
        with self._blaming("its settings with nothing set"):
            model.model_validate(dict(self.settings))

    def test_unknown_settings_are_refused(self) -> None:
        """A key that the plugin does not have is an error, and not left out in silence.

        Otherwise a misspelt key leaves the default in force, and nobody knows. `picctv_core.config.Settings` does it.
        """
        model = self._declaration().settings
        faults = self._faults(model, _NO_SUCH_KEY, 1)
        if _NO_SUCH_KEY not in faults:
            self._broken("an unknown key is taken; derive Settings from picctv_core.config.Settings")

    def test_bad_settings_are_refused(self) -> None:
        """A value of a wrong type, or out of the declared range, is an error that names its key.

        It is tried for every setting, with values taken from the bounds of its JSON schema. A value that is bent into
        range or replaced by a default leaves people with a camera that does not do what they wrote; an error of another
        kind than ``ValueError`` in a validator would stop the whole node.
        """
        model = self._declaration().settings
        schema = model.model_json_schema(by_alias=True)
        for key, part in schema.get("properties", {}).items():
            for value in _bad_values(part, schema.get("$defs", {})):
                faults = self._faults(model, key, value)
                if not faults:
                    self._broken(f"{key} = {value!r} is taken, which its own bounds don't allow")
                if key not in faults:
                    self._broken(f"{key} = {value!r} is refused, but the error names {', '.join(faults)}")

    def _faults(self, model: type[BaseModel], key: str, value: Any) -> list[str]:
        """Give the keys that are at fault where one has a value."""
        try:
            model.model_validate({**self.settings, key: value})
        except ValidationError as error:
            return [str(fault["loc"][0]) if fault["loc"] else fault["msg"] for fault in error.errors()]
        except Exception as error:  # noqa: BLE001 - that it is no ValueError is what is looked for
            self._broken(
                f"{key} = {value!r} raised {type(error).__name__}: {error}; a validator raises ValueError for what is wrong"
            )
        return []


def _named(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _bad_values(part: dict[str, Any], defs: dict[str, Any]) -> Iterator[Any]:
    """Give values that a part of a JSON schema does not allow."""
    choices = [_resolved(choice, defs) for choice in part.get("anyOf", [part])]
    kinds = {choice.get("type") for choice in choices}
    if kinds <= {None}:
        return  # anything goes
    if "object" not in kinds:
        yield _ALIEN
    elif len(kinds) == 1:
        yield 17.5
    real = [choice for choice in choices if choice.get("type") != "null"]
    if len(real) != 1:
        return  # what one choice forbids, another may allow
    only = real[0]
    if "minimum" in only:
        yield only["minimum"] - 1
    if "maximum" in only:
        yield only["maximum"] + 1
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if bound in only:
            yield only[bound]
    if only.get("type") == "string" and only.get("minLength", 0) > 0:
        yield ""
    if only.get("type") == "string" and "maxLength" in only:
        yield "x" * (only["maxLength"] + 1)
    if "enum" in only or "const" in only:
        yield _NO_SUCH_KEY


def _resolved(part: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref", "")
    found = defs.get(str(reference).rpartition("/")[2], {}) if reference else part
    return dict(found)
