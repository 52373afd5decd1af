"""requests-oauthlib: call the API, refresh, introspect and revoke."""

import os

from oauthlib.oauth2 import Client, OAuth2Error
from requests_oauthlib import OAuth2Session
from sign_in import CLIENT_ID, URL, check, sign_in

if URL.startswith("http://localhost:"):
    # Only for the local cloud: the library refuses plain http otherwise.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

TOKEN_ENDPOINT = f"{URL}/auth/token/refresh"

# One session asks, as an administrator; the other one's tokens are asked about.
admin = OAuth2Session(token=sign_in())
client = Client(CLIENT_ID)
session = OAuth2Session(client=client, token=sign_in())

me = session.get(f"{URL}/users/me")
check("call the API", ok=me.json()["username"] == os.environ.get("DOORWARD_USERNAME", "acme-admin"))

before = session.token["refresh_token"]
# The library sends the client_id only if told to.
session.refresh_token(TOKEN_ENDPOINT, client_id=CLIENT_ID)
check("refresh", ok=session.token["refresh_token"] != before)


def is_active(token: str) -> bool:
    """Introspect a token (RFC 7662); the library has no call for it, but adds the Bearer header."""
    answer = admin.post(f"{URL}/auth/token/introspect", data={"token": token})
    answer.raise_for_status()
    return answer.json()["active"] is True


access_token, refresh_token = session.token["access_token"], session.token["refresh_token"]
check("introspect", ok=is_active(access_token) and is_active(refresh_token))

# The library composes the request (RFC 7009); sending it is left to you.
url, headers, body = client.prepare_token_revocation_request(
    f"{URL}/auth/token/revoke", refresh_token, "refresh_token", client_id=CLIENT_ID
)
session.post(url, data=body, headers=headers, withhold_token=True).raise_for_status()
check("revoke", ok=not is_active(access_token) and not is_active(refresh_token))

try:
    session.refresh_token(TOKEN_ENDPOINT, client_id=CLIENT_ID)
    check("refresh after revocation refused", ok=False)
except OAuth2Error as error:
    check("refresh after revocation refused", ok=True)
    print(f"told as: {error.error}")
