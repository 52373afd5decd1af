"""The texts of proofs: links, codes, and what tells a browser which code belongs to it.

All are derived from the proof's id with a MAC key. So no table holds what somebody could use.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, replace
from typing import Any

from doorward.errors import InvalidProof
from doorward.keys.mac import MacKeyring
from doorward.model import Clock, TenantId, User
from doorward.model.proofs import ChallengeKind, NoticeKind, Proof, ProofId, ProofKind
from doorward.rules.proofs import life_seconds
from doorward.tokens.ids import derived_ulid, mint_ulid
from doorward.tokens.macs import mac, proving_key
from doorward.tokens.names import ULID

_DIGITS = 6
_HOUR_MS = 3_600_000
_TEXT = re.compile(rf"(dw[pc]1)\.([a-z_]{{1,32}})\.({ULID})\.([A-Za-z0-9_-]{{43}})")
_TOKEN, _CHALLENGE = "dwp1", "dwc1"


@dataclass(frozen=True, slots=True)
class ProofTexts:
    """Derives and reads the texts of proofs.

    A token is what a link holds. A challenge id goes to whoever asked, and to nobody else: the code that was mailed
    works with it alone. So a code is bound to the browser or program that asked for it.
    """

    keyring: MacKeyring

    def token(self, proof: Proof) -> str:
        """Return the token of a proof, for a link.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
            InvalidProof: the key of the proof is gone.
        """
        return self._text(_TOKEN, proof)

    def challenge_id(self, proof: Proof) -> str:
        """Return what whoever asked for a proof needs to use its code.

        Raises:
            NotInitialised, InvalidProof: see `token`.
        """
        return self._text(_CHALLENGE, proof)

    def code(self, proof: Proof) -> str:
        """Return the six digits of a proof.

        Raises:
            NotInitialised, InvalidProof: see `token`.
        """
        digest = hmac.digest(self._key(proof), f"code.{proof.kind}.{proof.id}".encode("ascii"), "sha256")
        return f"{int.from_bytes(digest) % 10**_DIGITS:0{_DIGITS}}"

    def is_code(self, proof: Proof, text: str) -> bool:
        """Return whether a text is the code of a proof, in constant time; spaces do not count.

        Raises:
            NotInitialised, InvalidProof: see `token`.
        """
        presented = "".join(text.split())
        return hmac.compare_digest(self.code(proof).encode(), presented.encode("utf-8", "replace"))

    def read_token(self, text: str, kind: ProofKind) -> ProofId:
        """Return the proof that a token proves.

        Raises:
            InvalidProof: the text is no token of this kind and deployment.
            NotInitialised: the deployment has no MAC key yet.
        """
        return self._read(text, _TOKEN, kind)

    def read_challenge_id(self, text: str, kind: ProofKind | ChallengeKind) -> ProofId:
        """Return the proof that a challenge id belongs to.

        Raises:
            InvalidProof, NotInitialised: see `read_token`.
        """
        return self._read(text, _CHALLENGE, kind)

    def _text(self, prefix: str, proof: Proof) -> str:
        body = f"{prefix}.{proof.kind}.{proof.id}"
        return f"{body}.{mac(self._key(proof), body)}"

    def _key(self, proof: Proof) -> bytes:
        key = self.keyring.key_of(proof.mac_kid)
        if key is None:
            raise InvalidProof(reason="mac_key_gone")
        return key

    def _read(self, text: str, prefix: str, kind: ProofKind | ChallengeKind) -> ProofId:
        match = _TEXT.fullmatch(text)
        if match is None or match[1] != prefix:
            raise InvalidProof(reason="malformed_proof")
        if match[2] != kind:
            raise InvalidProof(reason="proof_of_another_kind")
        body = text.rpartition(".")[0]
        for keys in (self.keyring.keys(), self.keyring.reload_after_miss() or ()):
            if proving_key(keys, body, match[4]) is not None:
                return ProofId(match[3])
        raise InvalidProof(reason="forged_proof")


@dataclass(frozen=True, slots=True)
class MintProofs:
    """Makes proofs, to be stored."""

    texts: ProofTexts
    clock: Clock

    def __call__(self, kind: ProofKind | ChallengeKind, tenant_id: TenantId, **rest: Any) -> Proof:  # noqa: ANN401 - as Proof
        """Return a new proof.

        Args:
            kind: what it is for.
            tenant_id: the tenant that it is of.
            rest: further members of a proof.

        Raises:
            NotInitialised: the deployment has no MAC key yet.
        """
        made_at_ms = rest.pop("made_at_ms", self.clock())
        return _proof(kind, tenant_id, made_at_ms, mac_kid=self.texts.keyring.active_kid(), **rest)


@dataclass(frozen=True, slots=True)
class Notices:
    """Makes the mails that only tell something, where mail is on."""

    clock: Clock
    mail_is_on: bool

    def __call__(
        self,
        kind: NoticeKind,
        user: User,
        details: dict[str, str] | None = None,
        *,
        tenant_id: TenantId | None = None,
    ) -> tuple[Proof, ...]:
        """Return the notice to a user; none where mail is off, or where the user has no address.

        Args:
            kind: what it tells.
            user: the user, with the address that the mail goes to.
            details: what the mail says besides, such as a source address.
            tenant_id: the tenant in whose name the mail goes; the user's home tenant if absent.
        """
        if not self.mail_is_on or user.email is None:
            return ()
        told: dict[str, Any] = {"address": user.email, "user_id": user.id, "locale": user.locale}
        return (
            _proof(kind, tenant_id or user.home_tenant_id, self.clock(), mac_kid="", details=details or {}, **told),
        )


def once_an_hour(notice: Proof) -> Proof:
    """Return a notice under an id that all such notices to its user have within one hour.

    The first one that is stored is mailed. A later one takes the place of its item, and no new item means no mail. So
    nothing has to be read, and storing a notice never fails.
    """
    begins_ms = notice.made_at_ms // _HOUR_MS * _HOUR_MS
    return replace(notice, id=ProofId(derived_ulid(begins_ms, f"{notice.kind}.{notice.user_id}")))


def _proof(kind: ProofKind | NoticeKind | ChallengeKind, tenant_id: TenantId, now_ms: int, **rest: Any) -> Proof:  # noqa: ANN401
    return Proof(
        id=ProofId(mint_ulid()),
        kind=kind,
        tenant_id=tenant_id,
        made_at_ms=now_ms,
        expires_at_ms=now_ms + life_seconds(kind) * 1000,
        **rest,
    )
