"""Writes web parts of plugins into a folder, as pip would install them, for a web process with it on its path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LIGHTS = """
from django.apps import AppConfig
from django.http import Http404, HttpResponse
from django.shortcuts import render
from picctv_core.hookspecs import hookimpl
from picctv_core.hookspecs.web import Chart, Link, Page, Panel
from picctv_server import queries


def show(request):
    return render(request, "lights/page.html", {"user_name": request.user.get_username()})


async def later(request, number):
    if number == 404:
        raise Http404("no such lamp")
    return HttpResponse(f"lamp {number}")


class Lights(AppConfig):
    name = "lights"

    @hookimpl
    def picctv_pages(self):
        return [Page("lights", "Lights", show), Page("lamp", "Lamp", later, path="lamp/<int:number>/")]

    @hookimpl
    def picctv_clip_panels(self, clip):
        return [Panel("state", "Lights", "lights/panel.html", {"seconds": 2.5})]

    @hookimpl
    def picctv_camera_panels(self, camera):
        return [Panel("camera", "Lights here", "lights/camera.html")]

    @hookimpl
    def picctv_charts(self, clip):
        found = queries.results_between(clip.camera, "motion", clip.started_at_ns, clip.ended_at_ns)
        rows = [((at - clip.started_at_ns) / 1e9, data["score"]) for at, data in found]
        return [Chart("score", "Brightness", ("seconds", "brightness"), rows, unit="lux", y_max=1.0)]

    @hookimpl
    def picctv_notification_links(self, notification):
        return [Link("Lights", "/plugins/lights/")]
"""

TEMPLATES = {
    "page.html": (
        '{% extends "picctv/page.html" %}{% block title %}Lights{% endblock %}'
        "{% block content %}<h1>Lights</h1><p>for {{ user_name }}</p>{% endblock %}"
    ),
    "panel.html": '<p>Lamp on at <a href="#" data-seek="{{ seconds }}">{{ seconds }} s</a> in {{ clip.camera }}</p>',
    "camera.html": "<p>Lamps of {{ camera.title }}</p>",
}

# Every hook, its page, its panel's template and its ready() fail, each in a way of its own.
BROKEN = """
from django.apps import AppConfig
from picctv_core.hookspecs import hookimpl
from picctv_core.hookspecs.web import Chart, Page, Panel


def show(request):
    raise ValueError("the page fell over")


class Broken(AppConfig):
    name = "broken"

    def ready(self):
        raise RuntimeError("not ready at all")

    @hookimpl
    def picctv_pages(self):
        return [Page("broken", "Broken page", show), Page("worse", "Worse", show, path="<nosuch:x>/")]

    @hookimpl
    def picctv_clip_panels(self, clip):
        return [Panel("panel", "A panel", "broken/missing.html")]

    @hookimpl
    def picctv_camera_panels(self, camera):
        raise KeyError("no such thing")

    @hookimpl
    def picctv_charts(self, clip):
        return [Chart("bad", "Bad chart", ("seconds", "value"), [(0.0, 1.0), (1.0, "high")])]

    @hookimpl
    def picctv_notification_links(self, notification):
        return 7
"""

UNLOADABLE = 'raise ImportError("a library is missing")\n'

MISSPELT = """
from django.apps import AppConfig
from picctv_core.hookspecs import hookimpl


class Misspelt(AppConfig):
    name = "misspelt"

    @hookimpl
    def picctv_clip_pannels(self, clip):
        return []
"""

NO_APP = "class NoApp:\n    pass\n"


def write(folder: Path, name: str, source: str, cls: str) -> None:
    """Write one distribution with one web part.

    Args:
        folder: goes on the path of the process.
        name: of the plugin, its module and its distribution.
        source: of its module.
        cls: its class.
    """
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[picctv.web]\n{name} = {name}:{cls}\n")


def write_lights(folder: Path) -> None:
    """Write the plugin that is in order."""
    write(folder, "lights", LIGHTS, "Lights")
    templates = folder / "lights" / "templates" / "lights"
    templates.mkdir(parents=True)
    for name, text in TEMPLATES.items():
        (templates / name).write_text(text)


def write_broken(folder: Path) -> None:
    """Write those that are not, each in a way of its own."""
    write(folder, "broken", BROKEN, "Broken")
    write(folder, "unloadable", UNLOADABLE, "Unloadable")
    write(folder, "misspelt", MISSPELT, "Misspelt")
    write(folder, "noapp", NO_APP, "NoApp")
