"""The addresses of the web interface."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import include, path

from picctv_web import (
    accounts,
    api,
    cameras,
    changes,
    clips,
    days,
    errors,
    home,
    media,
    plugin_pages,
    plugins,
    set_aside,
    watch,
)

handler400 = "picctv_web.errors.bad_request"
handler404 = "picctv_web.errors.not_found"
handler500 = "picctv_web.errors.server_error"

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", accounts.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", accounts.Password.as_view(), name="password"),
    path("cameras/", cameras.cameras, name="cameras"),
    path("cameras/<str:node>/<str:camera>/", cameras.camera, name="camera"),
    path("cameras/<str:node>/<str:camera>/results/", days.day, name="camera-day"),
    path("cameras/<str:node>/<str:camera>/picture.jpg", media.camera_picture, name="camera-picture"),
    path("clips/", clips.clips, name="clips"),
    path("clips/<str:clip_id>/", watch.watch, name="clip"),
    path("clips/<str:clip_id>/keep/", watch.keep, name="clip-keep"),
    path("clips/<str:clip_id>/video.mp4", media.video, name="clip-video"),
    path("clips/<str:clip_id>/thumbnail.jpg", media.thumbnail, name="clip-thumbnail"),
    path("events/<str:event_id>/picture", media.event_picture, name="event-picture"),
    path("plugins/", plugins.plugins, name="plugins"),
    path("plugins/", include((plugin_pages.patterns(), "plugins"))),
    path("set-aside/", set_aside.listing, name="set-aside"),
    path("set-aside-again/", set_aside.again, name="set-aside-again"),
    path("set-aside/<str:message_id>/", set_aside.one, name="set-aside-message"),
    path("api/cameras", api.cameras),
    path("api/clips", api.clips),
    path("api/clips/<str:clip_id>", api.clip),
    path("api/clips/<str:clip_id>/keep", api.keep),
    path("api/clips/<str:clip_id>/results/<str:plugin>", api.results),
    path("api/schemas", api.result_schemas),
    path("changes", changes.stream),
    path("healthz", errors.health, name="health"),
]
