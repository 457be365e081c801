"""The pages of messages that a plugin's server part failed with: what failed, where, and once more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from picctv_core import codec
from picctv_core.clock import SystemClock
from picctv_core.errors import CodecError
from picctv_server import aside
from picctv_web import times
from picctv_web.plain import plain

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from picctv_server.models import SetAside

PER_PAGE = 50

_MAX_SHOWN = 4000


@dataclass(frozen=True)
class Shown:
    """A message that is set aside, as the pages show it."""

    message: SetAside

    @property
    def url(self) -> str:
        """The address of its page."""
        return reverse("set-aside-message", args=(self.message.id,))

    @property
    def who(self) -> str:
        """Whose server part failed, as people read it."""
        return str(self.message.plugin or "picctv itself")

    @property
    def package(self) -> str:
        """The package and version that brought it."""
        return f"{self.message.distribution} {self.message.version}"

    @property
    def where(self) -> str:
        """The camera that it is of; the node where it is of none."""
        return str(self.message.camera or self.message.node)

    @property
    def set_aside_at_ns(self) -> int:
        """When it was set aside."""
        return times.from_datetime(self.message.set_aside_at)

    @property
    def failed_at_ns(self) -> int:
        """When it failed last."""
        return times.from_datetime(self.message.failed_at)

    @property
    def payload(self) -> str:
        """The beginning of its payload; empty where it is kept apart or can't be read."""
        if self.message.payload is None:
            return ""
        try:
            text = json.dumps(plain(codec.unpack(bytes(self.message.payload))), indent=2, ensure_ascii=False)
        except CodecError:
            return ""
        return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}\n…"


def listing(request: HttpRequest) -> HttpResponse:
    """Show what is set aside, newest first: ``?plugin=`` for one plugin's."""
    plugin = request.GET.get("plugin")
    counts = aside.counts()
    page = Paginator(aside.messages(plugin), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "found": [Shown(message) for message in page.object_list],
        "plugin": plugin,
        "counts": [
            (name, count, f"{reverse('set-aside')}?{urlencode({'plugin': name})}")
            for name, count in counts.items()
        ],
        "total": sum(counts.values()) if plugin is None else counts.get(plugin, 0),
    }
    return render(request, "picctv/set_aside.html", context)


def one(request: HttpRequest, message_id: str) -> HttpResponse:
    """Show one message, with the traceback."""
    found = aside.messages(ids=[message_id]).first()
    if found is None:
        msg = f"message {message_id} is not set aside"
        raise Http404(msg)
    return render(request, "picctv/set_aside_message.html", {"one": Shown(found)})


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Ask the servers to process again: the message ``id``, those of ``plugin``, or all."""
    if not getattr(request.user, "is_staff", False):
        raise PermissionDenied
    message_id, plugin = request.POST.get("id"), request.POST.get("plugin")
    count = aside.ask_again(SystemClock().now_ns(), plugin, None if message_id is None else [message_id])
    if count:
        what = "One message is" if count == 1 else f"{count} messages are"
        messages.success(request, f"{what} processed again within seconds. Those that fail again stay here.")
    else:
        messages.info(request, "Nothing is set aside any more.")
    return redirect(
        reverse("set-aside") + (f"?{urlencode({'plugin': plugin})}" if plugin is not None else "")
    )
