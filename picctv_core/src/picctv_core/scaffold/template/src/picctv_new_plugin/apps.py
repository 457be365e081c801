"""The web part: a Django app whose methods are its hooks."""

from __future__ import annotations

#[panel|chart]
from typing import TYPE_CHECKING

#[/panel|chart]
from django.apps import AppConfig
from picctv_core.hookspecs import hookimpl, web
#[panel|chart]

if TYPE_CHECKING:
    from picctv_server.models import Clip
#[/panel|chart]

# What needs models is imported in the hooks: while Django makes its apps, none of them may be used yet.


class NewPluginConfig(AppConfig):
    """New plugin in the web. Its templates are found in the folder beside this file, and so are its static files."""

    name = "picctv_new_plugin"
    verbose_name = "New plugin"
    #[page]

    @hookimpl
    def picctv_pages(self) -> list[web.Page]:
        """Declare the plugin's page, ``/plugins/new-plugin/``; it stands in the navigation."""
        from picctv_new_plugin.views import latest

        return [web.Page("latest", "New plugin", latest)]
    #[/page]
    #[panel]

    @hookimpl
    def picctv_clip_panels(self, clip: Clip) -> list[web.Panel]:
        """Declare a card on the page of each clip."""
        from picctv_new_plugin.panels import clip_panel

        return [clip_panel(clip)]
    #[/panel]
    #[chart]

    @hookimpl
    def picctv_charts(self, clip: Clip) -> list[web.Chart]:
        """Declare a chart under the video of each clip that the plugin has looked at."""
        from picctv_new_plugin.charts import clip_chart

        return clip_chart(clip)
    #[/chart]
