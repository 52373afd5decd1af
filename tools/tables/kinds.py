"""The kinds of items of each table, with the rules that hold for each kind.

A new table is one line of `TABLES`. A new kind of item is one line in the list of its table. What has no line is
broken, so that nobody adds a kind without thinking of its rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from doorward.aws.dynamodb.items import Item
from tools.tables import accounts, expiring, marks, others, trails
from tools.tables.found import Seen

Rule: TypeAlias = Callable[[Seen], Iterable[str]]
"""Takes an item among all others; returns what is wrong with it, or LEAVES."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of item.

    Args:
        name: what it is called.
        pk: what the first part of its key looks like; the named groups go to the rule.
        sk: what the second part looks like; empty in a table whose keys have one part.
        rule: says what is wrong with such an item.
    """

    name: str
    pk: str
    sk: str
    rule: Rule

    def parts(self, item: Item) -> dict[str, str] | None:
        """Return the named parts of an item's key; None if the item is of another kind."""
        first, second = (
            re.fullmatch(pattern, item.get(name, ""), re.DOTALL) for pattern, name in ((self.pk, "pk"), (self.sk, "sk"))
        )
        return {**first.groupdict(), **second.groupdict()} if first and second else None


_TENANT = r"tenant#(?P<tenant_id>[^#]+)"
_USER = r"user#(?P<user_id>[^#]+)"
_OF_USER = rf"{_TENANT}#{_USER}"


def _fine(_seen: Seen) -> Sequence[str]:
    return ()


TABLES: Mapping[str, Sequence[Kind]] = {
    "UsersTable": (
        Kind("user", _USER, "user", accounts.user),
        Kind("leaving", _USER, "leaving", accounts.leaving),
        Kind("credential", r"credential#(?P<user_id>.+)", "credential", accounts.of_user),
        Kind("factors", r"factors#(?P<user_id>.+)", "factors", accounts.factors),
        Kind("user name", r"username#.+", "username", accounts.username),
        Kind("former name", r"former#.+", "former", _fine),
        Kind("tenant", _TENANT, "tenant", accounts.tenant),
        Kind("policy", _TENANT, "policy", accounts.policy),
        Kind("membership", _TENANT, _USER, accounts.membership),
        Kind("address", _TENANT, r"email#.+", accounts.address),
        Kind("entry by name", _TENANT + r"#names#.", r"name#.*#(?P<user_id>[^#]+)", accounts.entry),
        Kind("entry by role", _TENANT + r"#role#.+", _USER, accounts.entry),
        Kind("entry as disabled", _TENANT + r"#disabled", _USER, accounts.entry),
    ),
    "RefreshTokensTable": (
        Kind("session", _OF_USER, r"session#.+", expiring.session),
        Kind("service token", _TENANT + r"#services", r"token#.+", expiring.service_token),
        Kind("invitation", _TENANT + r"#invitations", r"invitation#.+", expiring.invitation),
        Kind("invited address", _TENANT + r"#invitations", r"address#.+", expiring.invited_address),
    ),
    "RevocationsTable": (
        Kind("user's revocations", _OF_USER, "", marks.of_user),
        Kind("tenant's marker", _TENANT + r"#(?P<shard>\d\d)", "", marks.of_tenant),
        Kind("deployment's marker", r"deployment#(?P<shard>\d\d)", "", marks.of_deployment),
    ),
    "LoginAttemptsTable": (
        Kind("counter", r"(?:source|name|mails|mails_from|invitations|invited|codes|own|trust)#.+", "", others.passing),
        Kind("counter of version 0.1.0, gone in minutes", r"(?:account|pair)#.+", "", others.passing),
        Kind("wrong passwords", r"failures#(?P<user_id>.+)", "", others.passing),
    ),
    "ProofsTable": (
        Kind("proof", r"proof#(?P<proof_id>.+)", "", expiring.proof),
        Kind("answered challenge", r"answered#.+", "", others.passing),
    ),
    "AuditTable": (
        Kind("act", r"act#.+", "act", trails.act),
        Kind("record", _TENANT + r"#\d{4}-\d\d", r"record#.+", trails.in_chain),
        Kind("head of a chain", r"chain#.+", "head", trails.head),
        Kind("anchor of a chain", r"chain#(?P<tenant_id>.+)", r"anchor#\d+", trails.in_chain),
    ),
    "WebhooksTable": (
        Kind("webhook", _TENANT, r"webhook#.+", trails.webhook),
        Kind("count of webhooks", _TENANT, "count", trails.count_of_webhooks),
        Kind("delivery", _TENANT + r"#deliveries", r"webhook#.+#delivery#.+", others.passing),
    ),
    "SigningKeysTable": (
        Kind("key set", "key_set", "", others.key_set),
        Kind("former key", r"former#.+", "", _fine),
        Kind("cursor key", "cursor", "", _fine),
    ),
    "NotificationsTable": (
        Kind("notification or mark", _OF_USER, r"(?:notification|read)#.+", others.of_user_and_tenant),
        Kind("tenant's notification", _TENANT, r"notification#.+", others.of_tenant),
        Kind("demo", _TENANT, "demo", others.of_tenant),
    ),
    "SocketsTable": (
        Kind("ticket", r"ticket#.+", "ticket", others.passing),
        Kind("pointer", r"connection#(?P<connection_id>.+)", "connection", others.pointer),
        Kind("connection", _TENANT, _USER + r"#connection#(?P<connection_id>.+)", others.connection),
    ),
}
