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
from picctv_web import found_results, schemas, shown, times
from picctv_web.found_results import OF_BOOLEANS, OF_NUMBERS, FilterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.http import HttpRequest, HttpResponse

    from picctv_server.ranges import ResultFilter, Test
    from picctv_web.found_results import Choice

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
    """What the list is narrowed down to. In an address: ``?camera=&with=&from=&to=&result=&test=&value=``.

    Attributes:
        result: what is asked of the results; None where nothing is, or where it makes no sense.
    """

    def __init__(
        self,
        data: Any,
        *,
        cameras: Sequence[shown.ShownCamera],
        plugins: Sequence[str],
        results: Mapping[str, Choice],
    ) -> None:
        super().__init__(data)
        self.result: ResultFilter | None = None
        self._results = results
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
        if results:
            self._add_results()

    def _add_results(self) -> None:
        by_plugin: dict[str, list[tuple[str, str]]] = {}
        for key, choice in self._results.items():
            by_plugin.setdefault(choice.plugin, []).append((key, choice.label))
        self.fields["result"] = forms.ChoiceField(
            choices=[("", "Any results"), *by_plugin.items()], required=False, label="Result"
        )
        tests = [("", "at least, or ever true"), *(OF_NUMBERS | OF_BOOLEANS).items()]
        self.fields["test"] = forms.ChoiceField(choices=tests, required=False, label="Was")
        widget = forms.TextInput(attrs={"inputmode": "decimal", "maxlength": 40, "autocomplete": "off"})
        self.fields["value"] = forms.CharField(required=False, max_length=40, widget=widget, label="Value")

    def hints(self) -> dict[str, dict[str, str]]:
        """Give what the page's script needs to show only the fields that a result has use for."""
        return {key: {"type": own.field.type, "unit": own.field.unit} for key, own in self._results.items()}

    def tests(self) -> dict[str, dict[Test, str]]:
        """Give what can be asked of each type of result."""
        return {"number": OF_NUMBERS, "boolean": OF_BOOLEANS}

    def clean(self) -> dict[str, Any]:
        """Refuse a time that ends before it starts."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("from"), cleaned.get("to")
        if start and end and end < start:
            self.add_error("to", "This is before the start.")
        if not {"result", "test", "value"} & self.errors.keys():
            try:
                self.result = found_results.parse(cleaned, self._results)
            except FilterError as error:
                self.add_error(error.parameter, str(error))
        return cleaned

    def arguments(self) -> dict[str, Any]:
        """Give the arguments for `picctv_server.queries.clips`; fields with faults narrow nothing."""
        self.is_valid()
        given = {key: value for key, value in self.cleaned_data.items() if value}
        names = {"camera": "camera", "with": "triggered_by"}
        arguments = {names[key]: value for key, value in given.items() if key in names}
        moments = {f"{key}_ns": times.from_datetime(given[key]) for key in ("from", "to") if key in given}
        return arguments | moments | ({} if self.result is None else {"result": self.result})


def clips(request: HttpRequest) -> HttpResponse:
    """Show the clips, newest first, a page at a time."""
    cameras = shown.cameras()
    results = found_results.choices(schemas.typed_plugins().values())
    form = Filter(
        request.GET, cameras=cameras, plugins=triggers(request.GET.get("with", "")), results=results
    )
    arguments = form.arguments()
    page = Paginator(queries.clips(**arguments), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "clips": shown.clips(page.object_list, cameras, _note(form, results)),
        "filtered": bool(arguments) or bool(form.errors),
    }
    return render(request, "picctv/clips.html", context)


def _note(form: Filter, results: Mapping[str, Choice]) -> Callable[[Clip], str]:
    """Give what writes under a clip what its results were, where they were asked for."""
    choice = None if form.result is None else results[form.cleaned_data["result"]]
    return lambda clip: "" if choice is None else choice.shown_in(clip.ranges)


def triggers(wanted: str = "") -> list[str]:
    """List the plugins by which clips were triggered, and the one that is asked for, so that a link to it stays valid."""
    found = {str(name) for name in Clip.objects.distinct("triggered_by")} | {"motion"}
    return sorted(found | ({wanted} if wanted.isidentifier() else set()))
