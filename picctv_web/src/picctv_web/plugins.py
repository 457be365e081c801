"""The page of all plugins, and what is known of one: ``/plugins/``, and ``/plugins/?plugin=NAME``.

The pages below ``/plugins/<name>/`` are the plugins' own; that of one plugin here is a parameter, so that the two never
meet, whatever a plugin is called.
"""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render

from picctv_server import aside, models
from picctv_web import plugin_graph
from picctv_web.known_plugins import everything

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.http import HttpRequest, HttpResponse

    from picctv_web.known_plugins import Known, Place

_MAX_EDGES = 40


def plugins(request: HttpRequest) -> HttpResponse:
    """Show every plugin of every node, every server and this web; or one of them."""
    found, edges = everything()
    wanted = request.GET.get("plugin")
    if wanted is not None:
        return _one(request, found, edges, wanted)
    kinds = {known.name: known.kind for known in found.values() if known.cameras}
    context = {
        "plugins": list(found.values()),
        "graph": plugin_graph.graph(edges, kinds),
        "edges": edges[:_MAX_EDGES],
        "set_aside": sum(aside.counts().values()),
        "more_edges": max(0, len(edges) - _MAX_EDGES),
        "silent": sorted(
            {place.machine for known in found.values() for place in known.places if place.silent}
        ),
    }
    return render(request, "picctv/plugins.html", context)


def _one(
    request: HttpRequest, found: dict[str, Known], edges: Sequence[plugin_graph.Edge], name: str
) -> HttpResponse:
    if name not in found:
        msg = f"there is no plugin {name}"
        raise Http404(msg)
    known = found[name]
    context = {
        "plugin": known,
        "uses": [edge for edge in edges if edge.user == name],
        "used_by": [edge for edge in edges if edge.giver == name],
        "nodes": _machines(known.cameras),
        "set_aside": aside.messages(name).count(),
        "core": importlib.metadata.version("picctv-core"),
    }
    return render(request, "picctv/plugin.html", context)


def _machines(places: Iterable[Place]) -> list[tuple[str, str, list[str]]]:
    """List the nodes of some places: name, version of picctv-core, and the packages that they have."""
    packages: dict[str, set[str]] = {}
    for place in places:
        packages.setdefault(place.machine, set()).update({place.state.package} - {""})
    versions = {str(node.name): str(node.version) for node in models.Node.objects(name__in=list(packages))}
    return [(name, versions.get(name, ""), sorted(own)) for name, own in sorted(packages.items())]
