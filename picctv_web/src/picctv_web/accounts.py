"""Logging in and out, and changing one's password."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from picctv_web.throttle import Throttle

if TYPE_CHECKING:
    from django.http import HttpResponse


throttle = Throttle()


class LoginForm(AuthenticationForm):
    """The login form, slowed down for those who guess."""

    def clean(self) -> dict[str, Any]:
        """Check name and password."""
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        key = (str(self.cleaned_data.get("username", "")).lower(), address)
        if wait := throttle.wait(key):
            raise ValidationError(
                f"Too many failed logins. Try again in {math.ceil(wait / 60)} min.", code="throttled"
            )
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            throttle.failed(key)
            raise
        throttle.passed(key)
        return cleaned


class Login(views.LoginView):
    """The login page."""

    template_name = "picctv/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True


class Password(views.PasswordChangeView):
    """The page on which people change their password."""

    template_name = "picctv/password.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        """Say that it has worked."""
        messages.success(self.request, "Your password is changed.")
        response: HttpResponse = super().form_valid(form)
        return response
