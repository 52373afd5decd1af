"""`make messages`: bring the catalogues up to the templates; what is not translated yet gets an empty `msgstr`."""

from __future__ import annotations

import sys
from pathlib import Path

from jinja2 import Environment

from doorward import languages, mail
from doorward.languages import LANGUAGES, read_catalogue
from doorward_pages.render import TEMPLATES

CATALOGUES = Path(languages.__file__).parent
_TEMPLATES = {
    "": Path(mail.__file__).parent / "templates",
    "pages/": TEMPLATES,
}
_HEADER = 'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'


def messages() -> dict[str, list[str]]:
    """Return every message of the templates, with the templates that have it."""
    environment = Environment(extensions=["jinja2.ext.i18n"])  # noqa: S701 - nothing is rendered
    environment.policies["ext.i18n.trimmed"] = True
    found: dict[str, list[str]] = {}
    files = [
        (file, f"{prefix}{file.relative_to(folder)}")
        for prefix, folder in _TEMPLATES.items()
        for file in sorted(folder.rglob("*.jinja"))
    ]
    for file, name in files:
        for _, _, said in environment.extract_translations(file.read_text("utf-8")):  # type: ignore[attr-defined]
            places = found.setdefault(said if isinstance(said, str) else said[0], [])
            if name not in places:
                places.append(name)
    return found


def catalogue(language: str) -> str:
    """Return the catalogue of a language with the messages of today, and the translations that it has."""
    known = read_catalogue((CATALOGUES / f"{language}.po").read_text("utf-8"))
    entries = [
        f"#: {' '.join(places)}\nmsgid {_quoted(message)}\nmsgstr {_quoted(known.get(message, ''))}\n"
        for message, places in sorted(messages().items(), key=lambda entry: entry[1])
    ]
    return "\n".join([_HEADER.format(language=language), *entries])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def main() -> None:
    """Write the catalogues, and tell what is missing."""
    for language in LANGUAGES:
        text = catalogue(language)
        (CATALOGUES / f"{language}.po").write_text(text, "utf-8")
        missing = [message for message, said in read_catalogue(text).items() if not said]
        if language != languages.DEFAULT and missing:
            sys.stdout.write(f"{language}: {len(missing)} messages are not translated\n")


if __name__ == "__main__":
    main()
