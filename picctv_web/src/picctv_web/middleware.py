"""What stands around every view: static files, login, the content security policy, and a database that is away."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib.auth import middleware as auth
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from pymongo.errors import PyMongoError
from whitenoise.middleware import WhiteNoiseMiddleware

from picctv_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

log = logging.getLogger(__name__)

# Scripts and styles come from our static files alone; code that sets styles through the DOM, as uPlot does, may.
POLICY = (
    "default-src 'self'; "
    "img-src 'self' data:; "
    "media-src 'self'; "
    "connect-src 'self'; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "frame-ancestors 'none'"
)


class ContentSecurityPolicyMiddleware(MiddlewareMixin):
    """Lets a page load from this site only, run no script of its own text, and stand in no frame."""

    def process_response(self, _request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the headers; pages, unlike static files, are not kept by caches."""
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise for an asynchronous server.

    Its own middleware would move every request through one more thread, and hand files out through an iterator that
    Django can only read as a whole under ASGI, with a warning. Static files are small: they are read at once.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Find the static files of every installed app."""
        super().__init__(get_response)
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer with a static file, or go on to the views."""
        if self._asynchronous:
            return self._answer(request)
        static_file = self.files.get(request.path_info)
        if static_file is not None:
            return self.serve(static_file, request)
        response: HttpResponseBase = self.get_response(request)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        static_file = self.files.get(request.path_info)
        if static_file is not None:
            return self.serve(static_file, request)
        response: HttpResponseBase = await self.get_response(request)
        return response

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Give one static file, or the part of it that was asked for."""
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file:
                content = found.file.read()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for key, value in found.headers:
            response[key] = value
        if content:
            # The file may have been replaced since the start, by an upgrade: the header then has another length.
            response["Content-Length"] = str(len(content))
        return response


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Sends people who are not logged in to the login page, and programs a 401 in JSON."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        """Answer someone who is not logged in."""
        if request.path_info.startswith("/api/"):
            return JsonResponse({"error": "log in first: POST username and password to /login/"}, status=401)
        return super().handle_no_permission(request, view_func)


class DatabaseAwayMiddleware(MiddlewareMixin):
    """Says in one page, and one line of the log, that MongoDB or the clip store can't be reached."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer 503 where the error is the store's."""
        if not isinstance(error, (PyMongoError, StoreError)):
            return None
        log.error("%s: the store does not answer: %s", request.path, _first_line(error))
        if request.path_info.startswith("/api/"):
            return JsonResponse({"error": "the store can't be reached"}, status=503)
        return render(request, "picctv/away.html", status=503)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
