"""Render pages: from templates and values, with what their headers need."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from doorward.languages import translations

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, language: str, values: Mapping[str, Any]) -> str:
    """Return a page. What the values say is text in it, and never markup.

    Args:
        template: the name of the template, below the folder `templates`.
        language: one of `doorward.languages.LANGUAGES`.
        values: what the template needs.

    Raises:
        jinja2.UndefinedError: a value is missing.
    """
    found = page_environment(language).get_template(f"{template}.jinja")
    given = {**values, "language": language, "style": Markup(style())}  # noqa: S704 - a file of ours
    return found.render(given).strip() + "\n"


@cache
def page_environment(language: str) -> Environment:
    """Return what renders the templates in one language: one of `doorward.languages.LANGUAGES`."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    known = translations(language)
    environment.install_gettext_callables(known.gettext, known.ngettext, newstyle=True)  # type: ignore[attr-defined]
    return environment


@cache
def style() -> str:
    """Return the style sheet that all pages have within them."""
    return (Path(__file__).parent / "style.css").read_text("utf-8")


@cache
def security_policy() -> str:
    """Return the Content-Security-Policy of all pages (CSP Level 3): their own style, forms to themselves, no more."""
    digest = base64.b64encode(hashlib.sha256(style().encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
