"""The feed of revocations from outside: its parts through the gateway, its making anew, and a verifier in Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import jwt
import pytest

from tests.support.cloud import PATIENCE_SECONDS, ROOT, Cloud

FEED = "/.well-known/revocations"
PART = "s-" + "B" * 43

WATCH = """
import { Verifier } from 'VERIFIER'
const issuer = process.env.ISSUER, token = process.env.TOKEN
const verifier = new Verifier({ issuer, intervalSeconds: 1 })
console.log((await verifier.verify(token, { tenantId: 'acme' })).sub)
await fetch(`${issuer}/auth/logout`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
const out = Date.now()
for (;;) {
  try {
    await verifier.verify(token)
    await new Promise((resolve) => setTimeout(resolve, 50))
  } catch (error) {
    console.log(error.reason)
    console.log(Date.now() - out)
    break
  }
}
"""


def test_parts_come_through_the_gateway_as_they_are_stored(cloud: Cloud) -> None:
    cloud.client("s3").put_object(Bucket=cloud.outputs["FeedBucket"], Key=f"parts/{PART}", Body=b"{}\n")
    answer = cloud.call("GET", f"{FEED}/parts/{PART}")
    assert (answer.status_code, answer.text) == (200, "{}\n")
    assert "immutable" in answer.headers["Cache-Control"]
    assert cloud.call("GET", f"{FEED}/parts/{PART[:-1]}C").status_code == 404
    assert cloud.call("POST", FEED).status_code == 405


def test_a_head_is_not_sent_twice_and_the_feed_is_made_anew_on_demand(cloud: Cloud) -> None:
    head = cloud.call("GET", FEED)
    number = jwt.decode(head.text, options={"verify_signature": False})["number"]
    assert cloud.call("GET", FEED, headers={"If-None-Match": head.headers["ETag"]}).status_code == 304
    function = cloud.outputs["PublishFeedFunction"]
    done = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps({"rebuild": True}).encode())
    assert "FunctionError" not in done
    anew = jwt.decode(cloud.call("GET", FEED).text, options={"verify_signature": False})
    assert anew["number"] > number


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_a_verifier_in_node_hears_of_a_logout(cloud: Cloud) -> None:
    cloud.call("GET", FEED)
    code = WATCH.replace("VERIFIER", (ROOT / "examples" / "verifier-node" / "verifier.mjs").as_uri())
    variables = {**os.environ, "ISSUER": cloud.url, "TOKEN": cloud.token("acme-admin")}
    command = ["node", "--input-type=module", "-e", code]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS)
    name, reason, milliseconds = done.stdout.split()
    assert (name, reason) == ("acme-admin", "session_ended")
    print(f"node: refused {int(milliseconds)} ms after the logout, with an interval of 1 s")
