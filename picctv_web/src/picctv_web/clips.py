"""The list of clips, with its filters."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.paginator import Paginator
from django.core.validators import MaxValueValidator, MinValueValidator
from django.shortcuts import render

from picctv_server import queries
from picctv_server.models import Clip
from picctv_web import shown, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

PER_PAGE = 24

_FIRST = dt.datetime(1970, 1, 3, tzinfo=dt.UTC)
_LAST = dt.datetime(2261, 1, 1, tzinfo=dt.UTC)


class Moment(forms.DateTimeField):
    """A date and time in the site's time zone, entered with the browser's own widget."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S")
        formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
        # Nanoseconds since 1970 end in 2262 in the store.
        bounds = [
            MinValueValidator(_FIRST, "This is too early."),
            MaxValueValidator(_LAST, "This is too late."),
        ]
        super().__init__(widget=widget, input_formats=formats, required=False, validators=bounds, **options)


class Filter(forms.Form):
    """What the list is narrowed down to. In an address: ``?camera=&with=&from=&to=``."""

    def __init__(self, data: Any, *, cameras: Sequence[shown.ShownCamera], plugins: Sequence[str]) -> None:
        super().__init__(data)
        self.fields["camera"] = forms.ChoiceField(
            choices=[("", "All cameras"), *((camera.id, camera.title) for camera in cameras)], required=False
        )
        self.fields["with"] = forms.ChoiceField(
            choices=[("", "Everything"), *((name, f"With {name}") for name in plugins)],
            required=False,
            label="What",
        )
        self.fields["from"] = Moment(label="From")
        self.fields["to"] = Moment(label="Until")

    def clean(self) -> dict[str, Any]:
        """Refuse a time that ends before it starts."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("from"), cleaned.get("to")
        if start and end and end < start:
            self.add_error("to", "This is before the start.")
        return cleaned

    def arguments(self) -> dict[str, Any]:
        """Give the arguments for `picctv_server.queries.clips`; fields with faults narrow nothing."""
        self.is_valid()
        given = {key: value for key, value in self.cleaned_data.items() if value}
        names = {"camera": "camera", "with": "triggered_by"}
        arguments = {names[key]: value for key, value in given.items() if key in names}
        moments = {f"{key}_ns": times.from_datetime(given[key]) for key in ("from", "to") if key in given}
        return arguments | moments


def clips(request: HttpRequest) -> HttpResponse:
    """Show the clips, newest first, a page at a time."""
    cameras = shown.cameras()
    form = Filter(request.GET, cameras=cameras, plugins=triggers(request.GET.get("with", "")))
    arguments = form.arguments()
    page = Paginator(queries.clips(**arguments), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "clips": shown.clips(page.object_list, cameras),
        "filtered": bool(arguments),
    }
    return render(request, "picctv/clips.html", context)


def triggers(wanted: str = "") -> list[str]:
    """List the plugins by which clips were triggered, and the one that is asked for, so that a link to it stays valid."""
    found = {str(name) for name in Clip.objects.distinct("triggered_by")} | {"motion"}
    return sorted(found | ({wanted} if wanted.isidentifier() else set()))
