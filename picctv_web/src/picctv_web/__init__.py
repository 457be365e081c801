"""The web interface of picctv."""
