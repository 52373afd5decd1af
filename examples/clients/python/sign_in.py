"""What all examples share: the settings, signing in, and a line for each thing that worked."""

import os
import sys
from typing import Any

import requests

URL = os.environ.get("DOORWARD_URL", "http://localhost:8080")
CLIENT_ID = "python-example"
"""A name of your choice; a session that begins with one can be refreshed under no other."""


def sign_in() -> dict[str, Any]:
    """Begin a session and return its tokens. This is Doorward's own call; no OAuth grant has it."""
    answer = requests.post(
        f"{URL}/auth/login",
        json={
            "username": os.environ.get("DOORWARD_USERNAME", "acme-admin"),
            "password": os.environ.get("DOORWARD_PASSWORD", "admin123"),
            "client_id": CLIENT_ID,
        },
        timeout=30,
    )
    answer.raise_for_status()
    tokens: dict[str, Any] = answer.json()
    return tokens


def check(what: str, *, ok: bool) -> None:
    """Print that something works, or end with status 1."""
    if not ok:
        sys.exit(f"{what}: failed")
    print(f"{what}: ok")
