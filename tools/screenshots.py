"""Take the pictures of the pages that the documentation shows, from the running local cloud.

Run: make screenshots
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
MOST_BYTES = 60_000
_SIZE: ViewportSize = {"width": 720, "height": 600}
OPEN = {"home": "", "sign-in": "sign-in", "sign-in-of-a-tenant": "t/acme/sign-in", "local-cloud": "_local"}
"""The pages that everybody sees: the picture's name and the path."""
SIGNED_IN = {"account": "account", "sessions": "account/sessions", "members": "admin/t/acme/members"}
"""Those of who is signed in, here the administrator of a tenant."""


def main() -> None:
    """Take the pictures.

    Raises:
        SystemExit: there is no Chromium, no such page, or a picture is too large.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8080", help="of the local cloud (%(default)s)")
    url = parser.parse_args().url
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("chromium is not there")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True)
        page = browser.new_context(viewport=_SIZE, color_scheme="light", locale="en").new_page()
        for name, path in OPEN.items():
            _take(page, f"{url}/{path}", name)
        _sign_in(page, url)
        for name, path in SIGNED_IN.items():
            _take(page, f"{url}/{path}", name)
        browser.close()


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/t/acme/sign-in")
    page.fill("#name", "acme-admin")
    page.fill("#password", "admin123")
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()


def _take(page: Page, url: str, name: str) -> None:
    answer = page.goto(url)
    if answer is None or not answer.ok:
        raise SystemExit(f"{url} is no page")
    picture = page.screenshot()
    if len(picture) > MOST_BYTES:
        raise SystemExit(f"{name} has {len(picture)} bytes")
    (FOLDER / f"{name}.png").write_bytes(picture)


if __name__ == "__main__":
    main()
