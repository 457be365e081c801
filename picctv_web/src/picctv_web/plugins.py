"""The page that lists every plugin and how it does."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render

from picctv_core import plugins as core
from picctv_web import plugin_pages

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True)
class Part:
    """One part of a plugin.

    Attributes:
        name: ``node``, ``server`` or ``web``.
        status: its status; empty where the plugin has no such part.
        kind: the colour of the status.
        detail: what went wrong, in one line.
    """

    name: str
    status: str = ""
    kind: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Row:
    """A plugin with its three parts and its pages."""

    name: str
    package: str
    parts: list[Part]
    pages: list[plugin_pages.Entry]

    @property
    def details(self) -> list[Part]:
        """The parts with something to say."""
        return [part for part in self.parts if part.detail]


def plugins(request: HttpRequest) -> HttpResponse:
    """Show every plugin installed on this machine."""
    return render(request, "picctv/plugins.html", {"rows": rows()})


def rows() -> list[Row]:
    """List the plugins by name; one row for each distribution that brings one."""
    found = [
        *core.discover(core.NODE),
        *core.discover(core.SERVER),
        *(plugin.entry for plugin in plugin_pages.installed()),
    ]
    by_plugin = sorted(found, key=_identity)
    return [_row(*identity, list(group)) for identity, group in itertools.groupby(by_plugin, key=_identity)]


def _identity(entry: core.Plugin) -> tuple[str, str, str]:
    return entry.name, entry.distribution, entry.version


def _row(name: str, distribution: str, version: str, entries: list[core.Plugin]) -> Row:
    running = {plugin.entry.value: plugin for plugin in plugin_pages.installed()}

    def part(title: str, group: str) -> Part:
        entry = next((entry for entry in entries if entry.group == group), None)
        if entry is None:
            return Part(title)
        # Of the web part this process knows more than that it loads: how it does.
        state = running.get(entry.value, entry) if group == core.WEB else entry
        kind = "good" if state.status is core.Status.ENABLED else "bad"
        return Part(title, str(state.status), kind, state.detail)

    parts = [part(title, group) for title, group in core.PARTS.items()]
    return Row(name, f"{distribution} {version}", parts, plugin_pages.pages_of(name))
