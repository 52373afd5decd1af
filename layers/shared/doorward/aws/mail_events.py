"""What Amazon SES tells of mails that were sent, through EventBridge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doorward import audit
from doorward.mail.feedback import Feedback
from doorward.model import EmailState, UserId


def feedback_of(event: Mapping[str, Any]) -> Feedback | None:
    """Return what an event tells of a user's address; None if it is no reason to send there no longer.

    Only a permanent bounce is a reason. A report that a mail was no spam is none. An event that cannot be read is
    none either, and the log tells of it: to try it again would not help.

    Source: Amazon SES Developer Guide, "Amazon SES event data" and "Contents of event data".
    """
    try:
        return _read(event.get("detail", {}))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        audit.record("mail_event_unreadable", reason=type(error).__name__)
        return None


def _read(detail: Mapping[str, Any]) -> Feedback | None:
    state = _state(detail)
    mail = detail.get("mail", {})
    users, addresses = mail.get("tags", {}).get("user", []), mail.get("destination", [])
    if state is None or len(users) != 1 or len(addresses) != 1:
        return None
    sent_at = datetime.fromisoformat(mail["timestamp"])
    if not isinstance(users[0], str) or not isinstance(addresses[0], str):
        raise TypeError
    return Feedback(UserId(users[0]), addresses[0], state, round(sent_at.timestamp() * 1000))


def _state(detail: Mapping[str, Any]) -> EmailState | None:
    kind = detail.get("eventType")
    if kind == "Bounce" and detail.get("bounce", {}).get("bounceType") == "Permanent":
        return "bounced"
    if kind == "Complaint" and detail.get("complaint", {}).get("complaintFeedbackType") != "not-spam":
        return "complained"
    return None
