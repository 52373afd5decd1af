"""Theft of keys: first the signing keys, then the keys of refresh tokens. The thief forges, and honest people go on."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import jwt

from doorward.keys.mac import decode_mac_keys
from doorward.keys.signing import PrivateKeys
from doorward.tokens.refresh import mint_refresh_token, read_refresh_token
from local.drills.report import Report
from local.drills.site import OK, Site, people, seconds_until

_TRIES = 200
_HONEST = 3
_PATIENCE_SECONDS = 30


def run(site: Site, report: Report, *, sabotage: bool) -> None:
    """Steal keys, revoke them, and see who is refused.

    Args:
        site: where to.
        report: what is found.
        sabotage: whether the stolen keys are revoked after all.
    """
    _signing_keys(site, report, sabotage=sabotage)
    _mac_keys(site, report, sabotage=sabotage)


def _signing_keys(site: Site, report: Report, *, sabotage: bool) -> None:
    victim = site.sign_in("admin")
    active = jwt.get_unverified_header(victim["access_token"])["kid"]
    stolen = PrivateKeys.decode(site.secret("SigningSecret")).pems
    pems = dict(sorted(stolen.items(), key=lambda one: one[0] != active))  # the active one first
    algorithms = {key["kid"]: key["alg"] for key in site.must("GET", "/.well-known/jwks.json")["keys"]}
    forge = {kid: partial(_forged, victim["access_token"], pems[kid], kid, algorithms[kid]) for kid in pems}
    report.check("a token that the thief forges is taken as long as nobody knows", site.me(forge[active]()) == OK)
    honest = [site.newcomer() for _ in range(_HONEST)]
    with people(site, honest):
        for kid in pems:
            if not sabotage:
                site.script("rotate_keys.py", "--revoke", kid)
            taken = sum(site.me(forge[kid]()) == OK for _ in range(_TRIES))
            report.check("from the next request on no forged access token is taken", taken == 0)
        time.sleep(3)  # honest people go on meanwhile
    report.figures["forged access tokens tried"] = _TRIES * len(pems)
    signed = {jwt.get_unverified_header(one["access_token"])["kid"] for one in honest}
    report.check("honest people have tokens of a key that was not stolen", not signed & set(pems))


def _mac_keys(site: Site, report: Report, *, sabotage: bool) -> None:
    victim, honest = site.newcomer(), site.newcomer()
    stolen = decode_mac_keys(site.secret("RefreshMacSecret"))
    proven, key = read_refresh_token([one.raw() for one in stolen], victim["refresh_token"])
    generation = proven.generation

    def forged_is_refused() -> bool:
        nonlocal generation
        refused = site.refresh(mint_refresh_token(key, proven.ref, generation)).status != OK
        generation += not refused  # what was taken has a successor, which the thief computes too
        return refused

    taken = not forged_is_refused()
    report.check("a refresh token that the thief computes is taken as long as nobody knows", taken)
    for one in stolen:
        if not sabotage:
            site.script("rotate_keys.py", "--revoke", one.kid)
    seconds = seconds_until(forged_is_refused, _PATIENCE_SECONDS)
    report.figures["seconds until a forged refresh token is refused"] = seconds
    report.check("a forged refresh token is refused once functions read the keys anew", seconds < _PATIENCE_SECONDS)
    report.check("honest people's access tokens go on until they end", site.me(honest["access_token"]) == OK)
    again = site.sign_in(honest["name"], honest["password"])
    report.check("honest people sign in again, and refresh", site.refresh(again["refresh_token"]).status == OK)


def _forged(token: str, pem: str, kid: str, algorithm: str) -> str:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(
        {**claims, "client_id": "thief", "iat": int(time.time())}, pem, algorithm, {"kid": kid, "typ": "at+jwt"}
    )
