"""What the use cases need of storage.

Two implementations keep these promises: `doorward.aws.dynamodb` and the in-memory one of the tests; the same
contract tests hold both. Every method is atomic. `tenant_id` comes first wherever the data belongs to a tenant.
"""

from doorward.stores.sessions import (
    AttemptStore,
    Directory,
    NameLookup,
    RevocationFeedStore,
    RevocationReader,
    RevocationStore,
    Rotation,
    SessionReader,
    SessionStore,
    SignInName,
    SignInTarget,
)
from doorward.stores.sockets import SocketCloser, SocketStore
from doorward.stores.users import Page, ServiceTokenStore, TenantStore, UserReader, UserWriter

__all__ = [
    "AttemptStore",
    "Directory",
    "NameLookup",
    "Page",
    "RevocationFeedStore",
    "RevocationReader",
    "RevocationStore",
    "Rotation",
    "ServiceTokenStore",
    "SessionReader",
    "SessionStore",
    "SignInName",
    "SignInTarget",
    "SocketCloser",
    "SocketStore",
    "TenantStore",
    "UserReader",
    "UserWriter",
]
