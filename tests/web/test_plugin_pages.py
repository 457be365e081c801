"""What plugins bring to the site, and that one that fails takes nothing but its own part away."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.web.running import picctv
from tests.web.test_pages import text

if TYPE_CHECKING:
    import httpx

    from tests.web.running import Site


def test_page_of_a_plugin_has_its_templates_and_our_frame(user: httpx.Client) -> None:
    answer = user.get("/plugins/lights/")
    assert answer.status_code == 200
    assert "Lights for ann" in text(answer.text)
    assert '<li class="active"><a href="/plugins/lights/">Lights</a></li>' in answer.text


def test_asynchronous_view_with_parameters_works_and_stays_out_of_the_navigation(user: httpx.Client) -> None:
    assert user.get("/plugins/lights/lamp/3/").text == "lamp 3"
    assert user.get("/plugins/lights/lamp/404/").status_code == 404
    assert ">Lamp</a>" not in user.get("/").text


def test_panels_get_their_context_and_their_subject(site: Site, user: httpx.Client) -> None:
    watch = user.get(f"/clips/{site.seeded.clip}/").text
    assert 'Lamp on at <a href="#" data-seek="2.5">2.5 s</a> in garage/door' in watch
    assert "Lights here Lamps of Front door" in text(user.get("/cameras/garage/door/").text)


def test_chart_reaches_the_page_as_data(site: Site, user: httpx.Client) -> None:
    page = user.get(f"/clips/{site.seeded.clip}/").text
    assert 'data-chart="chart-lights-score-data"' in page
    found = re.search(r'<script id="chart-lights-score-data" type="application/json">(.*?)</script>', page)
    assert found is not None
    chart = json.loads(found[1])
    assert chart["columns"] == ["seconds", "brightness"]
    assert (chart["unit"], chart["y_max"], chart["seconds"]) == ("lux", 1.0, 12.0)
    seconds, values = chart["data"]
    assert seconds[:3] == [0.0, 0.1, 0.2]
    assert len(seconds) == len(values) == 120
    assert values[0] == 0.04


def test_notification_has_the_links_of_plugins(user: httpx.Client) -> None:
    lines = re.findall(r'<span class="line-links">(.*?)</span>', user.get("/").text)
    assert ['<a href="/plugins/lights/">Lights</a>' in line for line in lines] == [True, True, True]


def test_broken_plugin_gets_a_card_and_the_page_is_as_ever(site: Site, user: httpx.Client) -> None:
    watch = user.get(f"/clips/{site.seeded.clip}/")
    shown = text(watch.text)
    assert watch.status_code == 200
    assert "could not convert string to float" in shown
    assert "TemplateDoesNotExist: broken/missing.html" in shown
    assert shown.count("The plugin broken could not show this.") == 2
    assert "Lamp on at 2.5 s" in shown
    camera = user.get("/cameras/garage/door/")
    assert "KeyError: 'no such thing'" in text(camera.text)
    assert "Lamps of Front door" in text(camera.text)


def test_page_that_raises_is_an_error_card_with_the_navigation(user: httpx.Client) -> None:
    answer = user.get("/plugins/broken/")
    assert answer.status_code == 500
    assert "ValueError: the page fell over" in text(answer.text)
    assert 'href="/clips/"' in answer.text


def test_plugins_page_tells_every_status(site: Site, user: httpx.Client) -> None:
    user.get(f"/clips/{site.seeded.clip}/")
    shown = text(user.get("/plugins/").text)
    assert "lights lights 1.0 Lights Web enabled" in shown
    assert re.search(r"broken broken 1.0 Broken page web: .*? Web failing", shown)
    assert re.search(
        r"unloadable unloadable 1.0 web: ImportError: a library is missing .*? Web load error", shown
    )
    assert re.search(
        r"misspelt misspelt 1.0 web: there is no hook 'picctv_clip_pannels'.*? Web unknown hook", shown
    )
    assert "noapp noapp 1.0 web: noapp:NoApp is no django.apps.AppConfig class; mend, update or" in shown
    assert re.search(r"motion picctv-plugins-motion \S+ .*?Node enabled Server enabled Web enabled", shown)


def test_repeated_error_is_logged_once(site: Site, user: httpx.Client) -> None:
    for _ in range(5):
        user.get("/cameras/garage/door/")
    assert site.log.read_text().count("in picctv_camera_panels: KeyError: 'no such thing'\n") == 1


def test_strict_plugins_refuses_to_start_and_names_each(site: Site) -> None:
    plugins = site.config.parent / "plugins"
    done = picctv("web", "run", "--config", site.config, "--strict-plugins", PYTHONPATH=str(plugins))
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("picctv: error: ")]
    assert [line.split()[3] for line in lines] == ["broken", "misspelt", "noapp", "unloadable"]
