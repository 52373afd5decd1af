"""Addresses and names, in the forms that the headers of a mail take."""

from __future__ import annotations

import re
from email.header import Header

from doorward.mail.sender import MailRefused
from doorward.rules.names import fold_email

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5322 section 3.2.3
_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]+")
_NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]")
_MAX_FROM = 320
_MAX_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3
_MAX_NAME = 64
_LINKS = re.compile(r"[/\\@:]|\w\.\w|www", re.IGNORECASE)


def mailable(address: str) -> str:
    """Return an address in the form that the header To takes: in ASCII, and surely one address.

    Letters of a domain beyond ASCII are encoded (RFC 3492), in the form in which Doorward compares domains. So the mail
    goes where the proof is for.

    Raises:
        MailRefused: it has a form that no mail goes to, such as quotes, or letters beyond ASCII before the `@`.
    """
    local, _, domain = address.rpartition("@")
    labels = [_encoded(label) for label in fold_email(f"x@{domain}").removeprefix("x@").split(".")]
    found = f"{local}@{'.'.join(labels)}"
    if len(found) > _MAX_ADDRESS or not _PLAIN.fullmatch(found):
        raise MailRefused("unmailable_address")
    return found


def from_header(address: str, name: str | None) -> str:
    """Return the header From. A name beyond ASCII is encoded (RFC 2047), any other one quoted where it must be."""
    shown = one_line(name or "", _MAX_NAME)
    while shown and len(found := f"{_phrase(shown)} <{address}>") > _MAX_FROM:
        shown = shown[:-1].rstrip()
    return found if shown else address


def one_line(text: str, most: int) -> str:
    """Return a text on one line, without control and formatting characters, cut to a number of characters."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(kept.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def shown_name(text: str | None) -> str | None:
    """Return the name of somebody, for a mail to somebody else; None if there is none that a mail may show.

    Programs that show mails make links of what looks like one. A name is no way to send links to strangers.
    """
    name = one_line(text or "", _MAX_NAME)
    return None if not name or _LINKS.search(name) else name


def _encoded(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"


def _phrase(name: str) -> str:
    if not name.isascii():
        return Header(name, "utf-8").encode(linesep="").replace("\n", "")
    if _NEEDS_QUOTES.search(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return name
