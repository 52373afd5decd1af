"""Render pages: from templates and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from doorward.languages import translations
from doorward_pages.assets import script_name, style_name

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class View:
    """What every page needs to know.

    Args:
        language: one of `doorward.languages.LANGUAGES`.
        name: of the deployment, or of the tenant whose page it is.
        root: the way from the page's folder to the base URL, such as `../`. API Gateway's own URLs have a stage before
            all paths, so links are relative.
        tenant_id: the tenant whose page it is; empty for none.
        support: a line that says where people get help; empty for none.
    """

    language: str
    name: str
    root: str = "./"
    tenant_id: str = ""
    support: str = ""

    @property
    def base(self) -> str:
        """The way to the pages that people use before they are signed in: the tenant's own, or all tenants'."""
        return f"{self.root}t/{self.tenant_id}/" if self.tenant_id else self.root


def render(template: str, view: View, values: Mapping[str, Any]) -> str:
    """Return a page. What the values say is text in it, and never markup.

    Args:
        template: the name of the template, below the folder `templates`.
        view: what every page needs.
        values: what the template needs besides.

    Raises:
        jinja2.UndefinedError: a value is missing.
    """
    found = page_environment(view.language).get_template(f"{template}.jinja")
    common = {
        "language": view.language,
        "name": view.name,
        "root": view.root,
        "base": view.base,
        "tenant_id": view.tenant_id,
        "support": view.support,
        "style_name": style_name(),
        "script_name": script_name(),
    }
    return found.render({**common, **values}).strip() + "\n"


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


def security_policy(form_action: str = "'self'", *, scripts: bool = False) -> str:
    """Return the Content-Security-Policy of a page (CSP Level 3): nothing inline, nothing from elsewhere.

    Args:
        form_action: where forms may lead. Browsers hold redirects after a form to it too.
        scripts: whether the page has the script of passkeys, which is a file and asks for a challenge.
    """
    more = "script-src 'self'; connect-src 'self'; " if scripts else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"{more}form-action {form_action}"
    )
