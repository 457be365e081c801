"""The tutorial of the first plugin does what it says: its commands are run and its files are used, in the page's order."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from picctv_web.demo.client import Client
from tests.scaffold import look

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "tutorial" / "first-plugin.md"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Walk:
    """Somebody who does what the page says.

    Attributes:
        folder: where they work.
        environment: with picctv, activated.
        said: what each command wrote to standard output.
        triggers: how often the plugin was triggered, in each replay.
    """

    folder: Path
    environment: dict[str, str]
    said: dict[str, list[str]] = field(default_factory=dict)
    triggers: list[int] = field(default_factory=list)

    def step(self, language: str, text: str) -> None:
        """Do one block: run its commands, or write its file."""
        if language == "sh":
            for line in text.splitlines():
                self.command(line)
        else:
            name = text.splitlines()[0].removeprefix("# ")
            path = self.folder / ("" if language == "toml" else "picctv-brightness") / name
            # A file of the package is one that `picctv plugins new` has made: the page says that it is replaced.
            assert path.exists() == (language == "python"), path
            path.write_text(text, encoding="utf-8")

    def command(self, line: str) -> None:
        """Run one command as a shell does."""
        if line.startswith("picctv demo"):
            self.demo(line)
            return
        ran = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"
        self.said.setdefault(line, []).append(ran.stdout)
        if line.startswith("picctv replay"):
            lines = (self.folder / "results.ndjson").read_text(encoding="utf-8").splitlines()
            self.triggers.append(sum(json.loads(one)["result"]["triggered"] for one in lines))

    def demo(self, line: str) -> None:
        """Start the demo, look at what the page says is to be seen, and end it as the page says: with Ctrl-C."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line} --data demo"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            client, password = self.greeting(process)
            client.log_in(look.USER, password)
            look.eventually(lambda: look.page_with_events(client, "brightness"))
            look.eventually(lambda: see_start_page(client))
            look.eventually(lambda: look.check_listed(client, "brightness"))
            look.eventually(lambda: see_chart(client))
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=look.STOP_S)
        assert process.returncode == 0

    def greeting(self, process: subprocess.Popen[str]) -> tuple[Client, str]:
        """Read the address and the password that the demo prints."""
        address = ""
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.match(r" +address +(\S+)", line):
                address = found[1]
            if found := re.match(r" +password +(\S+)", line):
                return Client(address), found[1]
        pytest.fail("the demo did not start; its own words are above")


def see_start_page(client: Client) -> None:
    look.expect("The light went on at light" in client.get("/").decode(), "the start page does not say it")
    look.expect(
        'href="/plugins/brightness/">Brightness' in client.get("/").decode(), "it is not in the navigation"
    )


def see_chart(client: Client) -> None:
    clips = client.json("/api/clips", **{"with": "brightness"})["clips"]
    charts = client.json(f"/api/clips/{clips[0]['id']}")["charts"] if clips else []
    columns = [column for chart in charts if chart["plugin"] == "brightness" for column in chart["columns"]]
    look.expect("Brightness" in columns, f"{len(clips)} clips, charts of {columns}")


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    """An environment with picctv in it, which is what the page asks for."""
    environment = tmp_path / "environment"
    uv = (sys.executable, "-m", "uv", "--quiet")
    subprocess.run([*uv, "venv", "--seed", "--python", sys.executable, environment], check=True, timeout=60)
    constraints = ROOT / "constraints.txt"
    # Editable, for uv would take wheels of them from its cache that are older than the code.
    ours = [
        part for path in sorted(ROOT.glob("picctv_*/pyproject.toml")) for part in ("--editable", path.parent)
    ]
    install = ("pip", "install", "--python", environment, "--constraints", constraints)
    subprocess.run([*uv, *install, *ours], check=True, timeout=120)
    folder = tmp_path / "work"
    folder.mkdir()
    variables = {
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(environment),
        "PIP_CONSTRAINT": str(constraints),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return Walk(folder, {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | variables)


@pytest.mark.timeout(300)
def test_tutorial_does_what_it_says(walk: Walk) -> None:
    blocks = _BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert {language for language, _ in blocks} == {"sh", "python", "toml"}
    for language, text in blocks:
        walk.step(language, text)
    assert walk.triggers == [2, 1]
    assert (walk.folder / "seen.mp4").stat().st_size > 10_000
    before, after = walk.said["picctv plugins list"]
    assert re.search(r"^brightness +picctv-brightness +0\.1\.0 +\S+ +yes +- +yes$", before, re.MULTILINE), (
        before
    )
    assert "brightness" not in after
    for said in walk.said["pytest picctv-brightness"]:
        assert re.search(r"^=+ \d+ passed in ", said, re.MULTILINE), said
