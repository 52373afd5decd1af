"""/api/{tenantId}/auth/service-tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from doorward.accounts.service_tokens import AdministerServiceTokens
from doorward.api.answers import answer_json
from doorward.api.bodies.requests import MintServiceTokenRequest
from doorward.api.bodies.responses import RevokedTokensResponse, ServiceTokenListResponse, ServiceTokenResponse
from doorward.api.cursors import mint_cursor, read_cursor
from doorward.api.requests import page_limit, query, read_json, read_principal, takes
from doorward.api.resolver import Resolver
from doorward.api.routing import Response
from doorward.aws.dynamodb.service_tokens import DynamoServiceTokens
from doorward.bootstrap.clock import clock
from doorward.bootstrap.once import once
from doorward.bootstrap.sdk import SdkParts
from doorward.model import UserId
from doorward.rules.names import check_tenant_id
from doorward.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases of service tokens, and the key that authenticates list cursors."""

    tokens: AdministerServiceTokens
    cursor_key: Callable[[], bytes]


def wire(settings: Settings) -> Services:
    """Return the use cases of service tokens."""
    parts = SdkParts(settings)
    tokens = AdministerServiceTokens(
        tokens=DynamoServiceTokens(parts.database, parts.tables, parts.revocation_writer),
        signer=parts.signer,
        clock=clock,
        audience=settings.audience,
        default_ttl_seconds=settings.service_token_ttl_seconds,
        max_ttl_seconds=settings.service_token_max_ttl_seconds,
        claim_names=settings.claim_names,
    )
    return Services(tokens, parts.cursor_key)


app = Resolver()
services = once(wire)


@app.post("/api/<tenant_id>/auth/service-tokens")
def mint_token(tenant_id: str) -> Response:
    """Mint a service token. Only this answer shows the token."""
    principal, body = read_principal(app), read_json(app, MintServiceTokenRequest)
    text, token = services().tokens.mint(principal, check_tenant_id(tenant_id), body.name, body.expires_in)
    record = ServiceTokenResponse.of(token, clock())
    return answer_json(record.minted(text, token.expires_at - token.created_at_ms // 1000), HTTPStatus.CREATED)


@app.get("/api/<tenant_id>/auth/service-tokens")
@takes("limit", "cursor", "created_by")
def list_tokens(tenant_id: str) -> Response:
    """List the tenant's service tokens."""
    principal, key, listed = read_principal(app), services().cursor_key, f"service-tokens:{tenant_id}"
    after = read_cursor(key(), listed, query(app, "cursor"))
    creator = query(app, "created_by")
    created_by = UserId(creator) if creator else None
    page = services().tokens.many(principal, check_tenant_id(tenant_id), page_limit(app), after, created_by)
    items = [ServiceTokenResponse.of(token, clock()) for token in page.records]
    return answer_json(ServiceTokenListResponse(items=items, next_cursor=mint_cursor(key(), listed, page.after)))


@app.delete("/api/<tenant_id>/auth/service-tokens")
@takes("created_by")
def revoke_tokens(tenant_id: str) -> Response:
    """Revoke all live service tokens that one administrator minted; the caller's own if nobody is named."""
    principal = read_principal(app)
    creator = UserId(query(app, "created_by") or principal.user_id)
    ended = services().tokens.revoke_all_of(principal, check_tenant_id(tenant_id), creator)
    return answer_json(RevokedTokensResponse(revoked=ended))


@app.delete("/api/<tenant_id>/auth/service-tokens/<jti>")
def revoke_token(tenant_id: str, jti: str) -> Response:
    """Revoke a service token."""
    services().tokens.revoke(read_principal(app), check_tenant_id(tenant_id), jti)
    return answer_json(None, HTTPStatus.NO_CONTENT)


handler = app.resolve
