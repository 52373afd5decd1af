"""What decides whether a caller is let in, as the authorizer reads it. Nothing here writes, so that it starts fast."""

from __future__ import annotations

from dataclasses import dataclass, replace

from doorward.aws.dynamodb.admissions import account_places, to_admission
from doorward.aws.dynamodb.database import Reader
from doorward.aws.dynamodb.items import Tables, session_key
from doorward.aws.dynamodb.kept_markers import KeptMarkers
from doorward.aws.dynamodb.markers import revocation_places, to_revocations
from doorward.aws.dynamodb.shapes import to_session
from doorward.errors import NotInitialised
from doorward.model import PLATFORM, Admission, Revocations, SessionRef, TenantId, UserId


@dataclass(frozen=True, slots=True)
class DynamoRevocationReader:
    """Revocations as the authorizer reads them, in one batch.

    Args:
        database: the tables' reader.
        tables: the tables.
        kept: reads the markers where they may be some seconds old; None if they may not.
    """

    database: Reader
    tables: Tables
    kept: KeptMarkers | None = None

    def get(self, tenant_id: TenantId, user_id: UserId) -> Revocations:
        """Return what is revoked, in one strongly consistent read; markers may be older where they are kept.

        Raises:
            NotInitialised: a marker is absent. That must not read as "nothing is revoked".
        """
        read = self.kept.read if self.kept else self.database.batch_get
        found = to_revocations(read(revocation_places(self.tables, tenant_id, user_id)))
        if found.tenant_status is None and tenant_id != PLATFORM:
            raise NotInitialised(reason="no_marker")
        return found


@dataclass(frozen=True, slots=True)
class DynamoSessionReader:
    """Sessions as the authorizer reads them, in one batch."""

    database: Reader
    tables: Tables

    def get_admission(self, ref: SessionRef) -> Admission:
        """Return a session and all that decides whether it is let in; each item is consistent."""
        realm = (self.tables, ref.tenant_id, ref.user_id)
        own = (self.tables.refresh_tokens, session_key(ref))
        *items, session = self.database.batch_get([*revocation_places(*realm), *account_places(*realm), own])
        return replace(to_admission(items), session=to_session(session))
