"""Debian's Chromium, and pages in it that are watched for what goes wrong in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    CDPSession,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from tests.support.sites import ALLOWED_ORIGINS

PATIENCE_MS = 60_000
_NO_SCRIPTS: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


def find_chromium() -> str | None:
    """Return the program of the machine's own Chromium; none is ever downloaded."""
    return shutil.which("chromium")


@contextmanager
def chromium(allowed_port: int) -> Iterator[Browser]:
    """Run a Chromium that reaches this machine alone.

    While it runs, the thread has an asyncio loop: `asyncio.run` fails in tests of the same process.

    Args:
        allowed_port: which port of 127.0.0.1 answers for the origins that the deployment allows. So no test needs these
            origins' own ports, and several run at once.
    """
    with sync_playwright() as playwright, launched(playwright.chromium, allowed_port) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, allowed_port: int) -> Iterator[Browser]:
    """Run one more Chromium where Playwright runs already, which it does once in a thread; see `chromium`."""
    mapped = [f"MAP {origin.removeprefix('http://')} 127.0.0.1:{allowed_port}" for origin in ALLOWED_ORIGINS]
    # The first rule that fits counts. An EXCLUDE of localhost would count before all of them, whatever the port.
    rules = ", ".join([*mapped, "MAP localhost 127.0.0.1", "MAP 127.0.0.1 127.0.0.1", "MAP * ~NOTFOUND"])
    browser = kind.launch(executable_path=find_chromium(), headless=True, args=[f"--host-resolver-rules={rules}"])
    try:
        yield browser
    finally:
        browser.close()


@dataclass
class Tabs:
    """Opens pages, and notes what goes wrong in them: errors on the console, and in scripts, and violated policies."""

    browser: Browser
    troubles: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, *, scripts: bool = True, dark: bool = False, language: str = "en", watched: bool = True) -> Page:
        """Open an empty page in a profile of its own, without cookies.

        Args:
            scripts: whether the page's scripts run.
            dark: whether the person prefers dark pages.
            language: which the person prefers.
            watched: whether what goes wrong is noted; a test of an attack expects it.
        """
        context = self.browser.new_context(locale=language, color_scheme="dark" if dark else "light")
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        if watched:
            self._watch(context)
        page = context.new_page()
        if not scripts:
            # Playwright's own way would keep the checks' scripts from running too.
            _NO_SCRIPTS[page] = context.new_cdp_session(page)
            _switch_scripts(page, on=False)
        return page

    def close(self) -> None:
        """Close all pages."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def _watch(self, context: BrowserContext) -> None:
        opened: set[str] = set()

        def note_request(request: Request) -> None:
            if request.is_navigation_request():
                opened.add(request.url)

        def note_message(message: ConsoleMessage) -> None:
            # A page that answers 404 is no trouble of the page; a style sheet that does is. No page has an icon.
            where = message.location["url"]
            is_page = message.text.startswith("Failed to load resource") and (
                where in opened or where.endswith("/favicon.ico")
            )
            if (message.type == "error" and not is_page) or "Content Security Policy" in message.text:
                self.troubles.append(f"{message.type} on {where}: {message.text}")

        context.on("request", note_request)
        context.on("console", note_message)
        context.on("weberror", lambda error: self.troubles.append(f"error in a script: {error.error}"))


@contextmanager
def checking(page: Page) -> Iterator[None]:
    """Let scripts of a check run in a page, also in one whose own scripts do not."""
    _switch_scripts(page, on=True)
    try:
        yield
    finally:
        _switch_scripts(page, on=False)


def _switch_scripts(page: Page, *, on: bool) -> None:
    if page in _NO_SCRIPTS:
        _NO_SCRIPTS[page].send("Emulation.setScriptExecutionDisabled", {"value": not on})
