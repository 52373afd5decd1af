"""What sends mails, as the use case needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class MailRefused(Exception):
    """A mail will never be sent, however often somebody tries.

    Args:
        reason: why, for the log: a stable name, without the address.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as it leaves.

    Args:
        sender: the header From: an address, with a name in front of it if there is one.
        to: the one address that it goes to.
        reply_to: where answers go; None for the sender.
        subject: one line.
        text: the mail for who reads plain text.
        html: the same mail for who reads HTML.
        tags: what the mail's bounce will say of it: names and values of letters, digits, `_` and `-`.
    """

    sender: str
    to: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    tags: Mapping[str, str] = field(default_factory=dict)


class MailSender(Protocol):
    """Sends mails."""

    def send(self, mail: Mail) -> None:
        """Hand one mail over, to be delivered. A mail may have been handed over although this failed.

        Raises:
            MailRefused: it will never be taken.
            Unavailable: it was not taken this time, or nobody knows.
        """
