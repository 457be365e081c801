"""All that is known of each plugin: what is installed beside this web, and what nodes and servers say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse

from picctv_core import plugins as core
from picctv_server import models, queries
from picctv_web import plugin_graph, plugin_pages, plugin_states, schemas, shown, times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from picctv_web.plugin_states import State
    from picctv_web.schemas import TypedPlugin

_MAX_PROBLEMS = 4


@dataclass(frozen=True)
class Part:
    """One part of a plugin, as it is installed beside this web.

    Attributes:
        name: ``node``, ``server`` or ``web``.
        status: its status.
        kind: the colour of the status.
        detail: what went wrong, in one line.
        package: the package and version that bring it.
        needs: the versions of picctv-core that the package asks for.
        value: where it is, ``module:object``.
    """

    name: str
    status: str
    kind: str
    detail: str
    package: str
    needs: str
    value: str


@dataclass(frozen=True)
class Place:
    """Where a plugin runs or is to run, and how it does there.

    Attributes:
        title: of the camera, or the server's name.
        note: the camera's id, or the process's address.
        url: the camera's page; empty for a server.
        where: ``camera`` or ``server``.
        machine: the node's name, or the server's.
        state: how the plugin does.
        silent: since when nothing was heard of the place; empty while it is heard of.
    """

    title: str
    note: str
    url: str
    where: str
    machine: str
    state: State
    silent: str = ""

    @property
    def kind(self) -> str:
        """The colour: that of a silent place says nothing of today."""
        return "info" if self.silent else self.state.kind


@dataclass
class Known:
    """All that is known of a plugin.

    Attributes:
        name: the plugin's name.
        parts: what is installed beside this web.
        cameras: how it does on each camera.
        servers: how it does in each server process.
        typed: what its results are made of; None where it declares nothing.
    """

    name: str
    parts: list[Part] = field(default_factory=list)
    cameras: list[Place] = field(default_factory=list)
    servers: list[Place] = field(default_factory=list)
    typed: TypedPlugin | None = None

    @property
    def url(self) -> str:
        """The address of the page about it."""
        return f"{reverse('plugins')}?{urlencode({'plugin': self.name})}"

    @property
    def pages(self) -> list[plugin_pages.Entry]:
        """Its own pages."""
        return plugin_pages.pages_of(self.name)

    @property
    def places(self) -> list[Place]:
        """Every place where it runs or is to run."""
        return [*self.cameras, *self.servers]

    @property
    def packages(self) -> list[str]:
        """The packages that bring it, with the machines where there are several versions."""
        machines: dict[str, set[str]] = {}
        for part in self.parts:
            machines.setdefault(part.package, set()).add("here")
        for place in self.places:
            if place.state.package:
                machines.setdefault(place.state.package, set()).add(place.machine)
        if len(machines) == 1:
            return list(machines)
        return [f"{package} on {', '.join(sorted(where))}" for package, where in sorted(machines.items())]

    @property
    def kind(self) -> str:
        """The colour that stands for all its places; where it has none, for what is installed."""
        elsewhere = [*(place.kind for place in self.servers), *(part.kind for part in self.parts)]
        return plugin_states.worst([place.kind for place in self.cameras] or elsewhere)

    @property
    def on_cameras(self) -> list[tuple[str, str, int]]:
        """How many cameras have it in which status: status, colour, count; the worst first."""
        return _counted(self.cameras)

    @property
    def in_servers(self) -> list[tuple[str, str, int]]:
        """The same of server processes."""
        return _counted(self.servers)

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """What is wrong with it: where, status, why; the first few."""
        parts = [(part.name, part.status, part.detail) for part in self.parts if part.kind in {"bad", "warn"}]
        places = [
            (place.title, place.state.status, place.state.detail)
            for place in self.places
            if place.kind in {"bad", "warn"}
        ]
        return [*parts, *places][:_MAX_PROBLEMS]

    @property
    def more_problems(self) -> int:
        """How many more there are."""
        parts = [part for part in self.parts if part.kind in {"bad", "warn"}]
        places = [place for place in self.places if place.kind in {"bad", "warn"}]
        return max(0, len(parts) + len(places) - _MAX_PROBLEMS)


def everything() -> tuple[dict[str, Known], list[plugin_graph.Edge]]:
    """Give all that is known of every plugin, by name, and who uses whose results."""
    found: dict[str, Known] = {}

    def known(name: str) -> Known:
        return found.setdefault(name, Known(name))

    for entry in installed():
        known(entry.name).parts.append(_part(entry))
    typed = schemas.typed_plugins()
    for name, own in typed.items():
        known(name).typed = own
    givers = {name for name, own in typed.items() if _gives_triggers(own)}
    on_cameras = []
    for camera in shown.cameras():
        states = plugin_states.states(camera.camera.plugins)
        on_cameras.append(states)
        givers |= set(queries.plugins_with_events(camera.id))
        for state in states:
            known(state.name).cameras.append(_on_camera(camera, state))
    for server, silent in _servers():
        for state in plugin_states.states(server.plugins):
            name = str(server.name or server.id)
            place = Place(
                name, f"{server.id}, picctv-server {server.version}", "", "server", name, state, silent
            )
            known(state.name).servers.append(place)
    by_name = dict(sorted(found.items()))
    return by_name, plugin_graph.edges(on_cameras, sorted(givers))


@cache
def installed() -> tuple[core.Plugin, ...]:
    """List every part of every plugin that is installed beside this web; what a process has, it has from its start."""
    web = (plugin.entry for plugin in plugin_pages.installed())
    return (*core.discover(core.NODE), *core.discover(core.SERVER), *web)


def _part(entry: core.Plugin) -> Part:
    running = {plugin.entry.value: plugin for plugin in plugin_pages.installed()}
    # Of the web part this process knows more than that it loads: how it does.
    state = running.get(entry.value, entry) if entry.group == core.WEB else entry
    title = next(title for title, group in core.PARTS.items() if group == entry.group)
    return Part(
        name=title,
        status=str(state.status),
        kind=plugin_states.kind(str(state.status)),
        detail=state.detail,
        package=f"{entry.distribution} {entry.version}",
        needs=entry.core or "any",
        value=entry.value,
    )


def _on_camera(camera: shown.ShownCamera, state: State) -> Place:
    seen = camera.camera.last_seen_at
    silent = "" if camera.state != "offline" else times.text(times.from_datetime(seen)) if seen else "ever"
    return Place(camera.title, camera.id, camera.url, "camera", str(camera.camera.node), state, silent)


def _servers() -> list[tuple[Any, str]]:
    found = []
    for server in models.ServerStatus.objects.order_by("id"):
        seen = server.last_seen_at
        silent = "" if server.online() else times.text(times.from_datetime(seen)) if seen else "ever"
        found.append((server, silent))
    return found


def _counted(places: Iterable[Place]) -> list[tuple[str, str, int]]:
    counted = Counter((place.state.status or "unknown", place.kind) for place in places)
    found = [(status, kind, count) for (status, kind), count in counted.items()]
    return sorted(found, key=lambda own: (plugin_states.rank(own[1]), own[0]))


def _gives_triggers(plugin: TypedPlugin) -> bool:
    return any(own.name == "triggered" and own.type == "boolean" for own in plugin.newest.result_fields)
