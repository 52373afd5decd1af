"""`make mail`: the mails that this folder's running local cloud sent, the newest last. The front has them at /_mail."""

from __future__ import annotations

import html
import json
import re
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime

from local import here
from local.pages import answer as answer_page
from local.tools import Failure

PATH = b"/_mail"
_SECONDS = 20
_LINK = re.compile(r"https?://[^\s<>\"']+")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mails</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }}
article {{ border-top: 1px solid; padding: 1rem 0 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}
iframe {{ width: 100%; height: 36rem; border: 1px solid }}
</style>
</head>
<body>
<h1>Mails of the local cloud</h1>
<p>The newest first. None of them left this machine.</p>
{articles}
</body>
</html>
"""
_ARTICLE = """<article>
<h2>{subject}</h2>
<p>{time}, from {sender} to {to}</p>
<pre>{text}</pre>
<details><summary>As HTML</summary><iframe sandbox title="{subject}" srcdoc="{page}"></iframe></details>
</article>"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail that was sent."""

    time: str
    sender: str
    to: str
    subject: str
    text: str
    html: str


def read(endpoint: str) -> list[Sent]:
    """Return the mails that an emulator took, the newest last.

    Raises:
        Failure: the emulator does not answer.
    """
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/ses/messages", timeout=_SECONDS) as answer:
            accounts = json.load(answer)["messages"]
    except (urllib.error.URLError, OSError) as error:
        raise Failure(f"the emulator does not answer: {error}") from error
    found = sorted((mail for mails in accounts.values() for mail in mails), key=lambda mail: mail["Timestamp"])
    return [
        Sent(
            f"{datetime.fromtimestamp(mail['Timestamp'], UTC):%Y-%m-%d %H:%M:%S} UTC",
            mail["Source"],
            ", ".join(mail["To"]),
            mail["Subject"],
            mail["BodyText"],
            mail["BodyHtml"] or "",
        )
        for mail in found
    ]


def show(mails: list[Sent]) -> str:
    """Return mails for a terminal. What is in them cannot command the terminal."""
    shown = [
        f"{mail.time}\nFrom: {mail.sender}\nTo: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}" for mail in mails
    ]
    text = f"\n{'-' * 72}\n".join(shown) or "no mail was sent yet\n"
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)


def page(mails: list[Sent]) -> str:
    """Return mails as a page. What is in them is text, but that links can be followed."""
    articles = [
        _ARTICLE.format(
            subject=html.escape(mail.subject),
            time=html.escape(mail.time),
            sender=html.escape(mail.sender),
            to=html.escape(mail.to),
            text=_linked(mail.text),
            page=html.escape(mail.html),
        )
        for mail in reversed(mails)
    ]
    return _PAGE.format(articles="\n".join(articles) or "<p>No mail was sent yet.</p>")


def answer(endpoint: str) -> bytes:
    """Return the whole HTTP answer that shows the mails that an emulator took."""
    try:
        return answer_page(page(read(endpoint)), style="'unsafe-inline'")  # mails have styles of their own
    except Failure as failure:
        return answer_page(html.escape(str(failure)), "502 Bad Gateway")


def _linked(text: str) -> str:
    pieces, end = [], 0
    for link in _LINK.finditer(text):
        target = html.escape(link[0])
        pieces += [html.escape(text[end : link.start()]), f'<a href="{target}" rel="noreferrer">{target}</a>']
        end = link.end()
    return "".join([*pieces, html.escape(text[end:])])


def main() -> int:
    """Print the mails, and return the exit status."""
    try:
        print(show(read(here.running().endpoint)), end="")
    except Failure as failure:
        print(f"doorward: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
