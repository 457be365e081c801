"""One web process for all tests of the web: with real clips, a plugin that is in order, and plugins that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web import plugin_folder
from tests.web.running import free_port, make_user, running, seed, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.web.running import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running web interface, in the time zone of Berlin."""
    folder = tmp_path_factory.mktemp("web")
    plugins = folder / "plugins"
    plugin_folder.write_lights(plugins)
    plugin_folder.write_broken(plugins)
    port = free_port()
    config = write_config(folder, port, 'time_zone = "Europe/Berlin"')
    make_user(config)
    seeded = seed(config)
    with running(config, port, seeded, plugins=plugins) as found:
        yield found


@pytest.fixture(scope="session")
def user(site: Site) -> Iterator[httpx.Client]:
    """A session of somebody who is logged in, and stays so: hashing a password takes its time, on purpose."""
    with site.user() as client:
        yield client


@pytest.fixture
def visitor(site: Site) -> Iterator[httpx.Client]:
    """A session of somebody who is not."""
    with site.visitor() as client:
        yield client
