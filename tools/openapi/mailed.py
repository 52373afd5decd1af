"""What the operations take and answer that mail something, or use what was mailed."""

from __future__ import annotations

from doorward import errors
from doorward.api.bodies import proofs as bodies
from doorward.api.bodies import tokens as token_answers
from doorward.api.bodies.flat import FlatRequest
from tools.openapi.operation import ACCOUNTS, BODY, CALLER, CHANGE, TOKENS, Errors, Operation

_WHERE = "anybody, where mail is on"
_ASKED: Errors = (*BODY, errors.NotFound, errors.TooManyAttempts)
_PROVED: Errors = (*BODY, errors.NotFound, errors.InvalidProof)
_SIGN_UP: Errors = (*_ASKED, errors.SignUpClosed, errors.UnacceptableName)
_NEW_USER: Errors = (*_PROVED, errors.WeakPassword, errors.UnacceptableName, errors.UsernameTaken)
_RESET: Errors = (*BODY, errors.InvalidProof, errors.WeakPassword, errors.Conflict)
_RESET_WHO = "who has the link or the code"


def _asks(request: type[FlatRequest], problems: Errors = _ASKED) -> Operation:
    return Operation(ACCOUNTS, _WHERE, request, bodies.ChallengeResponse, problems, 202)


def _signs_up() -> Operation:
    return Operation(
        ACCOUNTS,
        _WHERE,
        bodies.SignUpConfirmRequest,
        token_answers.SignInResponse,
        (*_NEW_USER, errors.InvalidCredentials, errors.CrossSiteRequest),
        201,
        sets_cookie=True,
    )


def _signs_in() -> Operation:
    return Operation(
        TOKENS,
        "anybody, where mail is on and the tenant's policy has the method `email_code`",
        bodies.CodeSignInRequest,
        token_answers.SignInResponse,
        (*_PROVED, errors.InvalidCredentials, errors.SecondFactorRequired, errors.CrossSiteRequest),
        sets_cookie=True,
    )


MAILED: dict[tuple[str, str], Operation] = {
    ("POST", "/auth/sign-up"): _asks(bodies.SignUpRequest, _SIGN_UP),
    ("POST", "/api/{tenantId}/auth/sign-up"): _asks(bodies.TenantSignUpRequest, _SIGN_UP),
    ("POST", "/auth/sign-up/confirm"): _signs_up(),
    ("POST", "/api/{tenantId}/auth/sign-up/confirm"): _signs_up(),
    ("POST", "/auth/email-code"): _asks(bodies.EmailRequest),
    ("POST", "/api/{tenantId}/auth/email-code"): _asks(bodies.TenantEmailRequest),
    ("POST", "/auth/email-code/confirm"): _signs_in(),
    ("POST", "/api/{tenantId}/auth/email-code/confirm"): _signs_in(),
    ("POST", "/auth/password-reset"): _asks(bodies.NameRequest),
    ("POST", "/api/{tenantId}/auth/password-reset"): _asks(bodies.TenantNameRequest),
    ("POST", "/auth/password-reset/confirm"): Operation(
        ACCOUNTS, _RESET_WHO, bodies.NewPasswordRequest, None, _RESET, 204
    ),
    ("POST", "/api/{tenantId}/auth/password-reset/confirm"): Operation(
        ACCOUNTS, _RESET_WHO, bodies.NewPasswordRequest, None, _RESET, 204
    ),
    ("POST", "/users/{id}/password-reset"): Operation(
        ACCOUNTS,
        "administrators of the home tenant, for users of no other",
        bodies.UserResetRequest,
        bodies.ResetLinkResponse,
        (*BODY, *CHANGE, errors.InsufficientAuthentication, errors.InsufficientScope, errors.NotFound),
        202,
        needs_body=False,
    ),
    ("POST", "/auth/verify-email"): Operation(
        ACCOUNTS,
        "everybody with an address, where mail is on",
        bodies.VerificationRequest,
        bodies.ChallengeResponse,
        (*_ASKED, *CHANGE),
        202,
        needs_body=False,
    ),
    ("POST", "/auth/verify-email/confirm"): Operation(
        ACCOUNTS, _WHERE, bodies.ProofRequest, None, (*_PROVED, errors.Conflict), 204
    ),
    ("POST", "/auth/find-tenants"): Operation(
        ACCOUNTS, _WHERE, bodies.TenantEmailRequest, None, (*_ASKED, errors.UnacceptableName), 202
    ),
    ("POST", "/users/{id}/email"): Operation(
        ACCOUNTS,
        "everybody for `me`, where mail is on",
        bodies.EmailChangeRequest,
        bodies.ChallengeResponse,
        (*_ASKED, *CALLER, errors.CrossSiteRequest, errors.UnacceptableName, errors.WrongPassword),
        202,
    ),
    ("POST", "/auth/email-change/confirm"): Operation(
        ACCOUNTS, _WHERE, bodies.ProofRequest, None, (*_PROVED, errors.Conflict), 204
    ),
    ("POST", "/auth/email-change/undo"): Operation(
        ACCOUNTS, _WHERE, bodies.TokenRequest, None, (*_PROVED, errors.EmailTaken, errors.Conflict), 204
    ),
}
