"""The pages of administrators, in Chromium."""

from __future__ import annotations

import pytest

from tests.support.chromium import Tabs
from tests.support.cloud import Cloud
from tests.support.page_checks import by_keyboard, everybody


@pytest.mark.parametrize(("username", "least_pages"), [("acme-admin", 5), ("admin", 2)])
def test_each_page_of_an_administrator_serves_everybody(
    tabs: Tabs, cloud: Cloud, username: str, least_pages: int
) -> None:
    page = tabs.open(scripts=username == "admin", dark=username != "admin")
    page.goto(f"{cloud.url}/sign-in")
    page.fill("#name", username)
    page.fill("#password", "admin123")
    with page.expect_navigation():
        page.get_by_role("button").first.press("Enter")
    page.goto(f"{cloud.url}/admin")
    links = page.locator("nav a, th a").evaluate_all("found => found.map(one => one.href)")
    pages = sorted({link for link in links if "/admin" in link})
    assert len(pages) >= least_pages, links
    for address in pages[:6]:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        everybody(page)
        assert by_keyboard(page), address
