"""New plugin for picctv."""

NAME = "new-plugin"
"""The plugin's name, as its entry points, its settings and its messages have it."""
