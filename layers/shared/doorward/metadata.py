"""What this authorization server says of itself."""

from __future__ import annotations

from doorward.signing_keys import KeySet


def authorization_server_metadata(key_set: KeySet) -> dict[str, str | list[str]]:
    """Return the metadata document (RFC 8414 section 2), promising only what is there.

    It serves OpenID Connect Discovery too, whose members that speak of an authorization endpoint are
    left out: there is none, and sign-in is Doorward's own endpoint.
    """
    issuer = key_set.issuer
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "token_endpoint": f"{issuer}/auth/token/refresh",
        "revocation_endpoint": f"{issuer}/auth/token/revoke",
        "grant_types_supported": ["refresh_token"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted({key.algorithm for key in key_set.keys}),
    }
