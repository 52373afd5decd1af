"""The documents in which this authorization server describes itself."""

from __future__ import annotations

from doorward.keys.signing import KeySet


def authorization_server_metadata(key_set: KeySet) -> dict[str, str | list[str]]:
    """Return the metadata document (RFC 8414 section 2).

    The document names only what exists. There is no authorization endpoint, because sign-in is an API of its own.
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
        # The list is required and must not be empty (RFC 8414 sections 2 and 3.2). "none" says: no response type.
        "response_types_supported": ["none"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "introspection_endpoint_auth_methods_supported": ["Bearer"],
    }


def openid_configuration(key_set: KeySet) -> dict[str, str | list[str]]:
    """Return the OpenID Connect Discovery document.

    API Gateway and many libraries find the keys with it. Doorward is no OpenID provider: it has no authorization
    endpoint and no ID tokens. The document has the two members that OpenID Connect Discovery 1.0 (section 3) requires
    and that name no endpoint, because some libraries need them.
    """
    return {
        **authorization_server_metadata(key_set),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": sorted({key.algorithm for key in key_set.keys}) or ["HS256"],
    }
