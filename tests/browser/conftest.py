"""One Chromium for the session; each walk has a running Lastmeter of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from tests.browser.walking import PATIENCE, Site, site

from lastmeter import clock

CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
DEMO_OPENS = clock.at(dt.date(2026, 3, 2))
# How long a page may take on a busy machine; what comes at once costs nothing of it.
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def town(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Lastmeter with the rehearsal world on 2 March 2026, in Chinese."""
    with site(chromium, tmp_path_factory.mktemp("town"), DEMO_OPENS) as made:
        yield made
