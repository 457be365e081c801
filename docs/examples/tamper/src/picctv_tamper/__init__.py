"""Tamper for picctv: whether a camera was covered, defocused or moved."""
