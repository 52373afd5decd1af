"""What the operations take and answer that prove and manage second factors."""

from __future__ import annotations

from doorward import errors
from doorward.api.bodies import factors as bodies
from doorward.api.bodies import tokens as token_answers
from doorward.api.bodies.flat import FlatRequest, FlatResponse
from tools.openapi.operation import ACCOUNTS, BODY, TOKENS, Errors, Operation

_PROVING: Errors = (*BODY, errors.InvalidSecondFactor, errors.TooManyAttempts, errors.CrossSiteRequest)
_OWN = "everybody for `me`, with a sign-in or step-up of the last ten minutes"
_CHANGE: Errors = (
    errors.MissingCredentials,
    errors.InvalidToken,
    errors.PasswordChangeRequired,
    errors.CrossSiteRequest,
)
_KEEPING: Errors = (
    *_CHANGE,
    errors.InsufficientAuthentication,
    errors.InsufficientScope,
    errors.NotFound,
    errors.InvalidRequest,
    errors.InvalidProof,
    errors.EnrolmentTooLate,
    errors.Conflict,
)


def _signs_in(who: str, request: type[FlatRequest], *more: type[errors.DoorwardError]) -> Operation:
    problems = (*_PROVING, errors.InvalidCredentials, *more)
    return Operation(TOKENS, who, request, token_answers.SignInResponse, problems, sets_cookie=True)


def _keeps(
    response: type[FlatResponse] | None,
    status: int,
    request: type[FlatRequest] | None = None,
    *more: type[errors.DoorwardError],
) -> Operation:
    body = BODY if request else ()
    raises = response is bodies.RaisedResponse
    return Operation(ACCOUNTS, _OWN, request, response, (*body, *_KEEPING, *more), status, sets_cookie=raises)


_FINISHES = "who proved the first factor"
_HAS_PASSKEY = "who has a passkey, where PasskeyRpId is set and the tenant asks for second factors"

FACTORS: dict[tuple[str, str], Operation] = {
    ("POST", "/auth/second-factor"): _signs_in(_FINISHES, bodies.SecondFactorRequest, errors.NotFound),
    ("POST", "/api/{tenantId}/auth/second-factor"): _signs_in(_FINISHES, bodies.SecondFactorRequest, errors.NotFound),
    ("POST", "/auth/passkey/options"): Operation(
        TOKENS,
        "anybody, where PasskeyRpId is set",
        response=bodies.PasskeyOptionsResponse,
        problems=(*BODY, errors.NotFound),
    ),
    ("POST", "/auth/passkey"): _signs_in(_HAS_PASSKEY, bodies.PasskeyRequest, errors.NotFound),
    ("POST", "/api/{tenantId}/auth/passkey"): _signs_in(_HAS_PASSKEY, bodies.TenantPasskeyRequest, errors.NotFound),
    ("POST", "/auth/step-up"): Operation(
        TOKENS,
        "everybody signed in",
        bodies.StepUpRequest,
        bodies.RaisedResponse,
        (
            *_PROVING,
            *_CHANGE,
            errors.InsufficientAuthentication,
            errors.InsufficientScope,
            errors.WrongPassword,
            errors.NotFound,
            errors.Conflict,
        ),
        sets_cookie=True,
    ),
    ("GET", "/users/{id}/factors"): Operation(
        ACCOUNTS,
        "everybody for `me`",
        response=bodies.FactorListResponse,
        problems=(errors.MissingCredentials, errors.InvalidToken, errors.PasswordChangeRequired, errors.NotFound),
    ),
    ("DELETE", "/users/{id}/factors"): Operation(
        ACCOUNTS,
        "administrators of the home tenant, for users of no other, with a sign-in or step-up of the last hour",
        problems=(*_KEEPING, errors.EnrolmentRequired, errors.OwnAccount),
        status=204,
    ),
    ("POST", "/users/{id}/factors/totp"): _keeps(bodies.NewTotpResponse, 201),
    ("DELETE", "/users/{id}/factors/totp"): _keeps(None, 204, None, errors.LastFactor),
    ("POST", "/users/{id}/factors/totp/confirm"): _keeps(
        bodies.RaisedResponse,
        200,
        bodies.ConfirmTotpRequest,
        errors.InvalidSecondFactor,
        errors.TooManyAttempts,
    ),
    ("POST", "/users/{id}/factors/recovery-codes"): _keeps(bodies.RecoveryCodesResponse, 201),
    ("POST", "/users/{id}/factors/passkeys/options"): _keeps(bodies.PasskeyOptionsResponse, 200),
    ("POST", "/users/{id}/factors/passkeys"): _keeps(
        bodies.RaisedResponse, 201, bodies.NewPasskeyRequest, errors.InvalidSecondFactor
    ),
    ("PATCH", "/users/{id}/factors/{factorId}"): _keeps(bodies.FactorListResponse, 200, bodies.RenameFactorRequest),
    ("DELETE", "/users/{id}/factors/{factorId}"): _keeps(None, 204, None, errors.LastFactor),
}
