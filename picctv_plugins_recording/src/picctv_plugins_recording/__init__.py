"""Recording for picctv: continuous and triggered clips with pre-roll."""
