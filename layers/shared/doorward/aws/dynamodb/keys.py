"""The public key set, and the key that authenticates list cursors, on DynamoDB."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database, Reader
from doorward.aws.dynamodb.items import Item, Key
from doorward.errors import Conflict, NotInitialised
from doorward.keys.signing import FormerKey, KeySet, PublicKey

_KEY_SET: Key = {"pk": "key_set"}
_CURSOR: Key = {"pk": "cursor"}
_FORMER = "former#"


def load_key_set(database: Reader, table: str) -> KeySet:
    """Return the key set.

    Raises:
        NotInitialised: there is no key set yet.
    """
    item = database.get((table, _KEY_SET))
    if item is None:
        raise NotInitialised(reason="no key set")
    keys = tuple(PublicKey(**key) for key in json.loads(item["keys"]))
    return KeySet(item["issuer"], item["own_api_id"], keys, item["version"])


@dataclass(frozen=True, slots=True)
class DynamoKeySets:
    """The key set: one item, which only a writer who knows its version can change."""

    database: Database
    table: str

    def get(self) -> KeySet:
        """Return the key set.

        Raises:
            NotInitialised: there is no key set yet.
        """
        return load_key_set(self.database, self.table)

    def change(self, key_set: KeySet, former: Sequence[FormerKey] = ()) -> None:
        """Store a key set, and with it the keys that leave the set.

        Args:
            key_set: its `version` is one more than the version of the stored set.
            former: these keys are kept for ever, for those who verify what they witnessed.

        Raises:
            Conflict: another change came first. Nothing is stored.
        """
        attributes = {
            "issuer": key_set.issuer,
            "own_api_id": key_set.own_api_id,
            "keys": json.dumps([asdict(key) for key in key_set.keys]),
            "version": key_set.version,
        }
        first = key_set.version == 1
        action = actions.update(
            self.table,
            _KEY_SET,
            assign=attributes,
            when=actions.ABSENT if first else "version = :before",
            values=None if first else {"before": key_set.version - 1},
        )
        kept = (
            actions.update(
                self.table,
                _former_key(each.key.kid),
                assign={"key": json.dumps(asdict(each.key)), "revoked": int(each.revoked)},
            )
            for each in former
        )
        try:
            self.database.transact([action, *kept])
        except ConditionFailed as failure:
            raise Conflict from failure

    def revoke_former(self, kid: str) -> None:
        """Store of a former key that it is revoked, if there is such a key."""
        with contextlib.suppress(ConditionFailed):
            self.database.write(
                actions.update(self.table, _former_key(kid), assign={"revoked": 1}, when=actions.PRESENT)
            )

    def former(self) -> list[FormerKey]:
        """Return the former keys. It reads the whole table, which is small."""
        items = (item for page in self.database.scan(self.table) for item in page)
        return [_to_former(item) for item in items if item["pk"].startswith(_FORMER)]


def _former_key(kid: str) -> Key:
    return {"pk": f"{_FORMER}{kid}"}


def _to_former(item: Item) -> FormerKey:
    return FormerKey(PublicKey(**json.loads(item["key"])), bool(item["revoked"]))


def load_cursor_key(database: Reader, table: str) -> bytes:
    """Return the MAC key of list cursors.

    The key is stored in a table and not in a secret, because it guards no data: every request for a page is authorised.

    Raises:
        NotInitialised: there is no such key yet.
    """
    item = database.get((table, _CURSOR))
    if item is None:
        raise NotInitialised(reason="no cursor key")
    return base64.urlsafe_b64decode(item["key"])


def ensure_cursor_key(database: Database, table: str) -> None:
    """Make the MAC key of list cursors, unless there is one already."""
    fresh = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
    with contextlib.suppress(ConditionFailed):
        database.write(actions.put(table, _CURSOR, {"key": fresh}, when=actions.ABSENT))
