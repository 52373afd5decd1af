"""Why a request was denied: stable codes for the log and for operators, never for the caller."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    # What was presented
    "missing_credentials": "neither a bearer token nor a session cookie was sent",
    "several_authorization_headers": "more than one Authorization header was sent",
    "empty_token": "the Authorization header has the scheme Bearer and no token",
    "malformed_bearer": "after the scheme Bearer and one space comes anything but a token in plain ASCII",
    "several_session_cookies": "more than one session cookie was sent",
    "cookies_too_long": "the Cookie header has more than 16 KB",
    # The token's form
    "token_too_long": "the token has more than 8 KB",
    "not_compact": "the token is not three base64url parts between dots",
    "malformed": "a part of the token is not canonical base64url, or no JSON object with distinct members",
    "unacceptable_header": "the token's header says more than alg, typ and kid, or names no key",
    "wrong_type": "the token is no access token (typ is not at+jwt)",
    # Who signed it, and for whom
    "unknown_kid": "no published key has the token's kid: another deployment's, or of a key that is gone",
    "wrong_algorithm": "the token's alg is not that of its key",
    "bad_signature": "the signature does not verify",
    "other_signature_form": "the signature is the other of two that would verify",
    "wrong_issuer": "the token was issued by another deployment, or before IssuerUrl changed",
    "wrong_audience": "the token is for another audience",
    "missing_claim": "a claim that every access token has is missing",
    "malformed_claim": "a claim is of the wrong kind",
    "malformed_name": "a claim names a tenant, user, session, token or role in a form that no such name has",
    "contradictory_claims": "userId or tenantId says something else than user_id or tenant_id",
    # Its time
    "expired": "the token has expired",
    "issued_in_the_future": "the token was issued in the future, or is not good yet: clocks differ",
    "lives_too_long": "the token's life is longer than any that is given out",
    # What was revoked
    "key_revoked": "the key that signed the token was revoked (scripts/rotate_keys.py --revoke)",
    "deployment_cut_off": "everything that began before was ended (scripts/rotate_keys.py --end-everything)",
    "tenant_cut_off": "the tenant was disabled after the token was issued",
    "session_ended": "the token's session ended: signed out, revoked, or its refresh token came back",
    "token_revoked": "this very token was revoked",
    "user_cut_off": "the user's password, roles, status or membership changed after the token was issued",
    # The cookie
    "malformed_cookie": "the session cookie is none that was given out",
    "unknown_session": "the session cookie's session does not exist, or its secret is wrong",
    "session_over": "the session cookie's session ended, expired or was cut off, or its user is not let in any more",
    # A known caller, refused all the same
    "password_change_required": "the user must change the password first",
    "second_factor_required": "the user must prove or enrol a second factor first",
    "acr_too_low": "the API's owner asks for a surer sign-in on this path than the caller's was",
    "sign_in_too_old": "the API's owner asks for a younger sign-in on this path than the caller's is",
    "known_devices_only": "after many wrong passwords the account takes passwords from known devices only",
    "cross_site_request": "another web site made the browser send a change on the cookie",
    "other_tenant": "the path names another tenant than the caller's",
    "role_missing": "the API's owner asks for a role on this path that the caller has not",
    # A socket's handshake
    "unknown_ticket": "the ticket was used already, or is none that was given out",
    "expired_ticket": "the ticket is older than a minute",
    "ticket_of_another_origin": "the socket comes from another page's origin than the ticket",
    "socket_of_another_origin": "a browser's socket with a token comes from an origin that is not in AllowedOrigins",
    # The verifier
    "stale_revocations": "the feed of revocations could not be read for too long, so nobody is let in",
    "old_revocations": "the feed of revocations that was read is an old copy",
    "altered_part": "a part of the feed of revocations is not the one that the feed's head names",
    "unreachable_keys": "the published keys could not be read",
}
"""Each code with what it means."""
