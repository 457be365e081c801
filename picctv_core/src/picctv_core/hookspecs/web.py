"""The hooks of a plugin's web part, and the declarations they return.

The entry point (group ``picctv.web``) is a Django ``AppConfig`` class; its methods are the hookimpls. Its templates
and static files are found as for any Django app: ``templates/<plugin>/`` and ``static/<plugin>/``.

A plugin declares what it has as frozen dataclasses, and picctv mounts it: pages under ``/plugins/<name>/``, behind
login, in the navigation; panels and charts on the pages of clips and cameras. When a hook, a page or a panel's template
raises, people see an error card in its place, and the rest of the page as ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from picctv_core.hookspecs import hookspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a plugin's own.

    Attributes:
        name: short, for its URL name: ``plugins:<plugin>:<name>``.
        title: what people read in the navigation.
        view: a Django view.
        path: a Django path pattern below ``/plugins/<plugin>/``; empty for the plugin's first page.
        navigation: whether it stands in the navigation bar.
    """

    name: str
    title: str
    view: Callable[..., Any]
    path: str = ""
    navigation: bool = True


@dataclass(frozen=True, slots=True)
class Panel:
    """A piece of a clip's or a camera's page.

    Attributes:
        name: short, unique in its plugin.
        title: its heading.
        template: a Django template, ``<plugin>/<file>.html``.
        context: what the template gets, beside ``clip`` or ``camera``.
    """

    name: str
    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart under a clip's video, on the video's own time axis.

    Attributes:
        name: short, unique in its plugin.
        title: its heading.
        columns: names of the columns; the first is always ``"seconds"``.
        rows: one tuple for each point: seconds into the clip, then a number or None for each further column.
        unit: unit of the values, shown at the axis.
        y_max: top of the axis; None to fit the values.
        y_min: its bottom; None for 0, or lower where a value is.
        steps: whether the values are 0 and 1, no and yes: then each column is drawn in a lane of its own.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[float | None]]
    unit: str = ""
    y_max: float | None = None
    y_min: float | None = None
    steps: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link beside a notification: its text, and where it goes."""

    title: str
    url: str


@hookspec(firstresult=True)
def picctv_pages() -> Sequence[Page] | None:
    """Declare the plugin's pages. Called once, when the web starts.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> from picctv_core.hookspecs.web import Page
        >>> class PeoplePlugin:
        ...     @hookimpl
        ...     def picctv_pages(self):
        ...         def show(request): ...
        ...         return [Page("people", "People", show)]
    """


@hookspec(firstresult=True)
def picctv_clip_panels(clip: Any) -> Sequence[Panel] | None:
    """Declare panels for the page of a clip, a `picctv_server.models.Clip`. Called each time the page is shown.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> from picctv_core.hookspecs.web import Panel
        >>> class PeoplePlugin:
        ...     @hookimpl
        ...     def picctv_clip_panels(self, clip):
        ...         return [Panel("people", "People", "people/panel.html", {"count": 3})]
    """


@hookspec(firstresult=True)
def picctv_camera_panels(camera: Any) -> Sequence[Panel] | None:
    """Declare panels for the page of a camera, a `picctv_server.models.Camera`. Called each time it is shown.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> from picctv_core.hookspecs.web import Panel
        >>> class PeoplePlugin:
        ...     @hookimpl
        ...     def picctv_camera_panels(self, camera):
        ...         return [Panel("today", "People today", "people/today.html")]
    """


@hookspec(firstresult=True)
def picctv_charts(clip: Any) -> Sequence[Chart] | None:
    """Declare charts under the video of a clip, a `picctv_server.models.Clip`. Called each time it is shown.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> from picctv_core.hookspecs.web import Chart
        >>> class PeoplePlugin:
        ...     @hookimpl
        ...     def picctv_charts(self, clip):
        ...         return [Chart("people", "People", ("seconds", "people"), [(0.0, 1), (0.5, 2)])]
    """


@hookspec(firstresult=True)
def picctv_notification_links(notification: Any) -> Sequence[Link] | None:
    """Declare links beside a notification, a `picctv_server.models.Notification`. Called each time it is shown.

    Example:
        >>> from picctv_core.hookspecs import hookimpl
        >>> from picctv_core.hookspecs.web import Link
        >>> class PeoplePlugin:
        ...     @hookimpl
        ...     def picctv_notification_links(self, notification):
        ...         return [Link("All people", "/plugins/people/")]
    """
