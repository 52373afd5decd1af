"""How long proofs live, and when one can be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from doorward.model import User
from doorward.model.proofs import ChallengeKind, NoticeKind, Proof, ProofKind
from doorward.rules.names import fold_email

CODE_SECONDS = 600
"""How long a code works. The link beside it may work longer: nobody guesses a link."""

SECOND_FACTOR_SECONDS = 300
"""How long a sign-in waits for its second factor, and how long the challenge of a passkey works."""

MAX_TRIES = 5
"""How many codes may be tried for one proof: one in 200,000 guessers is lucky."""

_HOUR, _DAY = 3600, 86_400
LIFE_SECONDS: Mapping[ProofKind | NoticeKind | ChallengeKind, int] = {
    "sign_up": _DAY,
    "verify_email": _DAY,
    "password_reset": _HOUR,
    "email_code": CODE_SECONDS,
    "find_tenants": _HOUR,
    "email_change": _DAY,
    "email_undo": 3 * _DAY,
    "invitation": 7 * _DAY,
    "second_factor": SECOND_FACTOR_SECONDS,
}
NOTICE_SECONDS = _DAY
"""How long the item of a notice stays: for as long, its mail is tried."""

MAX_PROOF_SECONDS = 7 * _DAY
"""The longest life of a proof. The MAC key that derives it lives on for as long."""


def life_seconds(kind: ProofKind | NoticeKind | ChallengeKind) -> int:
    """Return how long a proof of this kind lives, or a notice."""
    return LIFE_SECONDS.get(kind, NOTICE_SECONDS)


def code_ends_at_ms(proof: Proof) -> int:
    """Return until when the code of a proof works."""
    return min(proof.made_at_ms + CODE_SECONDS * 1000, proof.expires_at_ms)


def is_unused(proof: Proof, now_ms: int) -> bool:
    """Return whether a proof was not used yet and has not ended."""
    return proof.used_at_ms is None and now_ms < proof.expires_at_ms


def outdated(proof: Proof, user: User) -> bool:
    """Return whether a change of the user killed the proof: of the password, or of the address.

    Who undoes a thief's change comes after the thief. So such a link dies only by an older one, which was used after
    the link was made: the link may be the thief's.
    """
    if proof.kind == "email_undo":
        return user.undone_from_ms < proof.made_at_ms <= user.undone_until_ms
    return proof.made_at_ms < user.proofs_from_ms


def is_proved_by_owner(user: User) -> bool:
    """Return whether the user's address was proved by the user, and not written by a tenant's administrator."""
    return user.email_verified_at_ms is not None and user.email_given_in is None


def without_older_proofs(before: User, after: User, *, password_changed: bool) -> User:
    """Return a changed user without the proofs that the change kills: whoever asked before must not undo it.

    Args:
        before: the user before the change.
        after: the user after the change, with the time of the change.
        password_changed: whether the password changes.
    """
    moved = fold_email(before.email or "") != fold_email(after.email or "")
    if not moved and not password_changed:
        return after
    if moved:
        after = replace(after, email_verified_at_ms=None, email_state=None)
    return replace(after, proofs_from_ms=after.updated_at_ms + 1)


def with_proved_address(user: User, at_ms: int, *, by_owner: bool) -> User:
    """Return a user to whose address a proof was mailed that was used. So the address takes mails again.

    Args:
        user: the user.
        at_ms: when the proof was used.
        by_owner: whether the user used it, and not whoever reads the address's mail.
    """
    given_in = None if by_owner else user.email_given_in
    return replace(user, email_verified_at_ms=at_ms, email_state=None, email_given_in=given_in)
