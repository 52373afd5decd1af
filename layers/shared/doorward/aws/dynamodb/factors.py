"""Second factors on DynamoDB: one item for all of a user's, because every use of one changes it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import Action, Reader
from doorward.aws.dynamodb.items import Item, answered_key, factors_key
from doorward.model import UserId
from doorward.model.factors import FactorChange, Factors, Passkey, RecoveryCodes, Totp
from doorward.rules.proofs import SECOND_FACTOR_SECONDS

_SAME_VERSION = "version = :version"


@dataclass(frozen=True, slots=True)
class DynamoFactors:
    """Second factors, to read them. A change is written in the transaction of what it allows (`ProofChanges`)."""

    database: Reader
    table: str

    def get(self, user_id: UserId) -> Factors:
        """Return a user's factors, from a consistent read; of a user without any, none."""
        (item,) = self.database.batch_get([(self.table, factors_key(user_id))])
        return to_factors(item)


def factor_actions(table: str, proofs_table: str, change: FactorChange | None) -> list[Action]:
    """Return the actions of a change of factors. They fail if the factors changed meanwhile.

    Args:
        table: the table of users.
        proofs_table: the table of proofs, which remembers the challenges that were answered.
        change: the change; None for none.
    """
    if change is None:
        return []
    key, before = factors_key(change.user_id), change.after.version - 1
    when, values = (_SAME_VERSION, {"version": before}) if before else (actions.ABSENT, None)
    steps = [actions.put(table, key, _attributes(change.after), when=when, values=values)]
    if change.challenge_id is not None:
        ends_at = change.at_ms // 1000 + SECOND_FACTOR_SECONDS + 1
        answered = {"answered_at_ms": change.at_ms, "expires_at": ends_at}
        steps.append(actions.put(proofs_table, answered_key(change.challenge_id), answered, when=actions.ABSENT))
    return steps


def to_factors(item: Item | None) -> Factors:
    """Return the factors of an item; without an item, none."""
    if item is None:
        return Factors()
    kept: dict[str, Any] = json.loads(item["kept"])
    recovery = kept.get("recovery")
    return Factors(
        totp=Totp(**kept["totp"]) if kept.get("totp") else None,
        pending_totp=Totp(**kept["pending_totp"]) if kept.get("pending_totp") else None,
        recovery=RecoveryCodes(tuple(recovery["macs"]), recovery["created_at_ms"]) if recovery else None,
        passkeys=tuple(Passkey(**{**each, "transports": tuple(each["transports"])}) for each in kept["passkeys"]),
        version=item["version"],
    )


def _attributes(factors: Factors) -> dict[str, Any]:
    kept = asdict(factors)
    return {"version": kept.pop("version"), "kept": json.dumps(kept, ensure_ascii=False)}
