"""Live view for picctv: a camera's video over plain TCP."""
