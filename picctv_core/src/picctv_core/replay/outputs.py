"""The files that a replay writes: whole under their name, or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from picctv_core.errors import PicctvError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO


class Target:
    """One file to be written: under a temporary name beside its own, until `commit`.

    Args:
        option: what people gave it with, such as ``--out``.
        path: where it is to be. A device or a pipe is written to as it is.

    Attributes:
        part: where to write.

    Raises:
        PicctvError: nothing can be written there.
    """

    def __init__(self, option: str, path: Path) -> None:
        self.name = f"{option} {path}"
        # Through a symbolic link, as any program writes: the link stays.
        self._path = path.resolve()
        self._is_special = self._path.exists() and not self._path.is_file()
        if self._path.is_dir():
            raise PicctvError(f"{self.name} is a folder; name a file")
        if not self._path.parent.is_dir():
            raise PicctvError(
                f"{self.name} can't be written: there is no folder {self._path.parent}; make it first"
            )
        if self._path.is_file() and not os.access(self._path, os.W_OK):
            raise PicctvError(f"{self.name} can't be written: permission denied; name another file")
        self.part = self._path
        if not self._is_special:
            with self.explained():
                # The name may be as long as a name can be, so little of it is taken.
                handle, part = tempfile.mkstemp(".part", f".{self._path.name[:40]}.", self._path.parent)
            os.close(handle)
            self.part = Path(part)

    @property
    def is_special(self) -> bool:
        """Say whether it is a device or a pipe."""
        return self._is_special

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what goes wrong in writing into one line for people."""
        try:
            yield
        except OSError as error:
            raise PicctvError(f"{self.name} can't be written: {_reason(error)}") from error

    def commit(self) -> None:
        """Give the file its name; what was there under it is replaced."""
        if not self._is_special:
            with self.explained():
                self.part.replace(self._path)

    def discard(self) -> None:
        """Leave nothing behind; after `commit`, that does nothing."""
        if not self._is_special:
            self.part.unlink(missing_ok=True)


class Lines:
    """Lines of text into a target, or to standard output."""

    def __init__(self, target: Target | None) -> None:
        """Begin; None is standard output."""
        self._target = target
        self._file: TextIO = sys.stdout
        if target is not None:
            with target.explained():
                self._file = target.part.open("w", encoding="utf-8", newline="\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file whatever is still to be written; `finish` comes first where all went well."""
        if self._target is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    def write(self, line: str) -> None:
        """Write a line that ends with its line break.

        Raises:
            PicctvError: it can't be written, for example because the disk is full.
        """
        with self._explained():
            self._file.write(line)

    def finish(self) -> None:
        """See to it that all of it is written; raises as `write` does."""
        with self._explained():
            self._file.flush()
            if self._target is not None:
                self._file.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        if self._target is not None:
            with self._target.explained():
                yield
            return
        try:
            yield
        except BrokenPipeError:
            raise  # whoever read has left: the command line knows what to do
        except OSError as error:
            # What could not be written would be tried once more, and fail once more, when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise PicctvError(f"standard output can't be written: {_reason(error)}") from error


@contextlib.contextmanager
def targets(
    wanted: Mapping[str, Path | None], inputs: Mapping[str, Path | None]
) -> Iterator[dict[str, Target]]:
    """Make the targets; they get their names when the block ends well, all of them, and else leave nothing behind.

    Args:
        wanted: the path of each option; None where it is not given.
        inputs: what is read, in words, and its path; none of it may be written to.

    Raises:
        PicctvError: one can't be written, or would overwrite what is read or another one.
    """
    taken = {what: path for what, path in inputs.items() if path is not None}
    for option, path in wanted.items():
        if path is None:
            continue
        for what, other in taken.items():
            if _is_same(path, other):
                raise PicctvError(f"{option} {path} is {what} itself; name another file")
        taken[f"the file of {option}"] = path
    with contextlib.ExitStack() as stack:
        made = {}
        for option, path in wanted.items():
            if path is not None:
                made[option] = Target(option, path)
                stack.callback(made[option].discard)
        yield made
        for target in made.values():
            target.commit()


def _is_same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        # A device takes what everybody writes.
        return one.samefile(other) and (one.is_file() or one.is_dir())
    return one.resolve() == other.resolve()


def _reason(error: OSError) -> str:
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
