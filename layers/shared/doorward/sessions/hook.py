"""Ask a deployment's own function before a token is minted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from doorward import audit
from doorward.errors import InvalidGrant, Unavailable
from doorward.model import Extras, Subject, User
from doorward.rules.hook import HookAnswer, hook_question, read_hook_answer


class HookFailed(Exception):
    """The function gave no answer.

    Args:
        reason: what went wrong, for the log.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TokenHook(Protocol):
    """A deployment's own function."""

    def ask(self, question: Mapping[str, Any]) -> bytes:
        """Return what the function answers.

        Raises:
            HookFailed: it answers nothing, too late, or that it failed.
        """


@dataclass(frozen=True, slots=True)
class AskHook:
    """Asks the function, and decides what its answer means.

    Args:
        hook: the function.
        on_failure: what becomes of a token whose function gives no answer that counts.
    """

    hook: TokenHook
    on_failure: Literal["deny", "skip"] = "deny"

    def __call__(self, user: User, subject: Subject) -> Extras:
        """Return the claims that the function adds.

        Args:
            user: who gets the token.
            subject: as whom, where, and with which session.

        Raises:
            InvalidGrant: the function denies the token.
            Unavailable: it gives no answer that counts, and nobody may get a token without. That says nothing of the
                user, so no client takes it for the end of a session.
        """
        about = {"tenant_id": subject.tenant_id, "user_id": user.id, "session_id": subject.session_id}
        try:
            answer = self._answer(user, subject)
        except HookFailed as failed:
            audit.record("token_hook_failed", reason=failed.reason, decided=self.on_failure, **about)
            if self.on_failure == "skip":
                return {}
            raise Unavailable(reason=f"token_hook:{failed.reason}") from failed
        if answer.deny is not None:
            audit.record("token_denied", reason=answer.deny, **about)
            raise InvalidGrant(reason="denied_by_hook")
        return answer.claims

    def _answer(self, user: User, subject: Subject) -> HookAnswer:
        content = self.hook.ask(hook_question(user, subject))
        try:
            return read_hook_answer(content)
        except ValueError as error:
            raise HookFailed("malformed_answer") from error
