"""What the use cases need of storage.

Two implementations keep these promises: `doorward.dynamodb` and the in-memory one of the tests; the same
contract tests hold both. Every method is atomic. `tenant_id` comes first wherever the data belongs to a tenant.
"""

from doorward.stores.accounts import (
    NotificationStore,
    Page,
    ServiceTokenStore,
    TenantStore,
    UserCreator,
    UserReader,
    UserRemover,
    UserWriter,
)
from doorward.stores.keys import KeyRevocationStore, KeySetStore, Secret, SecretStore
from doorward.stores.sessions import (
    AttemptStore,
    Directory,
    Located,
    RevocationFeedStore,
    RevocationReader,
    RevocationStore,
    Rotation,
    SessionReader,
    SessionStore,
)
from doorward.stores.sockets import SocketGateway, SocketStore

__all__ = [
    "AttemptStore",
    "Directory",
    "KeyRevocationStore",
    "KeySetStore",
    "Located",
    "NotificationStore",
    "Page",
    "RevocationFeedStore",
    "RevocationReader",
    "RevocationStore",
    "Rotation",
    "Secret",
    "SecretStore",
    "ServiceTokenStore",
    "SessionReader",
    "SessionStore",
    "SocketGateway",
    "SocketStore",
    "TenantStore",
    "UserCreator",
    "UserReader",
    "UserRemover",
    "UserWriter",
]
