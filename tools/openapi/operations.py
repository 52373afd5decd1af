"""What each operation takes and answers.

The path, the method and the sentence of an operation come from the functions.
"""

from __future__ import annotations

from doorward import errors
from doorward.api.bodies import policy as policies
from doorward.api.bodies import requests, sign_in
from doorward.api.bodies import responses as answers
from doorward.api.bodies import sessions as session_answers
from doorward.api.bodies import tokens as token_answers
from doorward.api.bodies.export import ExportResponse
from tools.openapi.audited import AUDITED
from tools.openapi.factors import FACTORS
from tools.openapi.invited import INVITED
from tools.openapi.mailed import MAILED
from tools.openapi.operation import (
    ACCOUNTS,
    ALWAYS,
    BODY,
    CALLER,
    CHANGE,
    DEMO,
    DISCOVERY,
    GRANT,
    LIST,
    LISTED,
    SERVICES,
    TENANTS,
    TOKENS,
    Errors,
    Operation,
    Schema,
)
from tools.openapi.webhooks import TOLD

__all__ = ["ALWAYS", "OPERATIONS", "Operation", "Schema"]


def _refresh(who: str = "who has the token") -> Operation:
    return Operation(
        TOKENS,
        who,
        sign_in.RefreshRequest,
        token_answers.TokenResponse,
        (*GRANT, errors.UnsupportedGrantType, errors.RefreshTokenReused),
        form=True,
    )


def _logout() -> Operation:
    problems = (*CALLER, errors.CrossSiteRequest, errors.InvalidRequest)
    return Operation(
        TOKENS, "anybody signed in", problems=problems, status=204, query=("everywhere",), sets_cookie=True
    )


def _ending(what: str) -> Operation:
    return Operation(
        ACCOUNTS,
        f"everybody for `me`, with {what} in all tenants; a tenant's administrators for {what} in their tenant, "
        "platform administrators for all",
        problems=(*CHANGE, errors.InsufficientScope, errors.NotFound, errors.Conflict),
        status=204,
    )


_LOGIN: Errors = (*BODY, errors.InvalidCredentials, errors.SecondFactorRequired, errors.TooManyAttempts)
_USER: Errors = (*CALLER, errors.InsufficientScope, errors.NotFound)
_USER_CHANGE: Errors = (
    *BODY,
    *CHANGE,
    errors.InsufficientAuthentication,
    errors.InsufficientScope,
    errors.NotFound,
    errors.Conflict,
    errors.LastAdmin,
)
_NAMES: Errors = (errors.WeakPassword, errors.UnacceptableName, errors.EmailTaken)
_JSON: Schema = {"type": "object"}
_JWT: Schema = {"type": "string"}
_IN_TENANT: Errors = (*CHANGE, errors.InsufficientScope, errors.NotFound, errors.InvalidRequest)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/auth/login"): Operation(
        TOKENS,
        "anybody",
        sign_in.LoginRequest,
        token_answers.SignInResponse,
        (*_LOGIN, errors.CrossSiteRequest),
        sets_cookie=True,
    ),
    ("POST", "/api/{tenantId}/auth/login"): Operation(
        TOKENS,
        "anybody",
        sign_in.TenantLoginRequest,
        token_answers.SignInResponse,
        (*_LOGIN, errors.CrossSiteRequest),
        sets_cookie=True,
    ),
    ("POST", "/auth/token/refresh"): _refresh(),
    ("POST", "/auth/refresh"): _refresh(),
    ("POST", "/api/{tenantId}/auth/refresh"): _refresh(),
    ("POST", "/auth/session/token"): Operation(
        TOKENS,
        "a browser with the session cookie, from pages of the API's own origin or of `AllowedOrigins`",
        sign_in.SessionTokenRequest,
        token_answers.AccessTokenResponse,
        (*BODY, errors.MissingCredentials, errors.InvalidToken, errors.CrossSiteRequest, errors.InvalidGrant),
        needs_body=False,
        token_errors=True,
    ),
    ("POST", "/auth/token/revoke"): Operation(
        TOKENS, "who has the token", sign_in.RevokeRequest, None, BODY, form=True
    ),
    ("POST", "/auth/token/introspect"): Operation(
        TOKENS,
        "administrators and services, for tokens of their own tenant; platform administrators for any",
        sign_in.IntrospectRequest,
        token_answers.IntrospectionResponse,
        (*BODY, *CHANGE, errors.InsufficientScope),
        form=True,
    ),
    ("GET", "/auth/logout"): _logout(),
    ("POST", "/auth/logout"): _logout(),
    ("POST", "/auth/socket-ticket"): Operation(
        TOKENS,
        "anybody signed in, where the deployment has sockets",
        response=token_answers.SocketTicketResponse,
        problems=(*CHANGE, errors.InsufficientScope, errors.NotFound),
    ),
    ("GET", "/users"): Operation(
        ACCOUNTS,
        "a tenant's administrators for their tenant, platform administrators for all",
        response=answers.UserListResponse,
        problems=(*CALLER, errors.InsufficientScope, *LIST),
        query=("tenant_id", "email", "name", "role", "status", *LISTED),
    ),
    ("POST", "/users"): Operation(
        ACCOUNTS,
        "a tenant's administrators for their tenant, platform administrators for any",
        requests.CreateUserRequest,
        answers.UserResponse,
        (
            *BODY,
            *CHANGE,
            *_NAMES,
            errors.InsufficientAuthentication,
            errors.UsernameTaken,
            errors.InsufficientScope,
            errors.TenantNotFound,
            errors.Conflict,
        ),
        201,
    ),
    ("GET", "/users/{id}"): Operation(
        ACCOUNTS, "administrators; everybody for `me`", response=answers.UserResponse, problems=_USER
    ),
    ("PATCH", "/users/{id}"): Operation(
        ACCOUNTS,
        "administrators; everybody for the own profile and password",
        requests.ChangeUserRequest,
        answers.UserResponse,
        (*_USER_CHANGE, *_NAMES, errors.WrongPassword, errors.OwnAccount, errors.TooManyAttempts),
    ),
    ("DELETE", "/users/{id}"): Operation(
        ACCOUNTS,
        "administrators of the home tenant; everybody for the own account, with the password",
        requests.LeaveRequest,
        problems=(*_USER_CHANGE, errors.OwnAccount, errors.WrongPassword, errors.TooManyAttempts),
        status=204,
        needs_body=False,
    ),
    ("GET", "/users/{id}/export"): Operation(
        ACCOUNTS,
        "administrators of the home tenant; everybody for `me`",
        response=ExportResponse,
        problems=_USER,
    ),
    ("GET", "/users/{id}/sessions"): Operation(
        ACCOUNTS,
        "everybody for `me`; a tenant's administrators for sessions in their tenant, platform administrators for all",
        response=session_answers.UserSessionListResponse,
        problems=_USER,
    ),
    ("DELETE", "/users/{id}/sessions"): _ending("sessions"),
    ("DELETE", "/users/{id}/sessions/{sessionId}"): _ending("the session"),
    ("PUT", "/users/{id}/tenants/{tenantId}"): Operation(
        ACCOUNTS,
        "platform administrators",
        requests.AssignTenantRequest,
        answers.UserResponse,
        (*_USER_CHANGE, errors.EmailTaken, errors.TenantNotFound),
    ),
    ("DELETE", "/users/{id}/tenants/{tenantId}"): Operation(
        ACCOUNTS,
        "platform administrators",
        problems=(*CHANGE, errors.InvalidRequest, errors.InsufficientScope, errors.NotFound, errors.LastAdmin),
        status=204,
    ),
    **FACTORS,
    **INVITED,
    **TOLD,
    **MAILED,
    ("GET", "/tenants"): Operation(
        TENANTS,
        "platform administrators",
        response=answers.TenantListResponse,
        problems=(*CALLER, errors.InsufficientScope, *LIST),
        query=LISTED,
    ),
    ("POST", "/tenants"): Operation(
        TENANTS,
        "platform administrators",
        requests.CreateTenantRequest,
        answers.TenantResponse,
        (*BODY, *CHANGE, errors.UnacceptableName, errors.InsufficientScope, errors.TenantTaken),
        201,
    ),
    ("GET", "/tenants/{tenantId}"): Operation(
        TENANTS,
        "platform administrators; members for their own",
        response=answers.TenantResponse,
        problems=(*CALLER, errors.InvalidRequest, errors.NotFound),
    ),
    ("PATCH", "/tenants/{tenantId}"): Operation(
        TENANTS,
        "platform administrators; the tenant's administrators for `metadata`",
        requests.ChangeTenantRequest,
        answers.TenantResponse,
        (*BODY, *CHANGE, errors.UnacceptableName, errors.InsufficientScope, errors.NotFound, errors.Conflict),
    ),
    ("GET", "/api/{tenantId}/policy"): Operation(
        TENANTS, "the tenant's administrators", response=policies.PolicyResponse, problems=_IN_TENANT
    ),
    ("PATCH", "/api/{tenantId}/policy"): Operation(
        TENANTS,
        "the tenant's administrators",
        policies.ChangePolicyRequest,
        policies.PolicyResponse,
        (*_IN_TENANT, *BODY, errors.InsufficientAuthentication, errors.UnacceptableName, errors.Conflict),
    ),
    ("DELETE", "/tenants/{tenantId}"): Operation(
        TENANTS,
        "platform administrators",
        response=answers.RemovedTenantResponse,
        problems=(*_IN_TENANT, errors.Conflict, errors.TenantActive),
        status=202,
        also_empty=True,
    ),
    ("GET", "/api/{tenantId}/auth/service-tokens"): Operation(
        SERVICES,
        "the tenant's administrators",
        response=answers.ServiceTokenListResponse,
        problems=(*_IN_TENANT, errors.InvalidCursor),
        query=(*LISTED, "created_by"),
    ),
    ("POST", "/api/{tenantId}/auth/service-tokens"): Operation(
        SERVICES,
        "the tenant's administrators",
        requests.MintServiceTokenRequest,
        answers.ServiceTokenResponse,
        (*_IN_TENANT, *BODY, errors.InsufficientAuthentication),
        201,
    ),
    ("DELETE", "/api/{tenantId}/auth/service-tokens"): Operation(
        SERVICES,
        "the tenant's administrators",
        response=answers.RevokedTokensResponse,
        problems=_IN_TENANT,
        query=("created_by",),
    ),
    ("DELETE", "/api/{tenantId}/auth/service-tokens/{jti}"): Operation(
        SERVICES, "the tenant's administrators", problems=_IN_TENANT, status=204
    ),
    **AUDITED,
    ("POST", "/api/{tenantId}/demo/seed"): Operation(
        DEMO,
        "the tenant's administrators, where the deployment has `DemoEnabled`",
        requests.SeedRequest,
        answers.SeedResponse,
        (*_IN_TENANT, *BODY, errors.Conflict),
        needs_body=False,
    ),
    ("DELETE", "/api/{tenantId}/demo/seed"): Operation(
        DEMO,
        "the tenant's administrators, where the deployment has `DemoEnabled`",
        problems=(*_IN_TENANT, errors.Conflict),
        status=204,
    ),
    ("GET", "/api/{tenantId}/notifications"): Operation(
        DEMO,
        "everybody of the tenant",
        response=answers.NotificationListResponse,
        problems=(*_IN_TENANT, errors.InvalidCursor),
        query=LISTED,
    ),
    ("PATCH", "/api/{tenantId}/notifications/{id}"): Operation(
        DEMO, "everybody of the tenant", requests.ReadNotificationRequest, None, (*_IN_TENANT, *BODY), 204
    ),
    ("GET", "/.well-known/jwks.json"): Operation(DISCOVERY, "anybody", response=_JSON, cached=True),
    ("GET", "/.well-known/openid-configuration"): Operation(DISCOVERY, "anybody", response=_JSON, cached=True),
    ("GET", "/.well-known/oauth-authorization-server"): Operation(DISCOVERY, "anybody", response=_JSON, cached=True),
    ("GET", "/.well-known/openapi.json"): Operation(DISCOVERY, "anybody", response=_JSON, cached=True),
    ("GET", "/.well-known/webauthn"): Operation(
        DISCOVERY,
        "anybody, where the deployment has passkeys",
        response=_JSON,
        problems=(errors.NotFound,),
        cached=True,
    ),
    ("GET", "/.well-known/revocations"): Operation(
        DISCOVERY,
        "anybody",
        response=_JWT,
        media_type="application/jwt",
        cached=True,
    ),
    ("GET", "/.well-known/revocations/parts/{name}"): Operation(
        DISCOVERY, "anybody", response=_JSON, problems=(errors.NotFound,)
    ),
}
