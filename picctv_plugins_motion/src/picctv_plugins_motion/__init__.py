"""Motion for picctv: finds what moves, charts it and shows it."""
