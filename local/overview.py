"""The page /_local: who may sign in to the local cloud, where its pages and mails are, and what its API has."""

from __future__ import annotations

import html
import json
from typing import Any

from local import mail
from local.cloud import PASSWORD, TENANTS, USERS
from local.pages import answer as answer_page
from local.tools import ROOT

PATH = b"/_local"
_OPENAPI = ROOT / "layers" / "shared" / "doorward" / "api" / "openapi.json"
_WHO = "Who: "
# A style sheet of any such name is the one of now.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>This local cloud</title>
<link rel="stylesheet" href="/assets/style-local.css">
</head>
<body>
<main class="broad">
<h1>This local cloud</h1>
<p>It is on this machine alone, and so are its users.</p>
<h2>Pages</h2>
<ul>
{links}
</ul>
<h2>Users</h2>
<div class="wide" role="region" aria-label="Users" tabindex="0">
<table>
<caption>Who may sign in from the start</caption>
<thead><tr><th scope="col">User name</th><th scope="col">Password</th><th scope="col">Administers</th></tr></thead>
<tbody>
{users}
</tbody>
</table>
</div>
<h2>The API</h2>
<p>The same for programs: <a href="/.well-known/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
<div class="wide" role="region" aria-label="Operations of the API" tabindex="0">
<table>
<caption>Operations, and who may call them</caption>
<thead>
<tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">What</th><th scope="col">Who</th></tr>
</thead>
<tbody>
{operations}
</tbody>
</table>
</div>
</main>
</body>
</html>
"""


def page(description: dict[str, Any]) -> str:
    """Return the page.

    Args:
        description: of the API (OpenAPI 3.1).
    """
    links = {
        "/": "Home",
        "/sign-in": "Sign in",
        **{f"/t/{tenant}/sign-in": f"Sign in to {tenant}" for tenant in TENANTS},
        "/account": "Your account",
        mail.PATH.decode(): "Mails that were sent",
    }
    return _PAGE.format(
        links="\n".join(f'<li><a href="{html.escape(to)}">{html.escape(text)}</a></li>' for to, text in links.items()),
        users="\n".join(_row(name, PASSWORD, what) for name, what in USERS.items()),
        operations="\n".join(_row(*operation) for operation in _operations(description)),
    )


def answer() -> bytes:
    """Return the whole HTTP answer with the page."""
    return answer_page(page(json.loads(_OPENAPI.read_text("utf-8"))))


def _operations(description: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return the method, the path, the sentence and the callers of each operation."""
    return [
        (method.upper(), path, operation["summary"], _who(operation["description"]))
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if "summary" in operation
    ]


def _who(text: str) -> str:
    found = next((line for line in text.splitlines() if line.startswith(_WHO)), "")
    return found.removeprefix(_WHO)


def _row(first: str, *more: str) -> str:
    cells = "".join(f"<td>{html.escape(text)}</td>" for text in more)
    return f'<tr><th scope="row">{html.escape(first)}</th>{cells}</tr>'
