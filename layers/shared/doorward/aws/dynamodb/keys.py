"""The public key set, and the key that authenticates list cursors, on DynamoDB."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from dataclasses import asdict, dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database, Reader
from doorward.aws.dynamodb.items import Key
from doorward.errors import Conflict, NotInitialised
from doorward.keys.signing import KeySet, PublicKey

_KEY_SET: Key = {"pk": "key_set"}
_CURSOR: Key = {"pk": "cursor"}


def load_key_set(database: Reader, table: str) -> KeySet:
    """Return the key set.

    Raises:
        NotInitialised: there is none yet.
    """
    item = database.get((table, _KEY_SET))
    if item is None:
        raise NotInitialised(reason="no key set")
    keys = tuple(PublicKey(**key) for key in json.loads(item["keys"]))
    return KeySet(item["issuer"], item["own_api_id"], keys, item["version"])


@dataclass(frozen=True, slots=True)
class DynamoKeySets:
    """The key set: one item, changed only by those who know its version."""

    database: Database
    table: str

    def get(self) -> KeySet:
        """Return the key set.

        Raises:
            NotInitialised: there is none yet.
        """
        return load_key_set(self.database, self.table)

    def change(self, key_set: KeySet) -> None:
        """Store a key set whose `version` is one more than that of the stored one.

        Raises:
            Conflict: another change came first.
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
        try:
            self.database.transact([action])
        except ConditionFailed as failure:
            raise Conflict from failure


def load_cursor_key(database: Reader, table: str) -> bytes:
    """Return the MAC key of list cursors.

    The key guards no data, because every page is authorised again. Therefore it lies in a table, not among the secrets.

    Raises:
        NotInitialised: there is none yet.
    """
    item = database.get((table, _CURSOR))
    if item is None:
        raise NotInitialised(reason="no cursor key")
    return base64.urlsafe_b64decode(item["key"])


def ensure_cursor_key(database: Database, table: str) -> None:
    """Make the MAC key of list cursors, unless there is one."""
    fresh = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
    with contextlib.suppress(ConditionFailed):
        database.write(actions.put(table, _CURSOR, {"key": fresh}, when=actions.ABSENT))
