"""Proofs on DynamoDB: one item each, which is also the mail to be sent."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.aws.dynamodb.items import Item, Tables, proof_key
from doorward.errors import InvalidProof, Unavailable
from doorward.model.proofs import Proof, ProofChanges, ProofId, ProofUse
from doorward.rules.proofs import MAX_TRIES, code_ends_at_ms

_MAIL_LEASE_MS = 60_000
_KEPT_SECONDS = 86_400  # a used or dead proof stays for a day, for who asks why
_UNUSED = "attribute_not_exists(used_at_ms) AND expires_at_ms > :now"
_CODE_WORKS = (
    f"{_UNUSED} AND code_ends_at_ms > :now AND tries < :most "
    "AND (attribute_not_exists(tried_by) OR tried_by <> :this_try)"
)
_MAIL_IS_FREE = (
    "attribute_exists(pk) AND attribute_not_exists(mailed_at_ms) "
    "AND (attribute_not_exists(mailing_until_ms) OR mailing_until_ms < :now)"
)


@dataclass(frozen=True, slots=True)
class DynamoProofs:
    """Proofs, and whether their mails were sent."""

    database: Database
    table: str

    def add(self, proof: Proof, used: ProofUse | None = None, *, told: Sequence[Proof] = ()) -> None:
        """Store a new proof, whose id nobody had before.

        One transaction stores it with notices of it, and with the use of the proof that allows it.

        Raises:
            InvalidProof: that one was used or has ended. Nothing is stored then.
        """
        made = [made_action(self.table, one) for one in (proof, *told)]
        if used is None and not told:
            self.database.write(made[0])
            return
        uses = [] if used is None else [use_action(self.table, used)]
        try:
            self.database.transact([*uses, *made])
        except ConditionFailed as failure:
            raise InvalidProof(reason="used_or_ended") from failure

    def get(self, proof_id: ProofId) -> Proof | None:
        """Return a proof, from a consistent read; None if there is none."""
        return to_proof(self.database.get((self.table, proof_key(proof_id))))

    def count_try(self, proof_id: ProofId, now_ms: int) -> Proof | None:
        """Count one try of a proof's code, and return the proof; None if its code works no longer."""
        this_try = os.urandom(16).hex()
        action = actions.update(
            self.table,
            proof_key(proof_id),
            assign={"tried_by": this_try},
            add={"tries": 1},
            when=_CODE_WORKS,
            values={"now": now_ms, "most": MAX_TRIES, "this_try": this_try},
        )
        try:
            return to_proof(self.database.write(action))
        except ConditionFailed as failure:
            # The answer to this very write may have been lost, and the write sent again. The last try counts once.
            is_own = failure.item is not None and failure.item.get("tried_by") == this_try
            return to_proof(failure.item) if is_own else None

    def begin_mail(self, proof_id: ProofId, now_ms: int) -> Proof | None:
        """Take the mail of a proof over, for a minute; None if there is nothing to send.

        Raises:
            Unavailable: somebody else sends it now, or died while sending it.
        """
        sender = os.urandom(16).hex()
        action = actions.update(
            self.table,
            proof_key(proof_id),
            assign={"mailing_until_ms": now_ms + _MAIL_LEASE_MS, "mailing_by": sender},
            when=_MAIL_IS_FREE,
            values={"now": now_ms},
        )
        try:
            return to_proof(self.database.write(action))
        except ConditionFailed as failure:
            item = failure.item
            if item is None or "mailed_at_ms" in item:
                return None
            # The answer to this very write may have been lost, and the write sent again.
            if item.get("mailing_by") == sender:
                return to_proof(item)
            raise Unavailable(reason="mail:somebody_sends_it") from failure

    def end_mail(self, proof_id: ProofId, now_ms: int) -> None:
        """Remember that the mail of a proof was sent, or that there is none to send."""
        self._unless_refused(self._change(proof_id, mailed_at_ms=now_ms, mailing_until_ms=None, mailing_by=None))

    def release_mail(self, proof_id: ProofId) -> None:
        """Give the mail of a proof back."""
        self._unless_refused(self._change(proof_id, mailing_until_ms=None, mailing_by=None))

    def _change(self, proof_id: ProofId, **attributes: int | None) -> Action:
        return actions.update(self.table, proof_key(proof_id), assign=attributes, when=actions.PRESENT)

    def _unless_refused(self, action: Action) -> Proof | None:
        try:
            return to_proof(self.database.write(action))
        except ConditionFailed:
            return None


def proof_actions(tables: Tables, changes: ProofChanges) -> tuple[list[Action], list[Action]]:
    """Return the actions that use what was proved, a proof or a second factor, and those that store new proofs."""
    used = [] if changes.used is None else [use_action(tables.proofs, changes.used)]
    if changes.factors is not None:
        # Few sign-ins have a second factor, and only they pay for the import.
        from doorward.aws.dynamodb.factors import factor_actions  # noqa: PLC0415

        used += factor_actions(tables.users, tables.proofs, changes.factors)
    return used, [made_action(tables.proofs, proof) for proof in changes.made]


def use_action(table: str, use: ProofUse) -> Action:
    """Return the action that uses a proof. It fails if the proof was used or has ended."""
    used = {"used_at_ms": use.at_ms}
    return actions.update(table, proof_key(use.id), assign=used, when=_UNUSED, values={"now": use.at_ms})


def made_action(table: str, proof: Proof) -> Action:
    """Return the action that stores a new proof."""
    names = [field.name for field in fields(Proof) if field.name not in {"id", "details", "roles"}]
    attributes: dict[str, Any] = {name: getattr(proof, name) for name in names}
    more = {
        "proof_id": proof.id,
        "roles": proof.roles or None,
        "details": json.dumps(proof.details, ensure_ascii=False) if proof.details else None,
        "code_ends_at_ms": code_ends_at_ms(proof),
        "expires_at": proof.expires_at_ms // 1000 + _KEPT_SECONDS,
    }
    return actions.put(table, proof_key(proof.id), {**attributes, **more})


def to_proof(item: Item | None) -> Proof | None:
    """Return the proof of an item."""
    if item is None:
        return None
    names = [field.name for field in fields(Proof) if field.name not in {"id", "details", "roles"}]
    return Proof(
        id=item["proof_id"],
        roles=tuple(item.get("roles", ())),
        details=json.loads(item.get("details", "{}")),
        **{name: item[name] for name in names if name in item},
    )
