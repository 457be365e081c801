"""Django's settings, made from the ``web.toml`` that the environment variable ``PICCTV_WEB_CONFIG`` names.

Nothing here is a person's to change: what can be set is in `picctv_web.config`.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.utils.functional import lazy

from picctv_web.config import CONFIG_VARIABLE, load_settings, secret_key
from picctv_web.plugin_apps import load_plugins


def _static(path: str) -> str:
    # django.templatetags.static reads these settings, so it can't be imported before they are whole.
    from django.templatetags.static import static

    return str(static(path))


_lazy_static = lazy(_static, str)

PICCTV = load_settings(Path(os.environ[CONFIG_VARIABLE]))

DEBUG = False
SECRET_KEY = secret_key(PICCTV.web.data)
ALLOWED_HOSTS = list(PICCTV.web.hosts())
ROOT_URLCONF = "picctv_web.urls"

INSTALLED_APPS: list[object] = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "bootstrap3",
    "picctv_web.apps.PicctvWebConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "picctv_web.middleware.ContentSecurityPolicyMiddleware",
    "picctv_web.middleware.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "picctv_web.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "picctv_web.middleware.DatabaseAwayMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "picctv_web.plugin_pages.navigation",
            ],
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": PICCTV.web.data / "accounts.sqlite3",
        # Readers never wait for a login that writes, and two writers queue instead of failing.
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

USE_TZ = True
TIME_ZONE = PICCTV.web.time_zone
USE_I18N = False

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "picctv_web.staticfiles.VersionedStaticStorage"},
}
# Straight from the installed packages: someone who used pip has no collectstatic to run.
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MAX_AGE = 3600

# Cookies that carry a login leave over https only where people say that they have it.
SESSION_COOKIE_NAME = "picctv_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PICCTV.web.https
CSRF_COOKIE_NAME = "picctv_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = PICCTV.web.https
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# The command line has set logging up; Django's own would mail administrators and colour a terminal.
LOGGING_CONFIG = None

_VENDOR = "picctv/vendor"
BOOTSTRAP3 = {
    # In a dict, because django-bootstrap3 refuses a bare lazy string.
    "css_url": {"url": _lazy_static(f"{_VENDOR}/bootstrap-3.4.1/bootstrap.min.css")},
    "javascript_url": {"url": _lazy_static(f"{_VENDOR}/bootstrap-3.4.1/bootstrap.js")},
    "jquery_url": {"url": _lazy_static(f"{_VENDOR}/jquery-3.7.1/jquery.min.js")},
    "include_jquery": True,
    "set_placeholder": False,
    "success_css_class": "",
}

# Last, when all else is set: a plugin's module may read settings while it is imported.
PICCTV_PLUGINS = load_plugins(
    taken={"auth", "contenttypes", "sessions", "messages", "staticfiles", "bootstrap3", "picctv_web"}
)
INSTALLED_APPS += [plugin.app for plugin in PICCTV_PLUGINS if plugin.app is not None]
