"""What holds on every page: for those who see little, use no mouse, or have a small screen (WCAG 2.2, level AA)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.support.chromium import checking
from tests.support.cloud import ROOT
from tests.support.npm import node_with

NARROW_PX = 320
"""What is left of 1280 pixels at a zoom of 400 % (WCAG 2.2, 1.4.10)."""
SCRIPTS = Path(__file__).with_name("page_scripts")
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Preloading fetches style sheets anew, which the policy of a page forbids.
_OPTIONS = {"runOnly": _TAGS, "rules": {"target-size": {"enabled": True}}, "preload": False}


@cache
def _axe() -> str:
    """Return axe-core. Its licence is not ours, so npm fetches it; the lock file pins what it is."""
    folder = ROOT / "tests" / "e2e" / "browser"
    node_with(folder)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@cache
def script(name: str) -> str:
    """Return one of the scripts that run in pages, by its name."""
    return (SCRIPTS / f"{name}.js").read_text("utf-8")


def accessible(page: Page) -> None:
    """Make sure that axe-core finds nothing wrong with a page, as it is now."""
    with checking(page):
        if not page.evaluate("'axe' in window"):
            page.evaluate(_axe())
        found: dict[str, Any] = page.evaluate("options => axe.run(options)", _OPTIONS)
    wrong = [
        f"{finding['id']}: {finding['help']}: {[node['html'] for node in finding['nodes']]}"
        for finding in found["violations"]
    ]
    assert not wrong, f"{page.url}: {wrong}"
    assert found["passes"], f"{page.url}: axe-core looked at nothing"


def everybody(page: Page) -> None:
    """Make sure that a page is for everybody."""
    accessible(page)
    fits(page)


def fits(page: Page, width_px: int = NARROW_PX) -> None:
    """Make sure that a page of some width needs no scrolling sideways and cuts off nothing.

    The same holds with more space between lines, words and letters (WCAG 2.2, 1.4.12).
    """
    before = page.viewport_size
    page.set_viewport_size({"width": width_px, "height": 256})
    for spaced in (False, True):
        wrong = page.evaluate(script("fits"), spaced)
        assert not wrong, f"{page.url} at {width_px} px{' with more space' if spaced else ''}: {wrong}"
    if before is not None:
        page.set_viewport_size(before)


def by_keyboard(page: Page) -> list[str]:
    """Make sure that Tab reaches every link, field and button, in order and visibly, and leaves the page again.

    Returns:
        What was reached, such as `input username` and `button Sign in`.
    """
    wanted = page.evaluate_handle(script("focusable"))
    names: list[str] = page.evaluate("found => found.map(one => one.label)", wanted)
    page.evaluate(script("start"))
    for index, name in enumerate(names):
        page.keyboard.press("Tab")
        wrong = page.evaluate(script("focused"), [wanted, index])
        assert not wrong, f"{page.url}: {name} by keyboard: {wrong}; in all: {names}"
    page.keyboard.press("Tab")
    left = page.evaluate("found => !found.slice(1).some(one => one.element === document.activeElement)", wanted)
    assert left, f"{page.url}: Tab does not leave {names[-1]}"
    return names
