"""The checks of pages find what they are for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import Tabs
from tests.support.page_checks import accessible, by_keyboard, fits
from tests.support.sites import Site

GOOD = (
    "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>A page</title>"
    "<main><h1>A page</h1>{}</main>"
)
BAD_FOCUS = {
    "not visible": "<a href=/a style='outline: none'>a link</a>",
    "the focus is on": "<a href=/a tabindex=2>one</a> <a href=/b tabindex=1>two</a>",
    "it is behind": "<a href=/a>one</a><div style='position: fixed; inset: 0; background: white'></div>",
}


def test_a_good_page_passes_with_and_without_scripts(page: Page, site: Site) -> None:
    fields = "<form><label>Name <input name=name></label><label><input type=radio name=r>1</label>"
    more = "<label><input type=radio name=r checked>2</label> <button>Send</button></form><a href=/a>a link</a>"
    page.goto(site.show("/good", GOOD.format(fields + more)))
    accessible(page)
    fits(page)
    assert by_keyboard(page) == ["input name", "input r", "button Send", "a a link"]


def test_axe_tells_of_a_field_without_a_label(page: Page, site: Site) -> None:
    page.goto(site.show("/axe", GOOD.format("<input name=name>")))
    with pytest.raises(AssertionError, match="label: Form elements must have labels"):
        accessible(page)


def test_a_page_that_is_too_wide_is_found(page: Page, site: Site) -> None:
    page.goto(site.show("/wide", GOOD.format("<p style='width: 400px'>wide</p>")))
    with pytest.raises(AssertionError, match="px wide"):
        fits(page)
    page.goto(site.show("/cut", GOOD.format("<p style='overflow: hidden; white-space: nowrap'>" + "cut off " * 40)))
    with pytest.raises(AssertionError, match="cut off"):
        fits(page)


@pytest.mark.parametrize("wrong", BAD_FOCUS)
def test_a_focus_that_people_lose_is_found(page: Page, site: Site, wrong: str) -> None:
    page.goto(site.show("/focus", GOOD.format(BAD_FOCUS[wrong])))
    with pytest.raises(AssertionError, match=wrong):
        by_keyboard(page)


def test_a_keyboard_trap_is_found(tabs: Tabs, site: Site) -> None:
    trap = "<a href=/a>one</a> <a href=/b id=b>two</a><script>b.onkeydown = event => event.preventDefault()</script>"
    page = tabs.open()
    page.goto(site.show("/trap", GOOD.format(trap)))
    with pytest.raises(AssertionError, match="does not leave"):
        by_keyboard(page)


@pytest.mark.parametrize("scripts", [True, False])
def test_what_violates_the_policy_is_noted(tabs: Tabs, site: Site, scripts: bool) -> None:
    page = tabs.open(scripts=scripts)
    policy = {"Content-Security-Policy": "default-src 'none'"}
    page.goto(site.show("/policy", GOOD.format("<p style='color: red'>red</p>"), policy))
    assert "Content Security Policy" in _taken(tabs)


def test_errors_of_scripts_are_noted_and_missing_files_but_not_missing_pages(tabs: Tabs, site: Site) -> None:
    page = tabs.open()
    page.goto(site.show("/script", GOOD.format("<script>nothing()</script>")))
    assert "nothing is not defined" in _taken(tabs)
    page.goto(site.show("/console", GOOD.format("<script>console.error('broken')</script>")))
    assert "broken" in _taken(tabs)
    page.goto(site.show("/image", GOOD.format("<img alt='' src=/missing.png>")))
    assert "404" in _taken(tabs)
    page.goto(f"{site.cross_site}/missing")
    expect(page.get_by_role("heading")).to_have_text("Nothing here")
    assert not tabs.troubles


def test_without_scripts_no_script_of_the_page_runs(tabs: Tabs, site: Site) -> None:
    page = tabs.open(scripts=False)
    for _ in range(2):
        page.goto(site.show("/noscript", GOOD.format("<noscript>none</noscript><script>document.title = 'x'</script>")))
        assert (page.title(), "none" in page.inner_text("main")) == ("A page", True)
        accessible(page)


def _taken(tabs: Tabs) -> str:
    """Return what was noted, and forget it."""
    found = "; ".join(tabs.troubles)
    tabs.troubles.clear()
    return found
