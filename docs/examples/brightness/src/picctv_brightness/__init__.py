"""Brightness for picctv: how bright a camera's picture is, and when the light changes."""
