"""PyJWT: verify access tokens offline."""

from typing import Any

import jwt
from sign_in import URL, check, sign_in

AUDIENCE = "doorward"

# The client keeps the keys for five minutes, and fetches them again when a token names a key that it does not know.
keys = jwt.PyJWKClient(f"{URL}/.well-known/jwks.json")


def verify(token: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """Return header and claims of a token from this issuer for this audience."""
    return jwt.decode_complete(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["RS256"],
        issuer=URL,
        audience=audience,
        options={"require": ["exp", "iat", "sub", "jti"]},
    )


access_token = sign_in()["access_token"]
decoded = verify(access_token)
claims = decoded["payload"]
# PyJWT does not compare the type, so do it yourself.
check("verify", ok=decoded["header"]["typ"] == "at+jwt" and claims["tenant_id"] == "acme")

try:
    verify(access_token, audience="somebody-else")
    check("wrong audience refused", ok=False)
except jwt.InvalidAudienceError:
    check("wrong audience refused", ok=True)
