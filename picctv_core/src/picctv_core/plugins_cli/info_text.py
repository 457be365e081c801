"""What `picctv_core.plugins_cli.info` gathers, laid out for people."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WIDTH = 100


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Lay out all of it."""
    yield found["name"]
    yield from _packages(found["packages"])
    yield from _parts(found["parts"])
    for part, settings in found["settings"].items():
        yield from _settings(part, settings)
    yield from _result(found)
    if found["on_node"] is not None:
        yield from _on_node(found["on_node"])


def _packages(packages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for package in packages:
        wants = f"picctv-core {package['core']}" if package["core"] else "any picctv-core"
        yield f"  package    {package['name']} {package['version']}"
        if package["summary"]:
            yield f"  summary    {package['summary']}"
        if package["home_page"]:
            yield f"  home page  {package['home_page']}"
        yield f"  needs      {wants}; installed is {package['core_installed']}"


def _parts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "\nparts"
    for part in parts:
        yield f"  {part['part']:<7} {part['status']:<8}  {part['where']}"
        if part["detail"]:
            yield from _wrapped(part["detail"], " " * 10)
        if part["hooks"]:
            yield from _wrapped(", ".join(part["hooks"]), " " * 10)


def _settings(part: str, settings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"\nsettings of the {part} part"
    width = max(len(setting["key"]) for setting in settings)
    for setting in settings:
        kind = ", ".join(filter(None, (setting["type"], setting["bounds"], f"default {setting['default']}")))
        kind = kind.replace("default must be given", "must be given").replace("`", "")
        yield f"  {setting['key']:<{width}}  {kind}"
        yield from _wrapped(setting["description"].replace("`", ""), " " * (width + 4))


def _result(found: Mapping[str, Any]) -> Iterator[str]:
    if found["isolation"] is None:
        return
    yield f"\nruns in     a {found['isolation']}, unless node.toml says otherwise"
    result = found["result"]
    if result is None:
        yield "results     of no declared form"
    else:
        yield f"results     {result['model']}, version {result['version']}"
        for field in result["fields"]:
            bounds = [
                f"{word} {field[key]:g}"
                for key, word in (("minimum", "from"), ("maximum", "to"))
                if field[key] is not None
            ]
            kind = " ".join(
                filter(None, (field["type"], f"in {field['unit']}" if field["unit"] else "", *bounds))
            )
            yield f"  {field['name']}  {kind}" + (f": {field['description']}" if field["description"] else "")
    if found["graph"]:
        yield "results go"
        yield from (f"  {line}" for line in found["graph"])


def _on_node(node: Mapping[str, Any]) -> Iterator[str]:
    runs = "which runs" if node["runs"] else "which does not run; this is what it would do"
    yield f"\non node {node['node']} ({node['config']}), {runs}"
    if not node["cameras"]:
        yield "  on no camera"
    for camera, plugin in node["cameras"].items():
        isolation = plugin.get("isolation")
        yield f"  {camera}  {plugin.get('status', 'unknown')}" + (f", in a {isolation}" if isolation else "")
        if plugin.get("detail"):
            yield from _wrapped(plugin["detail"], " " * 4)
        yield from (f"    {line}" for line in _figures(plugin))


def _figures(plugin: Mapping[str, Any]) -> Iterator[str]:
    """Lay out what a running node tells; of what an older or newer one does not tell, nothing is said."""
    timing = plugin.get("timing") or {}
    width = max((len(hook) for hook in timing), default=0)
    for hook, figures in timing.items():
        measured = [
            f"{word} {figures[key]:.3g} ms"
            for key, word in (("ms_p50", "p50"), ("ms_p95", "p95"), ("ms_max", "max"))
            if isinstance(figures.get(key), (int, float))
        ]
        yield f"{hook:<{width}}  " + ", ".join([f"{figures.get('calls', 0)} calls", *measured])
    counts = plugin.get("counts") or {}
    told = [
        f"{word} {counts[key]:,}"
        for key, word in (
            ("frames", "frames seen"),
            ("frames_dropped", "frames dropped"),
            ("vectors", "motion vectors seen"),
            ("vectors_dropped", "motion vectors dropped"),
            ("results_dropped", "results dropped"),
            ("queued_bytes", "bytes waiting"),
            ("failures", "failures"),
        )
        if isinstance(counts.get(key), int)
    ]
    if isinstance(restarts := plugin.get("restarts"), int):
        told.append(f"restarts {restarts}")
    if isinstance(memory := plugin.get("memory_bytes"), int):
        told.append(f"memory {memory / 1e6:.0f} MB")
    if told and (timing or counts):
        yield ", ".join(told)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
