"""Users, made from the command line."""

from __future__ import annotations

import getpass
import sys

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from picctv_core.errors import PicctvError


def create_user(name: str, password: str, *, staff: bool = False) -> bool:
    """Make a user, or give the user of this name the password; that ends all sessions of the old one.

    Args:
        name: to log in with.
        password: the password.
        staff: whether the user may do what changes something. Who may already stays so.

    Returns:
        Whether the user is new.

    Raises:
        PicctvError: the name or the password won't do.
    """
    found = User.objects.filter(username=name).first()
    user = found or User(username=name)
    try:
        if found is None:
            user.clean_fields(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        raise PicctvError(f"the user {name!r} can't be made: {' '.join(error.messages)}") from error
    user.is_staff = user.is_staff or staff
    user.set_password(password)
    user.save()
    return found is None


def read_password(*, stdin: bool) -> str:
    """Ask for a password, or read it from the first line of the input.

    Raises:
        PicctvError: there is none, or the two tries differ.
    """
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise PicctvError("there is no terminal to ask for the password; give it with --password-stdin")
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise PicctvError("the two passwords differ; nothing was changed")
    if not password:
        raise PicctvError("the password is empty; nothing was changed")
    return password
