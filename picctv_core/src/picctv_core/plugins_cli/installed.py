"""What is installed of each plugin: its parts, and the packages that bring them."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from picctv_core.plugins import CORE, PARTS, Plugin, discover

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOME_LABELS = ("homepage", "home", "documentation", "docs", "repository", "source", "sourcecode", "github")


@dataclass(frozen=True)
class Package:
    """A distribution, as its own metadata has it.

    Attributes:
        name: its name.
        version: its version.
        core: the versions of picctv-core that it asks for, ``>=0.1``; empty where it asks for none.
        core_installed: the version that is installed.
        summary: one line; may be empty.
        home_page: an address; may be empty.
    """

    name: str
    version: str
    core: str = ""
    core_installed: str = ""
    summary: str = ""
    home_page: str = ""


@dataclass(frozen=True)
class Installed:
    """A plugin as one distribution brings it.

    Attributes:
        package: the distribution.
        parts: what it brings, by ``node``, ``server`` and ``web``.
    """

    package: Package
    parts: Mapping[str, Plugin]

    @property
    def name(self) -> str:
        """Give the plugin's name."""
        return next(iter(self.parts.values())).name

    @property
    def node(self) -> Plugin | None:
        """Give the node part."""
        return self.parts.get("node")


def installed() -> list[Installed]:
    """Find all plugins, broken ones included, sorted by name; of a name that two distributions bring, both."""
    found: dict[tuple[str, str], dict[str, Plugin]] = {}
    for part, group in PARTS.items():
        for plugin in discover(group):
            found.setdefault((plugin.name, plugin.distribution), {})[part] = plugin
    return [Installed(_package(next(iter(parts.values()))), parts) for _, parts in sorted(found.items())]


def _package(plugin: Plugin) -> Package:
    core_installed = importlib.metadata.version(CORE)
    try:
        distribution = importlib.metadata.distribution(plugin.distribution)
    except importlib.metadata.PackageNotFoundError:
        return Package(plugin.distribution, plugin.version, core_installed=core_installed)
    metadata = distribution.metadata
    return Package(
        name=plugin.distribution,
        version=plugin.version,
        core=plugin.core,
        core_installed=core_installed,
        summary=" ".join(metadata.get_all("Summary") or []),
        home_page=_home_page(metadata.get_all("Home-page") or [], metadata.get_all("Project-URL") or []),
    )


def _home_page(home_pages: list[str], project_urls: list[str]) -> str:
    """Choose what people call a project's home page from its labelled addresses."""
    if home_pages:
        return home_pages[0]
    labelled = {}
    for line in project_urls:
        label, _, url = line.partition(",")
        labelled["".join(filter(str.isalnum, label.lower()))] = url.strip()
    return next((labelled[label] for label in _HOME_LABELS if label in labelled), "")
