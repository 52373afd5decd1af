"""What an operator does after a restore from a backup, from outside."""

from __future__ import annotations

import subprocess
import sys
import uuid

from tests.support.cloud import ROOT, Cloud
from tests.support.people import PASSWORD

TABLES = ("UsersTable", "RefreshTokensTable", "RevocationsTable")


def test_a_restored_table_revives_what_was_revoked_until_everything_is_ended(cloud: Cloud) -> None:
    leaver = _signed_in(cloud)
    backups = {cloud.outputs[name]: _backup(cloud, cloud.outputs[name]) for name in TABLES}
    admin = cloud.token("acme-admin")
    assert cloud.call("DELETE", f"/users/{leaver['id']}", admin).status_code == 204
    assert cloud.call("POST", "/auth/logout", admin).status_code == 204
    newcomer = _signed_in(cloud)
    for table, backup in backups.items():
        assert f"{table} has the " in _run(cloud, "restore_table.py", backup, table)
    # The restore alone would be an accident: whoever was thrown out is back in, and stays in for a day.
    assert cloud.call("GET", "/users/me", leaver["access_token"]).status_code == 200
    assert cloud.call("GET", "/users/me", headers={"Cookie": leaver["cookie"]}).status_code == 200
    _run(cloud, "rotate_keys.py", "--end-everything")
    for session in (leaver, newcomer):
        assert cloud.call("GET", "/users/me", session["access_token"]).status_code == 401
        assert cloud.call("GET", "/users/me", headers={"Cookie": session["cookie"]}).status_code == 401
        dead = cloud.call("POST", "/auth/refresh", json={"refresh_token": session["refresh_token"]})
        assert (dead.status_code, dead.json()["code"]) == (400, "invalid_grant")
    gone = cloud.call("POST", "/auth/login", json={"username": newcomer["name"], "password": PASSWORD})
    assert gone.status_code == 401
    assert cloud.sign_in(leaver["name"], PASSWORD)


def _signed_in(cloud: Cloud) -> dict[str, str]:
    """Return a new user of acme with a session."""
    body = {"username": f"restored-{uuid.uuid4().hex[:8]}", "password": PASSWORD}
    made = cloud.call("POST", "/users", cloud.token("acme-admin"), json=body).json()
    return {**cloud.sign_in(made["username"], PASSWORD), "id": made["id"], "name": made["username"]}


def _backup(cloud: Cloud, table: str) -> str:
    """Return the name of a new table with the items that a table has now, as AWS restores one from a backup."""
    client, name = cloud.client("dynamodb"), f"backup-{uuid.uuid4().hex[:8]}"
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


def _run(cloud: Cloud, script: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "scripts" / script), *arguments]
    done = subprocess.run(command, env=cloud.variables(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
