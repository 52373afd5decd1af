"""Authlib: discover, verify access tokens as RFC 9068 asks, refresh, introspect and revoke."""

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet
from sign_in import CLIENT_ID, URL, check, sign_in

metadata = AuthorizationServerMetadata(requests.get(get_well_known_url(URL, external=True), timeout=30).json())
check("discovery", ok=metadata["issuer"] == URL)
try:
    metadata.validate()
    print("metadata: ok")
except ValueError as error:
    print(f"metadata: {error}")

# A service would fetch the keys again every few minutes, or when a token names a key that it does not know.
keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())


class Validator(JWTBearerTokenValidator):
    """Verifies access tokens with the published keys."""

    def get_jwks(self) -> KeySet:
        """Return the keys."""
        return keys


def verify(token: str, audience: str = "doorward") -> None:
    """Refuse a token that is not of this issuer, for this audience, of an administrator."""
    validator = Validator(issuer=URL, resource_server=audience)
    validator.validate_token(validator.authenticate_token(token), scopes=None, request=None, roles=["admin"])


session = OAuth2Session(CLIENT_ID, token=sign_in(), **metadata)
verify(session.token["access_token"])
check("verify", ok=True)
try:
    verify(session.token["access_token"], audience="somebody-else")
    check("wrong audience refused", ok=False)
except InvalidTokenError:
    check("wrong audience refused", ok=True)

before = session.token["refresh_token"]
session.refresh_token()
check("refresh", ok=session.token["refresh_token"] != before)

# Introspection is for administrators and services: their access token stands where client authentication would.
as_admin = {"Authorization": f"Bearer {sign_in()['access_token']}"}


def is_active(token: str) -> bool:
    """Introspect a token (RFC 7662)."""
    answer = session.introspect_token(metadata["introspection_endpoint"], token, headers=as_admin)
    answer.raise_for_status()
    return answer.json()["active"] is True


access_token, refresh_token = session.token["access_token"], session.token["refresh_token"]
check("introspect", ok=is_active(access_token) and is_active(refresh_token))

session.revoke_token(metadata["revocation_endpoint"], refresh_token).raise_for_status()
check("revoke", ok=not is_active(access_token) and not is_active(refresh_token))
try:
    session.refresh_token()
    check("refresh after revocation refused", ok=False)
except OAuthError as error:
    check("refresh after revocation refused", ok=True)
    print(f"told as: {error.error}")
