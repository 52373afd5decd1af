"""`make example-spa`: deploy the example's protected API into this folder's cloud, and serve the application."""

from __future__ import annotations

import argparse
import os
import sys
from urllib.parse import urlsplit

from local import cloud, here
from local.here import Place
from local.tools import ROOT, STATE, Failure, port_number, run, say

STACK = "example-spa"
_CLIENT = ROOT / "clients" / "typescript" / "dist" / "index.js"


def main() -> None:
    """Deploy, and become the server of the application."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=port_number, help="where to serve; the port of the cloud's origin unless given")
    options = parser.parse_args()
    try:
        place = here.running()
        api = deploy(place)
    except Failure as failure:
        sys.exit(f"doorward: {failure}")
    port = options.port or urlsplit(_origin(place)).port or 3000
    command = [sys.executable, str(ROOT / "examples" / "spa" / "serve.py"), "--port", str(port)]
    os.execv(sys.executable, [*command, "--doorward", place.url, "--api", api])  # noqa: S606 - our own command


def deploy(place: Place) -> str:
    """Deploy the protected API of the example for pages of the cloud's origin, and return its base URL.

    Raises:
        Failure: a step failed, or the client is not built.
    """
    if not _CLIENT.exists():
        raise Failure("clients/typescript has no dist yet; run make client, which needs npm")
    sam, build = cloud.sam(), STATE / STACK
    source = ROOT / "examples" / "protected-api" / "rest" / "template.yaml"
    say("deploying the protected API")
    run([*sam, "build", "--template", str(source), "--build-dir", str(build)], "sam build failed", place.variables())
    command = [*sam, "deploy", "--template-file", str(build / "template.yaml"), "--stack-name", STACK]
    command += ["--capabilities", "CAPABILITY_IAM", "--resolve-s3", "--no-confirm-changeset"]
    command += ["--no-fail-on-empty-changeset", "--parameter-overrides", f"AllowedOrigin={_origin(place)}"]
    run(command, "sam deploy failed", place.variables())
    paths = cloud.in_emulators_python(place, "-m", "local.fixups", STACK, "--paths").split()
    return place.url + paths[-1]


def _origin(place: Place) -> str:
    return place.origin.partition(",")[0]


if __name__ == "__main__":
    main()
