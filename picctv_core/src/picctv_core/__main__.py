"""``python -m picctv_core`` is ``picctv``."""

import sys

from picctv_core.cli import main

sys.exit(main())
