"""Tell a resource server what a token is worth now."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.errors import InsufficientScope, InvalidGrant, InvalidToken
from doorward.keys.keyring import Verifying
from doorward.model import PLATFORM, SERVICE, Clock, IntrospectedToken, Principal, TenantId
from doorward.rules.factors import authentication_of
from doorward.rules.revocation import denial_reason, is_live, restriction_of, session_ends_at_ms
from doorward.rules.tenancy import admitted_subject, is_admin
from doorward.sessions.minting import DEFAULT_CLIENT_ID
from doorward.stores import RevocationReader, SessionStore
from doorward.tokens.access import verify_access_token
from doorward.tokens.refresh import ProvenRefreshToken, RefreshTokens


@dataclass(frozen=True, slots=True)
class Introspect:
    """Token introspection (RFC 7662) for a tenant's administrators and services, and for the platform's."""

    sessions: SessionStore
    revocations: RevocationReader
    keyring: Verifying
    refresh_tokens: RefreshTokens
    audience: str
    clock: Clock

    def __call__(self, principal: Principal, token: str) -> IntrospectedToken | None:
        """Return what a live token of the caller's tenant says; None for every other text.

        That a token is another tenant's is not told (RFC 7662 section 4).

        Args:
            principal: the caller; a platform administrator may ask for any tenant.
            token: an access token, a service token or a refresh token.

        Raises:
            InsufficientScope: the caller may not ask at all.
        """
        if not (is_admin(principal, principal.tenant_id) or SERVICE in principal.roles):
            raise InsufficientScope
        try:
            proven = self.refresh_tokens.read(token)
        except InvalidGrant:
            return self._access_token(principal, token)
        return self._refresh_token(proven) if _concerns(principal, proven.ref.tenant_id) else None

    def _refresh_token(self, proven: ProvenRefreshToken) -> IntrospectedToken | None:
        admission = self.sessions.get_admission(proven.ref)
        session, subject = admission.session, admitted_subject(admission, proven.ref)
        if session is None or subject is None or not is_live(session, admission, self.clock()):
            return None
        if session.generation != proven.generation or proven.mac_kid in admission.revoked_kids:
            return None
        return IntrospectedToken(
            subject=subject,
            client_id=session.client_id or DEFAULT_CLIENT_ID,
            authentication=authentication_of(session),
            issued_at=session.rotated_at_ms // 1000,
            expires_at=session_ends_at_ms(session, admission.policy) // 1000,
        )

    def _access_token(self, principal: Principal, token: str) -> IntrospectedToken | None:
        try:
            claims = verify_access_token(token, self.keyring, self.audience, self.clock())
        except InvalidToken:
            return None
        if not _concerns(principal, claims.tenant_id):
            return None
        revocations = self.revocations.get(claims.tenant_id, claims.user_id)
        # A token that is good for nothing but changing the password is good for nothing at a resource server.
        if denial_reason(claims, revocations) is not None or restriction_of(claims, revocations) is not None:
            return None
        return IntrospectedToken(
            subject=claims.subject,
            client_id=claims.client_id,
            issued_at=claims.issued_at,
            expires_at=claims.expires_at,
            token_id=claims.token_id,
            authentication=claims.authentication,
            metadata=claims.metadata,
            ext=claims.ext,
        )


def _concerns(principal: Principal, tenant_id: TenantId) -> bool:
    return principal.is_platform_admin or (tenant_id == principal.tenant_id and tenant_id != PLATFORM)
