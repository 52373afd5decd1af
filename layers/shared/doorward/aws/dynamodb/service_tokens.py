"""Records of service tokens on DynamoDB.

They are in the table of the sessions, because both expire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from doorward.aws.dynamodb import actions
from doorward.aws.dynamodb.database import ConditionFailed, Database
from doorward.aws.dynamodb.items import (
    Item,
    Tables,
    service_token_key,
    user_revocations_key,
)
from doorward.aws.dynamodb.markers import revocation_places, to_revocations
from doorward.aws.dynamodb.revocations import TRIES, RevocationWriter
from doorward.aws.dynamodb.shapes import attributes_of, read_record
from doorward.errors import Conflict
from doorward.model import Admission, Epochs, Revocations, ServiceToken, TenantId, TokenId, service_user_id
from doorward.stores import Page


def to_service_token(item: Item) -> ServiceToken:
    """Return the service token of an item, whose `expires_at` is the table's TTL."""
    return read_record(ServiceToken, item, "token_id")


@dataclass(frozen=True, slots=True)
class DynamoServiceTokens:
    """The records of service tokens, to list and to revoke them."""

    database: Database
    tables: Tables
    revocations: RevocationWriter

    def get_admission(self, tenant_id: TenantId, name: str) -> Admission:
        """Return the tenant, the epochs and the revoked keys that a new service token depends on."""
        places = revocation_places(self.tables, tenant_id, service_user_id(name))
        found = to_revocations(self.database.batch_get(places))
        return Admission(
            tenant_status=found.tenant_status,
            epochs=Epochs(found.user.min_epoch, found.tenant_min_epoch, found.deployment_min_epoch),
            revoked_kids=found.revoked_kids,
        )

    def add(self, token: ServiceToken) -> None:
        """Store the record of a token that was minted."""
        key = service_token_key(token.tenant_id, token.id)
        self.database.write(actions.put(self.tables.refresh_tokens, key, attributes_of(token, "token_id")))

    def list_by_tenant(self, tenant_id: TenantId, limit: int, after: str | None) -> Page[ServiceToken]:
        """Return the records of a tenant's tokens, the oldest first.

        Revoked and expired tokens are in the list too.
        """
        items, last = self.database.query(
            self.tables.refresh_tokens,
            partition=service_token_key(tenant_id, "")["pk"],
            prefix="token#",
            limit=limit,
            after=service_token_key(tenant_id, after) if after else None,
        )
        tokens = tuple(to_service_token(item) for item in items)
        return Page(tokens, tokens[-1].id if last and tokens else None)

    def get_revocations(self, tenant_id: TenantId, names: Iterable[str]) -> Mapping[str, Revocations]:
        """Return what is revoked of each of these services, in one consistent read."""
        distinct = sorted(set(names))
        if not distinct:
            return {}
        users = [service_user_id(name) for name in distinct]
        table = self.tables.revocations
        own = [(table, user_revocations_key(tenant_id, user_id)) for user_id in users[1:]]
        places = [*revocation_places(self.tables, tenant_id, users[0]), *own]
        items = []
        for at in range(0, len(places), 100):  # BatchGetItem takes 100 keys
            items += self.database.batch_get(places[at : at + 100])
        first, tenant, deployment, *rest = items
        return {
            name: to_revocations([item, tenant, deployment])
            for name, item in zip(distinct, [first, *rest], strict=True)
        }

    def revoke(self, tenant_id: TenantId, token_id: TokenId, now_ms: int) -> bool:
        """Refuse a token until it expires, mark its record, and return whether there was a record.

        One transaction writes both.

        Raises:
            Conflict: other revocations came first in every try.
        """
        table, key = self.tables.refresh_tokens, service_token_key(tenant_id, token_id)
        item = self.database.get((table, key))
        if item is None:
            return False
        token = to_service_token(item)
        mark = actions.update(table, key, assign={"revoked_at_ms": now_ms}, when=actions.PRESENT)
        for tried in range(TRIES):
            user_id = service_user_id(token.name)
            refuse = self.revocations.entry_action(tenant_id, user_id, token_id, token.expires_at, now_ms, tried=tried)
            try:
                self.database.transact([mark, refuse])
            except ConditionFailed:
                continue
            return True
        raise Conflict
