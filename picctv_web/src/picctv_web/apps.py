"""The web interface as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class PicctvWebConfig(AppConfig):
    """Brings the templates, static files and template tags of picctv."""

    name = "picctv_web"
    verbose_name = "picctv"
