"""Put letters into words: subject, plain text and HTML, from one template for each mail."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from doorward.languages import translations
from doorward.mail.addresses import one_line

TEMPLATES = Path(__file__).parent / "templates"
_MAX_SUBJECT = 150
_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Words:
    """A mail in words."""

    subject: str
    text: str
    html: str


def put_into_words(template: str, language: str, values: Mapping[str, Any]) -> Words:
    """Return the words of a mail. What the values say is text in each part, and never markup.

    Args:
        template: the name of the template.
        language: one of `doorward.languages.LANGUAGES`.
        values: what the template needs.

    Raises:
        jinja2.UndefinedError: a value is missing.
    """
    text = mail_environment(language, "text").get_template(f"{template}.jinja")
    html = mail_environment(language, "html").get_template(f"{template}.jinja")
    given = {**values, "language": language}
    plain = re.sub(r"\n{3,}", "\n\n", text.render(given)).strip()
    return Words(one_line(_subject(text, given), _MAX_SUBJECT), f"{plain}\n", html.render(given).lstrip())


@cache
def mail_environment(language: str, form: str) -> Environment:
    """Return what renders the templates in one language and one form.

    Args:
        language: one of `doorward.languages.LANGUAGES`.
        form: `text` or `html`. Both have a template `base.jinja`, which those of the mails extend.
    """
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES / form, TEMPLATES / "mails"]),
        undefined=StrictUndefined,
        autoescape=form == "html",  # noqa: S701 - plain text has no markup
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters["paragraph"] = _paragraph
    known = translations(language)
    environment.install_gettext_callables(known.gettext, known.ngettext, newstyle=True)  # type: ignore[attr-defined]
    return environment


def _subject(template: Template, values: Mapping[str, Any]) -> str:
    return "".join(template.blocks["subject"](template.new_context(dict(values))))


def _paragraph(text: str) -> str:
    """Return a paragraph of plain text in lines that every program shows whole."""
    return textwrap.fill(" ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)
