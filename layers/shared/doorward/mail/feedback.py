"""Remember which addresses take no mails: those that mails come back from, and those whose owners complain."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward import audit
from doorward.errors import Conflict
from doorward.model import Clock, EmailState, User, UserId, UserRecord
from doorward.rules.names import fold_email
from doorward.stores import UserReader, UserWriter

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Feedback:
    """What became of a mail that was sent.

    Args:
        user_id: whom it was to.
        address: where it went.
        state: what its address is now.
        sent_at_ms: when it was sent.
    """

    user_id: UserId
    address: str
    state: EmailState
    sent_at_ms: int


@dataclass(frozen=True, slots=True)
class MarkAddress:
    """Marks the addresses of users. Nothing else changes: who could not read the mail may still sign in."""

    users: UserReader
    writer: UserWriter
    clock: Clock

    def __call__(self, feedback: Feedback) -> bool:
        """Mark an address, unless it is not the user's any more or was proved since; return whether it was marked.

        Raises:
            Conflict: somebody else changed the user in every try.
        """
        for _ in range(_TRIES):
            record = self.users.get(feedback.user_id)
            if record is None or not _concerns(feedback, record.user):
                return False
            try:
                self._mark(record, feedback)
            except Conflict:
                continue
            audit.record("mail_returned", user_id=feedback.user_id, state=feedback.state)
            return True
        raise Conflict

    def _mark(self, record: UserRecord, feedback: Feedback) -> None:
        user, now_ms = record.user, self.clock()
        marked = replace(user, email_state=feedback.state, updated_at_ms=now_ms, version=user.version + 1)
        self.writer.change(record, UserRecord(marked, record.memberships))


def _concerns(feedback: Feedback, user: User) -> bool:
    same = user.email is not None and fold_email(user.email) == fold_email(feedback.address)
    return same and (user.email_verified_at_ms or 0) < feedback.sent_at_ms and user.email_state != feedback.state
