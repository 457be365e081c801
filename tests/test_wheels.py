"""What a node needs, as a Raspberry Pi's pip finds it: wheels for 64-bit ARM, with the Python of each Raspberry Pi OS."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.test_packaging import ROOT, project

NODE = ("picctv_core", "picctv_plugins_motion", "picctv_plugins_recording", "picctv_plugins_live")
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}


def resolve(python: str, requirements: list[str]) -> subprocess.CompletedProcess[str]:
    """Let uv choose versions that have wheels for 64-bit ARM; nothing is built, and nothing but metadata downloaded."""
    made = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "uv",
                "pip",
                "compile",
                "--no-header",
                "--no-annotate",
                "--no-emit-index-url",
            ),
            *("--python-version", python, "--python-platform", "aarch64-unknown-linux-gnu"),
            *("--only-binary", ":all:", "--constraints", str(ROOT / "constraints.txt"), "-"),
        ],
        input="\n".join(requirements),
        capture_output=True,
        text=True,
        timeout=100,
    )
    if "Failed to fetch" in made.stderr and os.environ.get("CI") != "true":
        pytest.skip("no package index can be reached")
    return made


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_node_part_has_wheels_for_64_bit_arm(python: str) -> None:
    wanted = [
        requirement
        for folder in NODE
        for requirement in project(folder)["dependencies"]
        if not requirement.startswith("picctv-")
    ]
    made = resolve(python, wanted)
    assert made.returncode == 0, made.stderr
    chosen = {line.partition("==")[0] for line in made.stdout.splitlines()}
    assert {"av", "numpy", "opencv-python-headless", "pydantic-core", "msgpack"} <= chosen


def test_package_without_a_wheel_is_noticed() -> None:
    made = resolve(PYTHONS["trixie"], ["picamera==1.13"])
    assert made.returncode == 1
    assert "picamera==1.13 has no usable wheels" in made.stderr
