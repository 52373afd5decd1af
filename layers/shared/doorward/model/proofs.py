"""Proofs: what is made once, mailed or shown, and used once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NewType

from doorward.model.identities import TenantId, UserId

if TYPE_CHECKING:
    from doorward.model.factors import FactorChange

ProofId = NewType("ProofId", str)
InvitationId = NewType("InvitationId", str)

ProofKind = Literal[
    "sign_up",
    "verify_email",
    "password_reset",
    "email_code",
    "find_tenants",
    "email_change",
    "email_undo",
    "invitation",
]
ChallengeKind = Literal["second_factor"]
"""A sign-in that waits. It is never mailed: its challenge id alone is used."""

NoticeKind = Literal[
    "new_device", "password_changed", "email_changed", "email_change_asked", "account_deleted", "factors_changed"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One thing that somebody proves by what was mailed to an address.

    No table holds the link or the code: both are derived from the id with a MAC key (`doorward.tokens.proofs`). The
    item is also the mail that has to be sent. A notice is a proof that cannot be used: its mail tells something.

    Args:
        id: the proof.
        kind: what it is for.
        tenant_id: the tenant that it is of; PLATFORM for none.
        mac_kid: of the key that derives its code.
        made_at_ms: when it was made.
        expires_at_ms: when it ends.
        email: the address that names the user, folded. Whether there is such a user shows only when the mail is
            sent, and when the proof is used.
        username: the user name that names the user, folded, in place of an address.
        address: where the mail goes. None sends the mail to the user's own address.
        user_id: the user, if the request that made the proof knew the user.
        locale: the language that was asked for.
        roles: what an invitation gives.
        made_by: the administrator who made it.
        details: what the mail or the use needs besides: short texts.
        mails: whether a mail goes out. Who made the proof may hand out the link instead.
        used_at_ms: when it was used.
        tries: how many codes were tried.
    """

    id: ProofId
    kind: ProofKind | NoticeKind | ChallengeKind
    tenant_id: TenantId
    mac_kid: str
    made_at_ms: int
    expires_at_ms: int
    email: str | None = None
    username: str | None = None
    address: str | None = None
    user_id: UserId | None = None
    locale: str | None = None
    roles: tuple[str, ...] = ()
    made_by: UserId | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    mails: bool = True
    used_at_ms: int | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class ProofUse:
    """The use of a proof at a time. What is written with it happens only if the proof was never used before."""

    id: ProofId
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The acceptance of an invitation at a time.

    What is written with it happens only if the invitation is pending, if the proof is the one that was sent last, and
    if whoever made it is as they were read: a leaver's invitation lets nobody in, however late the leaver left.

    Args:
        tenant_id: the tenant that is entered.
        invitation_id: the invitation.
        proof_id: the proof that is used beside it.
        accepted_by: the user who enters.
        made_by: the administrator who stands for the invitation.
        made_by_version: the version of that administrator, as it was read.
        at_ms: when.
    """

    tenant_id: TenantId
    invitation_id: InvitationId
    proof_id: ProofId
    accepted_by: UserId
    made_by: UserId
    made_by_version: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class ProofChanges:
    """What becomes of proofs and factors in the transaction of another change.

    Args:
        used: the proof that allows the change.
        made: proofs and notices that come of it.
        accepts: the invitation that the change accepts; only changes of users accept one.
        factors: the change, or the use, of a second factor.
    """

    used: ProofUse | None = None
    made: tuple[Proof, ...] = ()
    accepts: Acceptance | None = None
    factors: FactorChange | None = None


NO_PROOFS = ProofChanges()
