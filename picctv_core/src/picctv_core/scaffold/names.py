"""The name of a new plugin: how it is written in each place, and whether it can be had."""

from __future__ import annotations

import contextlib
import keyword
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, entry_points

from packaging.utils import canonicalize_name

from picctv_core.declarations import TRIGGER
from picctv_core.errors import PicctvError

_LONGEST = 40
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

# As in picctv_core.plugins, which loads what discovers plugins.
_GROUPS = ("picctv.node", "picctv.server", "picctv.web")

_PREFIX = "picctv-"
_RESERVED = {
    TRIGGER: "in what a plugin uses it means every trigger",
    "picctv": "it is picctv's own",
    **dict.fromkeys(("core", "server", "web"), "picctv has a package of this name"),
}


@dataclass(frozen=True)
class Names:
    """One name in all its forms.

    Attributes:
        name: the plugin's, ``people-counter``.
    """

    name: str

    @property
    def distribution(self) -> str:
        """What pip installs: ``picctv-people-counter``."""
        return _PREFIX + self.name

    @property
    def package(self) -> str:
        """What Python imports: ``picctv_people_counter``."""
        return self.distribution.replace("-", "_")

    @property
    def identifier(self) -> str:
        """The folder of its templates and static files: ``people_counter``."""
        return self.name.replace("-", "_")

    @property
    def class_prefix(self) -> str:
        """What its classes begin with: ``PeopleCounter``."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def title(self) -> str:
        """What people read: ``People counter``."""
        return self.name.replace("-", " ").capitalize()


def parse(text: str) -> Names:
    """Make the name of what somebody wrote: ``People Counter``, ``people_counter`` and ``picctv-people-counter`` are one.

    Raises:
        PicctvError: it can't be a plugin's name.
    """
    name = canonicalize_name(re.sub(r"\s+", "-", text.strip())).removeprefix(_PREFIX)
    if not _NAME.fullmatch(name):
        raise PicctvError(
            f"{text!r} can't be a plugin's name: use letters, digits and hyphens, with a letter first, "
            "such as people-counter"
        )
    if len(name) > _LONGEST:
        raise PicctvError(f"{name!r} has {len(name)} letters; a plugin's name has {_LONGEST} at the most")
    if name in _RESERVED:
        raise PicctvError(
            f"{name!r} can't be a plugin's name: {_RESERVED[name]}; try {name}-2 or another word"
        )
    if keyword.iskeyword(name):
        raise PicctvError(
            f"{name!r} can't be a plugin's name: it is a word of Python's own; try {name}-watch or another word"
        )
    if name == "plugins" or name.startswith("plugins-"):
        raise PicctvError(
            f"{name!r} can't be a plugin's name: packages named picctv-plugins-... are picctv's own; leave 'plugins' out"
        )
    return Names(name)


def check_free(names: Names) -> None:
    """Refuse a name that something installed here has: of two plugins by one name none runs.

    Raises:
        PicctvError: it is taken.
    """
    # Read from the metadata of what is installed: no plugin is imported for it.
    taken = [found.dist for group in _GROUPS for found in entry_points(group=group, name=names.name)]
    with contextlib.suppress(PackageNotFoundError):
        taken.append(distribution(names.distribution))
    for owner in filter(None, taken):
        raise PicctvError(
            f"the name {names.name!r} is taken: {owner.name} {owner.version} is installed here; "
            f"choose another name, or `pip uninstall {owner.name}` first"
        )
