"""``picctv``, with one thing more: on SIGUSR1 it writes which of its threads is which into a file.

The names of Python's threads are not known to Linux, which counts what each of them takes.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from picctv_core import cli


def main() -> int:
    """Take the file as the first argument, and what `picctv` takes after it."""
    path = Path(sys.argv.pop(1))

    def tell(*_: object) -> None:
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(names), encoding="utf-8")
        unfinished.replace(path)

    signal.signal(signal.SIGUSR1, tell)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
