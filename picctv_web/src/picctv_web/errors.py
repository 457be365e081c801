"""The pages for what goes wrong, and the sign of life for supervisors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

if TYPE_CHECKING:
    from django.http import HttpRequest


@login_not_required
def health(_request: HttpRequest) -> HttpResponse:
    """Answer ``ok``: the process runs and serves. It asks no database."""
    return HttpResponse("ok\n", content_type="text/plain")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names it
    """Answer 404: a page, or JSON below ``/api/``."""
    if request.path_info.startswith("/api/"):
        return JsonResponse({"error": "there is nothing at this address"}, status=404)
    return render(request, "404.html", status=404)


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names it
    """Answer 400: a page that asks nothing of the request, whose host name may be the fault."""
    return render(None, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500: a page, or JSON below ``/api/``. The page asks for nothing that may have failed."""
    if request.path_info.startswith("/api/"):
        return JsonResponse({"error": "the web interface failed; its log has the error"}, status=500)
    return render(None, "500.html", status=500)
