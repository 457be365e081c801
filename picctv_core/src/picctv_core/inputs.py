"""What of a camera an analyzer is given: all that it has hooks for, unless it takes less with its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from picctv_core.binding import bind, implements
from picctv_core.errors import PluginError, one_line
from picctv_core.hookspecs import node as hookspecs

if TYPE_CHECKING:
    from pydantic import BaseModel

ANALYZE: Final = "picctv_analyze_frame"
VECTORS: Final = "picctv_motion_vectors"
UNIT: Final = "picctv_access_unit"

RESULTS: Final = (ANALYZE, VECTORS)
"""The hooks whose return is a result."""

INPUTS: Final = {"frames": ANALYZE, "vectors": VECTORS, "video": UNIT}
"""What an analyzer can be given of a camera, and by which hook."""


def called_hooks(analyzer: Any, name: str, settings: BaseModel) -> frozenset[str]:
    """Give the hooks that an analyzer is to be called by: those that it implements, without inputs that it does not take.

    Args:
        analyzer: the class.
        name: the plugin's name.
        settings: what it is told on a camera.

    Raises:
        PluginError: its ``inputs`` raises, or gives what is none.
        HookError: a hook or an argument of one is misspelt.
    """
    hooks = bind(analyzer, name, hookspecs)
    implemented = {hook for hook in dir(hookspecs) if hook.startswith("picctv_") and implements(hooks, hook)}
    if (choose := getattr(analyzer, "inputs", None)) is None:
        return frozenset(implemented)
    try:
        wanted = set(choose(settings))
    except Exception as error:  # a plugin can raise anything
        raise PluginError(f"{analyzer.__name__}: its inputs raised {one_line(error)}") from error
    if unknown := wanted - INPUTS.keys():
        raise PluginError(
            f"{analyzer.__name__}: its inputs gave {', '.join(sorted(map(repr, unknown)))}; there are "
            f"{', '.join(map(repr, INPUTS))}"
        )
    return frozenset(implemented - {hook for key, hook in INPUTS.items() if key not in wanted})
