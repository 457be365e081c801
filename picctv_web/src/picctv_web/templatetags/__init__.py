"""Template tags of picctv."""
