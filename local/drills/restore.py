"""Restore tables from a backup: what was revoked since the backup must not come back.

The steps are those of docs/operations.md, "After a restored table, or a theft".
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import jwt

from local.drills.report import Report
from local.drills.site import OK, Site, seconds_until

_TABLES = ("UsersTable", "RefreshTokensTable", "RevocationsTable")


def run(site: Site, report: Report, *, sabotage: bool) -> None:
    """Take a backup, revoke, restore the backup, and follow the steps.

    Args:
        site: where to.
        report: what is found.
        sabotage: whether the steps after the restore are left out.
    """
    stays = site.newcomer()
    kid = _rotate_past(site, stays["access_token"])  # so that revoking this key does not hide what else revives
    gone, left = site.newcomer(), site.newcomer()
    admin = site.sign_in("acme-admin")["access_token"]
    service = site.service_token(admin, f"drill-{uuid.uuid4().hex[:8]}")
    backups = {site.outputs[name]: _backup(site, site.outputs[name]) for name in _TABLES}
    path = f"/api/acme/auth/service-tokens/{_claims(service['access_token'])['jti']}"
    for method, url, token in (
        ("DELETE", f"/users/{gone['id']}", admin),
        ("POST", "/auth/logout", left["access_token"]),
        ("DELETE", path, admin),
    ):
        site.must(method, url, token)
    site.script("rotate_keys.py", "--revoke", kid)
    newcomer = site.newcomer()
    tokens = {
        "of a user who was deleted": gone["access_token"],
        "of a session that was signed out": left["access_token"],
        "of a service, which was revoked": service["access_token"],
        "signed by a key that was revoked": stays["access_token"],
    }
    report.check("before the restore everything that was revoked is refused", all(_are_dead(site, tokens)))
    began = time.monotonic()
    for table, backup in backups.items():
        site.script("restore_table.py", backup, table)
    report.figures["tokens that the restore alone revived"] = sum(not dead for dead in _are_dead(site, tokens))
    report.check("without the steps afterwards the restore would be an accident", not all(_are_dead(site, tokens)))
    if not sabotage:
        site.script("rotate_keys.py", "--end-everything")
        site.script("rotate_keys.py", "--revoke", kid)
    report.figures["seconds from the restore until everything was ended"] = round(time.monotonic() - began, 2)
    for (what, _), dead in zip(tokens.items(), _are_dead(site, tokens), strict=True):
        report.check(f"an access token {what} is refused", dead)
    _check_sessions(site, report, {"gone": gone, "left": left, "stays": stays, "newcomer": newcomer})
    time.sleep(1)  # access tokens know seconds: one of the second of the end is refused too
    again = site.sign_in(stays["name"], stays["password"])
    report.check("who was there at the backup signs in again", site.me(again["access_token"]) == OK)
    for backup in backups.values():
        site.client("dynamodb").delete_table(TableName=backup)


def _check_sessions(site: Site, report: Report, sessions: dict[str, Any]) -> None:
    cookies = [site.me(cookie=one["cookie"]) for one in sessions.values()]
    refreshes = [site.refresh(one["refresh_token"]).status for one in sessions.values()]
    report.check("no cookie from before the restore works", OK not in cookies)
    report.check("no refresh token from before the restore works", OK not in refreshes)


def _rotate_past(site: Site, token: str) -> str:
    """Rotate until another key signs than the one of a token, and return the token's."""
    kid = str(jwt.get_unverified_header(token)["kid"])
    seconds_until(lambda: f"{kid}: active" not in site.script("rotate_keys.py", "--now"), every=1)
    return kid


def _are_dead(site: Site, tokens: dict[str, str]) -> list[bool]:
    return [site.me(token) != OK for token in tokens.values()]


def _claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def _backup(site: Site, table: str) -> str:
    """Return the name of a new table with the items that a table has now, as AWS restores one from a backup."""
    client, name = site.client("dynamodb"), f"backup-{uuid.uuid4().hex[:8]}"
    shape = client.describe_table(TableName=table)["Table"]
    keys = {part["AttributeName"] for part in shape["KeySchema"]}
    client.create_table(
        TableName=name,
        KeySchema=shape["KeySchema"],
        AttributeDefinitions=[one for one in shape["AttributeDefinitions"] if one["AttributeName"] in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    for page in client.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            client.put_item(TableName=name, Item=item)
    return name
