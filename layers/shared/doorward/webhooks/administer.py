"""Webhooks of a tenant, as its administrators look after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from doorward import audit
from doorward.errors import InvalidRequest, NotFound
from doorward.model import Clock, Principal, TenantId
from doorward.model.webhooks import Webhook, WebhookId
from doorward.rules.factors import require_sure
from doorward.rules.names import is_ulid
from doorward.rules.tenancy import require_own_admin
from doorward.rules.webhooks import FORMER_MS, MOST_WEBHOOKS, check_description, check_events, check_url
from doorward.stores.webhooks import WebhookStore
from doorward.tokens.ids import mint_ulid
from doorward.webhooks.secrets import WebhookSecrets


@dataclass(frozen=True, slots=True)
class WithSecret:
    """A webhook, and the secret that only this answer shows."""

    webhook: Webhook
    secret: str


@dataclass(frozen=True, slots=True)
class AdministerWebhooks:
    """Makes, shows, changes and deletes webhooks of one tenant at a time.

    Args:
        is_local: whether receivers may be at http://127.0.0.1: on the local cloud alone.
    """

    webhooks: WebhookStore
    secrets: WebhookSecrets
    clock: Clock
    is_local: bool = False

    def make(
        self, principal: Principal, tenant_id: TenantId, url: str, events: tuple[str, ...], description: str | None
    ) -> WithSecret:
        """Return a new webhook.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
            InsufficientAuthentication: the caller's sign-in is older than an hour, or not sure enough.
            InvalidRequest: the URL, an event or the description breaks a rule.
            TooManyWebhooks: the tenant has ten.
        """
        self._require(principal, tenant_id)
        webhook_id, secret, now_ms = WebhookId(mint_ulid()), self.secrets.mint(), self.clock()
        webhook = Webhook(
            tenant_id=tenant_id,
            id=webhook_id,
            url=check_url(url, is_local=self.is_local),
            events=check_events(events),
            description=check_description(description),
            secret=self.secrets.seal(webhook_id, secret),
            created_by=principal.user_id,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
        )
        with audit.act("webhook_created", tenant_id=tenant_id, webhook_id=webhook_id, by=principal.user_id):
            self.webhooks.add(webhook, MOST_WEBHOOKS)
        return WithSecret(webhook, secret)

    def many(self, principal: Principal, tenant_id: TenantId) -> list[Webhook]:
        """Return all webhooks of the tenant, the oldest first.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        require_own_admin(principal, tenant_id)
        return self.webhooks.list_by_tenant(tenant_id)

    def one(self, principal: Principal, tenant_id: TenantId, webhook_id: str) -> Webhook:
        """Return one webhook.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant, or it has no such webhook.
        """
        require_own_admin(principal, tenant_id)
        found = self.webhooks.get(tenant_id, WebhookId(webhook_id)) if is_ulid(webhook_id) else None
        if found is None:
            raise NotFound
        return found

    def change(self, principal: Principal, tenant_id: TenantId, webhook_id: str, changes: Mapping[str, Any]) -> Webhook:
        """Change a webhook, and return it. Enabling it forgets why it was disabled.

        Args:
            principal: the caller.
            tenant_id: the tenant.
            webhook_id: the webhook.
            changes: new values of `url`, `events`, `description` and `status`.

        Raises:
            InsufficientScope, NotFound, InsufficientAuthentication, InvalidRequest: see `make` and `one`.
            Conflict: somebody changed the webhook at the same moment.
        """
        self._require(principal, tenant_id)
        before = self.one(principal, tenant_id, webhook_id)
        after = self._changed(before, changes)
        names = ",".join(sorted(changes))
        ids = {"tenant_id": tenant_id, "webhook_id": before.id, "by": principal.user_id}
        with audit.act("webhook_changed", **ids, changed=names):
            self.webhooks.change(after)
        return after

    def remove(self, principal: Principal, tenant_id: TenantId, webhook_id: str) -> None:
        """Delete a webhook. What waits is never sent.

        Raises:
            InsufficientScope, NotFound, InsufficientAuthentication: see `make` and `one`.
        """
        self._require(principal, tenant_id)
        with audit.act("webhook_deleted", tenant_id=tenant_id, webhook_id=webhook_id, by=principal.user_id):
            if not is_ulid(webhook_id) or not self.webhooks.remove(tenant_id, WebhookId(webhook_id)):
                raise NotFound

    def rotate(self, principal: Principal, tenant_id: TenantId, webhook_id: str) -> WithSecret:
        """Give a webhook a new secret. The one before signs beside it for a day; one that is older ends at once.

        Raises:
            InsufficientScope, NotFound, InsufficientAuthentication, Conflict: see `change`.
        """
        self._require(principal, tenant_id)
        before, secret = self.one(principal, tenant_id, webhook_id), self.secrets.mint()
        after = replace(
            before,
            secret=self.secrets.seal(before.id, secret),
            former_secret=before.secret,
            former_until_ms=self.clock() + FORMER_MS,
            updated_at_ms=self.clock(),
            version=before.version + 1,
        )
        ids = {"tenant_id": tenant_id, "webhook_id": before.id, "by": principal.user_id}
        with audit.act("webhook_secret_rotated", **ids):
            self.webhooks.change(after)
        return WithSecret(after, secret)

    def _require(self, principal: Principal, tenant_id: TenantId) -> None:
        require_own_admin(principal, tenant_id)
        require_sure(principal, self.clock())

    def _changed(self, before: Webhook, changes: Mapping[str, Any]) -> Webhook:
        values = dict(changes)
        if "url" in values:
            values["url"] = check_url(values["url"], is_local=self.is_local)
        if "events" in values:
            values["events"] = check_events(values["events"])
        if "description" in values:
            values["description"] = check_description(values["description"])
        if not values:
            raise InvalidRequest("Nothing is to be changed.")
        if values.get("status") == "enabled":
            values |= {"disabled_for": None, "failures": 0, "pauses_until_ms": 0}
        return replace(before, **values, updated_at_ms=self.clock(), version=before.version + 1)
