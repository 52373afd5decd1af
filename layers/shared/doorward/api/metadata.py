"""What this authorization server says of itself."""

from __future__ import annotations

from doorward.keys.signing import KeySet


def authorization_server_metadata(key_set: KeySet) -> dict[str, str | list[str]]:
    """Return the metadata document (RFC 8414 section 2), promising only what is there.

    There is no authorization endpoint: sign-in is Doorward's own.
    """
    issuer = key_set.issuer
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "token_endpoint": f"{issuer}/auth/token/refresh",
        "revocation_endpoint": f"{issuer}/auth/token/revoke",
        "introspection_endpoint": f"{issuer}/auth/token/introspect",
        "service_documentation": f"{issuer}/.well-known/openapi.json",
        "grant_types_supported": ["refresh_token"],
        # Required, and not to be empty (RFC 8414 sections 2 and 3.2): this one says that nothing is ever returned.
        "response_types_supported": ["none"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "introspection_endpoint_auth_methods_supported": ["Bearer"],
    }


def openid_configuration(key_set: KeySet) -> dict[str, str | list[str]]:
    """Return the OpenID Connect Discovery document, by which many libraries and API Gateway find the keys.

    There is no OpenID provider here: no authorization endpoint and no ID tokens. The two members that Discovery
    (section 3) requires and that promise no endpoint are there, for libraries that insist on them.
    """
    return {
        **authorization_server_metadata(key_set),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted({key.algorithm for key in key_set.keys}) or ["HS256"],
    }
