"""A user's browser, as far as the check needs one: cookies, the login form, JSON and files."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from picctv_web.demo.media import CheckFailed

_TIMEOUT_S = 15.0
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Client:
    """A session with the web interface."""

    def __init__(self, address: str) -> None:
        """Begin without a login.

        Args:
            address: of the web interface, ending in a slash.
        """
        self._address = address
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.ProxyHandler({}),  # it is this machine that is asked
        )

    def log_in(self, user: str, password: str) -> None:
        """Fill in the login form and send it.

        Raises:
            CheckFailed: there is no such form, or it was not accepted.
        """
        form = _CSRF.search(self.get("/login/").decode())
        if form is None:
            raise CheckFailed("the login page has no form")
        fields = {"csrfmiddlewaretoken": form[1], "username": user, "password": password}
        page = self._open("/login/", urllib.parse.urlencode(fields).encode())
        if _CSRF.search(page.decode()) and 'name="password"' in page.decode():
            raise CheckFailed("the login was not accepted")

    def get(self, path: str) -> bytes:
        """Give the body of a page.

        Raises:
            CheckFailed: it can't be had.
        """
        return self._open(path, None)

    def json(self, path: str, **query: str) -> Any:
        """Give the data of an API address.

        Raises:
            CheckFailed: it can't be had, or is no JSON.
        """
        text = self.get(f"{path}?{urllib.parse.urlencode(query)}" if query else path)
        try:
            return json.loads(text)
        except ValueError as error:
            raise CheckFailed(f"{path} gave no JSON: {text[:80]!r}") from error

    def _open(self, path: str, data: bytes | None) -> bytes:
        url = self._address.rstrip("/") + path
        request = urllib.request.Request(url, data, headers={"Referer": url})  # noqa: S310 - our own web interface
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                body: bytes = response.read()
                return body
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            raise CheckFailed(f"{path}: {error}") from error
