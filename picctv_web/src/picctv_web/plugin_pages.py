"""What the web parts of plugins bring: pages, and panels, charts and links on our own pages.

Each hook, view and template of a plugin runs by itself. What it raises is logged and becomes a card in its place; the
rest of the page is as ever.
"""

from __future__ import annotations

import functools
import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, include, path, reverse
from pymongo.errors import PyMongoError

from picctv_core.errors import StoreError
from picctv_web import auto_charts
from picctv_web.charts import TimeChart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern, URLResolver

    from picctv_core.hookspecs.web import Link, Page, Panel
    from picctv_web.plugin_apps import WebPlugin

_VERSION = importlib.metadata.version("picctv-web")

# What a view raises on purpose, and Django or our middleware answers.
_ANSWERED = (Http404, PermissionDenied, SuspiciousOperation, PyMongoError, StoreError)


@dataclass(frozen=True)
class Entry:
    """A plugin's page in the navigation."""

    title: str
    url: str


@dataclass(frozen=True)
class Card:
    """A piece of a page that a plugin brought: its heading and its HTML, or that it failed."""

    plugin: str
    title: str
    html: str
    failed: bool = False


def installed() -> list[WebPlugin]:
    """List the web parts of this process, broken ones included, sorted by name."""
    plugins: list[WebPlugin] = settings.PICCTV_PLUGINS
    return plugins


def patterns() -> list[URLResolver]:
    """Make the URL patterns of all plugins' pages, to be mounted under ``/plugins/``; named ``plugins:<plugin>:<page>``."""
    found = []
    for plugin in installed():
        mounted: list[URLPattern] = []
        for page in _call(plugin, "picctv_pages"):
            try:
                mounted.append(path(page.path, _guarded_view(plugin, page), name=page.name))
            except Exception as error:  # noqa: BLE001 - a plugin's mistake costs its page only
                plugin.fail(f"mounting its page {getattr(page, 'name', page)!r}", error)
                continue
            _PAGES.setdefault(plugin.name, []).append(page)
        found.append(path(f"{plugin.name}/", include((mounted, plugin.name))))
    return found


# Filled once, when the URLs are made.
_PAGES: dict[str, list[Page]] = {}


def pages_of(plugin: str) -> list[Entry]:
    """List a plugin's pages that stand in the navigation."""
    entries = []
    for page in _PAGES.get(plugin, ()):
        if not page.navigation:
            continue
        try:
            entries.append(Entry(page.title, reverse(f"plugins:{plugin}:{page.name}")))
        except NoReverseMatch:
            continue  # its path has parameters: such a page is reached through links
    return entries


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Give templates the plugins' pages for the navigation bar (a Django context processor)."""
    entries = [entry for plugin in installed() for entry in pages_of(plugin.name)]
    return {
        "plugin_navigation": entries,
        "current_path": request.path,
        "time_zone": settings.TIME_ZONE,
        "picctv_version": _VERSION,
    }


def clip_cards(request: HttpRequest, clip: Any) -> list[Card]:
    """Render the panels of all plugins for a clip."""
    return _cards(request, "picctv_clip_panels", clip=clip)


def camera_cards(request: HttpRequest, camera: Any) -> list[Card]:
    """Render the panels of all plugins for a camera."""
    return _cards(request, "picctv_camera_panels", camera=camera)


def chart_cards(clip: Any, *, seconds: float) -> list[Card]:
    """Render the charts of all plugins for a clip: those of their web parts, and automatic ones of typed results.

    Args:
        clip: a `picctv_server.models.Clip`.
        seconds: its length, which the charts' axes span.
    """
    cards: list[Card] = []
    charted = set()
    for plugin in installed():
        for chart in _call(plugin, "picctv_charts", cards, clip=clip):
            charted.add(plugin.name)
            try:
                html = TimeChart(chart, plugin=plugin.name, seconds=seconds).as_html()
            except Exception as error:  # noqa: BLE001 - as the module says
                cards.append(_failure(plugin, "drawing a chart", error))
            else:
                cards.append(Card(plugin.name, chart.title, html))
    for found in auto_charts.of_clip(clip, without=charted):
        if found.chart is None:
            html = render_to_string("picctv/plugin_error.html", {"plugin": found})
            cards.append(Card(found.name, found.name, html, failed=True))
        else:
            html = TimeChart(found.chart, plugin=found.name, seconds=seconds).as_html()
            cards.append(Card(found.name, found.chart.title, html))
    return cards


def charts_data(clip: Any, *, seconds: float) -> list[dict[str, Any]]:
    """Give the charts of all plugins for a clip as plain data, as the API shows them."""
    found = []
    charted = set()
    for plugin in installed():
        for chart in _call(plugin, "picctv_charts", clip=clip):
            charted.add(plugin.name)
            try:
                data = TimeChart(chart, plugin=plugin.name, seconds=seconds).data()
                found.append({"plugin": plugin.name, "automatic": False, **data})
            except Exception as error:  # noqa: BLE001 - as the module says
                plugin.fail("making a chart's data", error)
    for made in auto_charts.of_clip(clip, without=charted):
        if made.chart is not None:
            data = TimeChart(made.chart, plugin=made.name, seconds=seconds).data()
            found.append({"plugin": made.name, "automatic": True, **data})
    return found


def notification_links(notification: Any) -> list[Link]:
    """Collect the links of all plugins for a notification."""
    return [
        link
        for plugin in installed()
        for link in _call(plugin, "picctv_notification_links", notification=notification)
    ]


def _call(
    plugin: WebPlugin, hook: str, failures: list[Card] | None = None, **arguments: Any
) -> Sequence[Any]:
    """Call one hook of one plugin.

    Args:
        plugin: whose hook it is.
        hook: the hook's name.
        failures: gets a card when the hook raises.
        arguments: the hook's.

    Returns:
        What the hook gave; nothing where it is not there, gave None or raised.
    """
    if plugin.hooks is None:
        return ()
    try:
        return list(getattr(plugin.hooks, hook)(**arguments) or ())
    except Exception as error:  # noqa: BLE001 - as the module says
        card = _failure(plugin, f"in {hook}", error)
        if failures is not None:
            failures.append(card)
        return ()


def _cards(request: HttpRequest, hook: str, **subject: Any) -> list[Card]:
    cards: list[Card] = []
    for plugin in installed():
        panels: Sequence[Panel] = _call(plugin, hook, cards, **subject)
        for panel in panels:
            try:
                html = render_to_string(panel.template, {**panel.context, **subject, "panel": panel}, request)
                cards.append(Card(plugin.name, panel.title, html))
            except Exception as error:  # noqa: BLE001 - as the module says
                cards.append(
                    _failure(plugin, f"rendering the panel {getattr(panel, 'name', panel)!r}", error)
                )
    return cards


def _failure(plugin: WebPlugin, doing: str, error: Exception) -> Card:
    plugin.fail(doing, error)
    html = render_to_string("picctv/plugin_error.html", {"plugin": plugin})
    return Card(plugin.name, plugin.name, html, failed=True)


def _guarded_view(plugin: WebPlugin, page: Page) -> Callable[..., Any]:
    """Wrap a plugin's view so that what it raises becomes an error page with the navigation still there."""

    def failed(request: HttpRequest, error: Exception) -> HttpResponse:
        plugin.fail(f"in its page {page.name!r}", error)
        return render(request, "picctv/plugin_failed.html", {"plugin": plugin, "page": page}, status=500)

    def rendered(response: Any) -> Any:
        # A TemplateResponse renders after its view has returned: here, so that its template is guarded too.
        return response.render() if hasattr(response, "render") and callable(response.render) else response

    if iscoroutinefunction(page.view):

        @functools.wraps(page.view)
        async def asynchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                return await sync_to_async(rendered)(await page.view(request, *args, **kwargs))
            except _ANSWERED:
                raise
            except Exception as error:  # noqa: BLE001 - as the module says
                return await sync_to_async(failed)(request, error)

        return asynchronous

    @functools.wraps(page.view)
    def synchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return rendered(page.view(request, *args, **kwargs))
        except _ANSWERED:
            raise
        except Exception as error:  # noqa: BLE001 - as the module says
            return failed(request, error)

    return synchronous
