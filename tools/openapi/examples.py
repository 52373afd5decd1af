"""Make example bodies for the Markdown page from the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_USER_ID, _SESSION_ID = "01JD8M3Q6W5ZK3V0Y2T7R9XA4B", "01JD8M4B1S6CP1RQ7E9D0FHG2K"
_INVITATION = "dwp1.invitation.01JD8N0S….q3V…"
_URL, _WEBHOOK_ID = "https://hooks.acme.example/doorward", "01JD8N2T6Z1KV7XM5NVP8Y14EG"
EXAMPLES: Mapping[str, Any] = {
    "accepted_by": _USER_ID,
    "access_token": "eyJhbGciOiJSUzI1NiIs…",
    "acr": "2fa",
    "active": True,
    "actor": {"id": _USER_ID, "name": "ada"},
    "amr": ["pwd", "otp", "mfa"],
    "aud": "doorward",
    "attempts": 1,
    "audit_retention_days": 365,
    "auth_time": 1_795_682_380,
    "at": "2026-11-26T09:12:00.000Z",
    "begun_at": "2026-11-26T09:10:00.000Z",
    "body": "Your team is set up.",
    "challenge_id": "dwc1.email_code.01JD8M6F….9sK…",
    "client_id": "web",
    "complete": True,
    "code": "not_found",
    "code_expires_in": 600,
    "created_at": "2026-11-26T09:00:00.000Z",
    "created_by": _USER_ID,
    "current": True,
    "current_password": "the present password",
    "deliver": "link",
    "deletion_began_at": "2026-11-26T09:30:00.000Z",
    "description": "CRM",
    "device_token": "dwd1.01JD8M3Q….01JD8M6D….x9Q…",
    "disabled_for": "failing",
    "display_name": "Ada Okafor",
    "domains": ["acme.example"],
    "email": "ada@acme.example",
    "ended_at": "2026-11-26T10:00:00.000Z",
    "event": "user_created",
    "events": ["user_created", "user_deleted"],
    "exp": 1_795_683_300,
    "ext": {"tier": 2, "beta": True},
    "expires_at": "2026-11-27T09:00:00.000Z",
    "expires_in": 900,
    "grant_type": "refresh_token",
    "home": True,
    "iat": 1_795_682_400,
    "id": _USER_ID,
    "invited_by": _USER_ID,
    "iss": "https://id.example.com",
    "jti": "01JD8M5C2T7DQ2SR8F0E1GJH3M",
    "former_secret_until": "2026-11-27T09:00:00.000Z",
    "last_error": "TimeoutError",
    "last_at": "2026-11-26T09:10:00.000Z",
    "last_status": 503,
    "last_used_at": "2026-11-26T09:14:00.000Z",
    "least_password_length": 12,
    "left": "users",
    "locale": "de-CH",
    "mail_from_name": "Acme",
    "mail_reply_to": "help@acme.example",
    "metadata": {"plan": "gold"},
    "methods": ["password"],
    "name": "ci",
    "next_at": "2026-11-26T09:15:00.000Z",
    "next_cursor": "c2lnbmVkLi4u",
    "notifications": 3,
    "own": False,
    "remember_device_days": 0,
    "kind": "totp",
    "checkpoint": "eyJ0eXAiOiJhdWRpdC1jaGVja3BvaW50K2p3dCIs…",
    "details": {"session_id": _SESSION_ID},
    "hash": "mTnoVxEVqhYwfzMmdsB4rdP0AAcQAqX_mYFSMczQcbQ",
    "number": 412,
    "outcome": "success",
    "previous": "Wg9m0F5Qk1bJt2VqS7yD3uX8cA4eL6hN0oRzPiGfTjE",
    "request_id": "7e0c6ad5-3a44-4b57-9c3d-1f0b7e1c2a55",
    "codes_left": 9,
    "backed_up": True,
    "second_factor_grace_days": 0,
    "factors": ["passkey", "totp"],
    "recovery_code": "J4KQW-ZB7NM",
    "recovery_codes": ["J4KQW-ZB7NM", "P2RUT-XV5AC"],
    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "uri": "otpauth://totp/doorward:ada?secret=JBSWY3DPEHPK3PXP&issuer=doorward&digits=6&period=30",
    "totp": "204816",
    "passkey": {"id": "AxD2…", "rawId": "AxD2…", "type": "public-key", "response": {}},
    "options": {"challenge": "ZHdrMS…", "rpId": "example.com", "userVerification": "required"},
    "password": "a good long password",
    "password_change_required": False,
    "passwords": True,
    "platform_admin": False,
    "read": True,
    "refresh_expires_in": 86_400,
    "refreshed_at": "2026-11-26T09:45:00.000Z",
    "refresh_token": "dwr1.acme.01JD8M3Q….0.q3V…",
    "revoked": 2,
    "roles": ["admin", "user"],
    "second_factor": "optional",
    "session_id": _SESSION_ID,
    "session_seconds": 28_800,
    "sid": _SESSION_ID,
    "source": "203.0.113.7",
    "sign_up": "closed",
    "status": "active",
    "sub": "ada",
    "target": {"id": _USER_ID, "name": "ada"},
    "tenant_id": "acme",
    "ticket": "dwt1.bG9uZyByYW5kb20gdGV4dA",
    "title": "Welcome to your workspace",
    "token": "eyJhbGciOiJSUzI1NiIs…",
    "accent": "#0b57d0",
    "accent_dark": "#8ab4f8",
    "branding": {"name": "Acme Ltd", "accent": "#0b57d0", "accent_dark": "#8ab4f8", "support": "help@acme.example"},
    "support": "help@acme.example",
    "token_metadata": ["plan"],
    "token_type": "Bearer",
    "token_type_hint": "refresh_token",
    "email_state": "bounced",
    "email_verified_at": "2026-11-26T08:30:00.000Z",
    "updated_at": "2026-11-26T09:00:00.000Z",
    "url": "wss://sockets.example.com/v1",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "user_id": _USER_ID,
    "username": "ada",
}
"""The example value of each member, by the member's name."""

PATH_EXAMPLES: Mapping[str, str] = {
    "tenantId": "acme",
    "id": _USER_ID,
    "jti": str(EXAMPLES["jti"]),
    "sessionId": _SESSION_ID,
    "factorId": "totp",
    "deliveryId": "01JD8N3V7B2MW8YN6PWQ9Z25FH",
    "name": "s-wBLjjB3M7ak4fQfxlrdPz0DhcQQ2nEg8QE9WkGkzd7c",
}

_PROOF = "dwp1.password_reset.01JD8M6F….Zt4…"
_BY_CODE = {"challenge_id": EXAMPLES["challenge_id"], "code": "204816"}
_SPECIAL: Mapping[str, Mapping[str, Any]] = {
    "UserSessionResponse": {"id": _SESSION_ID},
    "AuditRecordResponse": {"id": "01JD8M4B1S9V2QK6TW3E8YF0HC", "expires_at": "2027-11-26T09:12:00.000Z"},
    "TenantResponse": {"id": "acme", "name": "Acme Ltd"},
    "CreateTenantRequest": {"id": "acme", "name": "Acme Ltd"},
    "ChangePolicyRequest": {"session_seconds": 28_800, "token_metadata": ["plan"], "locale": None},
    "ChangeTenantRequest": {"name": "Acme Ltd", "status": "disabled"},
    "ChangeUserRequest": {"display_name": "Ada O.", "locale": "de-CH"},
    "CreateUserRequest": {"username": "ada", "password": EXAMPLES["password"], "email": "ada@acme.example"},
    "SecondFactorRequest": {"challenge_id": "dwc1.second_factor.01JD8M6F….Zt4…", "totp": "204816"},
    "PasskeyRequest": {"passkey": EXAMPLES["passkey"], "tenant_id": "acme"},
    "TenantPasskeyRequest": {"passkey": EXAMPLES["passkey"]},
    "NewPasskeyRequest": {"passkey": EXAMPLES["passkey"], "name": "Laptop"},
    "FactorResponse": {"id": "totp", "name": None, "codes_left": None, "backed_up": None},
    "NewTotpResponse": {"id": "totp"},
    "StepUpRequest": {"totp": "204816"},
    "ConfirmTotpRequest": {"code": "204816"},
    "LoginRequest": {"username": "ada", "password": EXAMPLES["password"]},
    "TenantLoginRequest": {"email": "ada@acme.example", "password": EXAMPLES["password"]},
    "RefreshRequest": {"refresh_token": EXAMPLES["refresh_token"]},
    "RevokeRequest": {"token": EXAMPLES["refresh_token"]},
    "IntrospectRequest": {"token": EXAMPLES["token"]},
    "InviteRequest": {"email": "ada@acme.example", "roles": ["auditor"], "locale": "de-CH"},
    "ResendInvitationRequest": {"deliver": "link"},
    "AcceptInvitationRequest": {"token": _INVITATION, "password": EXAMPLES["password"], "username": "ada"},
    "InvitationResponse": {"status": "pending", "token": _INVITATION, "id": "01JD8N0R4X8HS5VJ3KTM6WZ2CE"},
    "TenantNameRequest": {"email": "ada@acme.example"},
    "NameRequest": {"email": "ada@acme.example", "tenant_id": "acme"},
    "ProofRequest": {"token": _PROOF},
    "TokenRequest": {"token": _PROOF},
    "NewPasswordRequest": {**_BY_CODE, "password": EXAMPLES["password"]},
    "SignUpConfirmRequest": {**_BY_CODE, "password": EXAMPLES["password"]},
    "CodeSignInRequest": _BY_CODE,
    "ResetLinkResponse": {"token": _PROOF, "expires_in": 3600},
    "MintServiceTokenRequest": {"name": "ci", "expires_in": 3600},
    "MakeWebhookRequest": {"url": _URL, "events": ["user_created", "user_deleted"], "description": "CRM"},
    "ChangeWebhookRequest": {"status": "enabled"},
    "WebhookResponse": {"id": _WEBHOOK_ID, "url": _URL, "status": "disabled", "secret": "whsec_c2VjcmV0…"},
    "DeliveryResponse": {"status": "waiting"},
}
"""Members with another value in a schema, by the schema's name. For a request, these are all members of the example."""

_WHOLE = frozenset(name for name in _SPECIAL if name.endswith("Request"))


def example(schema: Schema, components: Mapping[str, Schema]) -> Any:  # noqa: ANN401 - JSON
    """Return an example of a schema.

    Args:
        schema: the schema of a body, or of a part of a body.
        components: the document's schemas, by name.

    Raises:
        KeyError: a member has no example value. Add a value to EXAMPLES.
    """
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in _WHOLE:
        return dict(_SPECIAL[name])
    resolved = components[name] if name else schema
    return {
        member: _SPECIAL.get(name, {}).get(member) or _value(member, inner, components)
        for member, inner in resolved.get("properties", {}).items()
    }


def _value(member: str, schema: Schema, components: Mapping[str, Schema]) -> Any:  # noqa: ANN401 - JSON
    if "$ref" in schema.get("items", {}):
        return [example(schema["items"], components)]
    if "properties" in components.get(schema.get("$ref", "").rpartition("/")[2], {}):
        return example(schema, components)
    return EXAMPLES[member]
