"""Service tokens: access tokens for machines, minted by a tenant's administrators."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doorward import audit
from doorward.errors import InvalidRequest, NotFound
from doorward.keys.keyring import Signing
from doorward.model import (
    SERVICE,
    AccessTokenClaims,
    ClaimNames,
    Clock,
    Principal,
    ServiceToken,
    SessionId,
    Subject,
    TenantId,
    TokenId,
    UserId,
    service_user_id,
)
from doorward.rules.factors import require_sure
from doorward.rules.names import is_ulid
from doorward.rules.revocation import mark_revoked
from doorward.rules.tenancy import require_own_admin
from doorward.stores import Page, ServiceTokenStore
from doorward.tokens.access import mint_access_token
from doorward.tokens.ids import mint_ulid

_PAGE = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class AdministerServiceTokens:
    """Mints, lists and revokes service tokens of one tenant at a time.

    Args:
        default_ttl_seconds: the lifetime of a token that asks for none.
        max_ttl_seconds: the longest lifetime.
        claim_names: how tokens spell who and where.
    """

    tokens: ServiceTokenStore
    signer: Signing
    clock: Clock
    audience: str
    default_ttl_seconds: int
    max_ttl_seconds: int
    claim_names: ClaimNames = "both"

    def mint(
        self, principal: Principal, tenant_id: TenantId, name: str, ttl_seconds: int | None
    ) -> tuple[str, ServiceToken]:
        """Return a new token, which is shown only now, and its record.

        It has the role `service` alone, a subject of its own and no refresh; it dies with its tenant.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
            InsufficientAuthentication: the caller's sign-in is older than an hour, or not sure enough.
            InvalidRequest: the name or the lifetime breaks a rule.
            NotInitialised: the deployment has no keys.
        """
        require_own_admin(principal, tenant_id)
        require_sure(principal, self.clock())
        now, service = self.clock() // 1000, service_user_id(name)
        ttl_seconds = self._checked(name, ttl_seconds)
        begun = self.tokens.get_admission(tenant_id, name)
        if begun.tenant_status != "active":
            raise NotFound
        token = ServiceToken(tenant_id, TokenId(mint_ulid()), name, principal.user_id, self.clock(), now + ttl_seconds)
        claims = AccessTokenClaims(
            subject=Subject(service, service, tenant_id, (SERVICE,), SessionId(token.id)),
            client_id=service,
            token_id=token.id,
            epochs=begun.epochs,
            issued_at=now,
            expires_at=token.expires_at,
        )
        key = self.signer.current(begun.revoked_kids)
        text = mint_access_token(claims, key, self.signer.issuer, self.audience, self.claim_names)
        with audit.act("service_token_minted", tenant_id=tenant_id, token_id=token.id, by=principal.user_id):
            self.tokens.add(token)
        return text, token

    def many(
        self,
        principal: Principal,
        tenant_id: TenantId,
        limit: int,
        after: str | None,
        created_by: UserId | None = None,
    ) -> Page[ServiceToken]:
        """Return a page of the tenant's tokens.

        Args:
            principal: the caller.
            tenant_id: the tenant.
            limit: how many tokens to read at most.
            after: the id that the previous page ended with.
            created_by: show only what this administrator minted; a page may then be short.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        require_own_admin(principal, tenant_id)
        page = self.tokens.list_by_tenant(tenant_id, limit, after)
        revocations = self.tokens.get_revocations(tenant_id, (token.name for token in page.records))
        shown = (mark_revoked(token, revocations[token.name]) for token in page.records)
        return Page(tuple(token for token in shown if created_by in {None, token.created_by}), page.after)

    def revoke_all_of(self, principal: Principal, tenant_id: TenantId, created_by: UserId) -> int:
        """Refuse all live tokens that an administrator minted, and return how many there were.

        Tokens outlive who minted them, because a service must not stop when a person leaves.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant.
        """
        ended, after = 0, None
        while True:
            page = self.many(principal, tenant_id, _PAGE, after, created_by)
            for token in page.records:
                if token.revoked_at_ms is None and token.expires_at * 1000 > self.clock():
                    self.revoke(principal, tenant_id, token.id)
                    ended += 1
            if page.after is None:
                return ended
            after = page.after

    def revoke(self, principal: Principal, tenant_id: TenantId, token_id: str) -> None:
        """Refuse a token from the next request on; repeating it changes nothing.

        Raises:
            InsufficientScope, NotFound: the caller does not administer this tenant, or it has no such token.
        """
        require_own_admin(principal, tenant_id)
        with audit.act("service_token_revoked", tenant_id=tenant_id, token_id=token_id, by=principal.user_id):
            if not is_ulid(token_id) or not self.tokens.revoke(tenant_id, TokenId(token_id), self.clock()):
                raise NotFound

    def _checked(self, name: str, ttl_seconds: int | None) -> int:
        if not _NAME.fullmatch(name):
            raise InvalidRequest("A service's name has 1 to 63 of a-z, 0-9, . _ and -.")
        if ttl_seconds is None:
            return min(self.default_ttl_seconds, self.max_ttl_seconds)
        if not 1 <= ttl_seconds <= self.max_ttl_seconds:
            raise InvalidRequest(f"expires_in is 1 to {self.max_ttl_seconds} seconds.")
        return ttl_seconds
