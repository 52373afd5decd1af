"""Make the Markdown page of the API from the OpenAPI document."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

from tools.openapi.examples import PATH_EXAMPLES, example

Schema = dict[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")
_ALWAYS = {"405", "500", "503"}
_RULES = """
In the examples, `$URL` is the base URL and `$TOKEN` is an access token.

- **Passwords** have 8 to 1,024 characters; 15 is good advice, and a deployment may ask for up to 64. A password is none
  of the most common ones, none that is easy to guess from the user's names, and none that the deployment finds among
  breached ones; the `detail` of `weak_password` says what to do. It is taken exactly as sent. An administrator who sets
  a password for somebody else knows the password: set `password_change_required` with it.
- **User names** have 1 to 128 letters, digits and `. _ - + '`, of any one alphabet. They are compared after NFKC and
  case folding. They cannot be changed, and are never given again, also after deletion. Without a user name the id is
  the user name, and so the `sub` of tokens. An e-mail address is not a user name: send it as `email`.
- **Roles** have 1 to 64 of a-z, 0-9, `_ . : -`, and begin with a letter. `admin` administers its tenant; `service` and
  `platform_admin` cannot be given.
- **Access tokens** hold `iss, aud, sub, user_id, tenant_id, roles, client_id, sid, jti, iat, exp`, and `epoch` and
  `tenant_epoch`, which only the authorizer needs. A platform administrator outside any tenant has no `tenant_id`. An
  absent `tenant_id` never means "any".
- **Refusals** are problem documents (RFC 9457). Decide by their `code`. Every operation may also answer 405
  `method_not_allowed`, 500 `internal_error` or `misconfigured`, and 503 `temporarily_unavailable` or
  `not_initialised`.
"""


def pages(document: Schema) -> str:
    """Return the Markdown page of the API.

    Raises:
        KeyError: a member of a body has no example value.
    """
    lines = ["# The API", "", "Generated from [openapi.json](../layers/shared/doorward/api/openapi.json), which every"]
    lines += ["deployment serves at `/.well-known/openapi.json`.", ""]
    lines += [*_wrapped(document["info"]["description"]), _RULES]
    tags: dict[str, list[str]] = {}
    told: dict[str, str] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                texts = _operation(method, path, item[method], document, told)
                tags.setdefault(item[method]["tags"][0], []).extend(texts)
    for tag, texts in tags.items():
        lines += [f"## {tag}", "", *texts]
    return "\n".join(lines).rstrip() + "\n"


def _operation(method: str, path: str, operation: Schema, document: Schema, told: dict[str, str]) -> list[str]:
    name = f"{method.upper()} {path}"
    lines = [f"### {name}", "", *_wrapped(f"{operation['summary']} {operation['description']}"), ""]
    lines += [*_curl(method, path, operation, document), ""]
    rest = [*_query(operation), *_members(operation, document), *_answers(operation, document)]
    # An operation on several paths is described only once.
    first = told.setdefault("\n".join(rest), name)
    return [*lines, *(rest if first == name else [f"Body, answers and refusals are those of `{first}`.", ""])]


def _curl(method: str, path: str, operation: Schema, document: Schema) -> list[str]:
    called = re.sub(r"\{(\w+)\}", lambda match: PATH_EXAMPLES[match[1]], path)
    parts = [f'curl -X {method.upper()} "$URL{called}"']
    if operation["security"]:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    body = operation.get("requestBody")
    if body:
        shown = example(body["content"]["application/json"]["schema"], document["components"]["schemas"])
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"-d '{json.dumps(shown, ensure_ascii=False)}'")
    return ["```bash", " \\\n  ".join(parts), "```"]


def _query(operation: Schema) -> list[str]:
    found = [
        f"- `{item['name']}`: {item['description']}"
        for item in operation.get("parameters", [])
        if item["in"] == "query"
    ]
    return ["Query:", "", *found, ""] if found else []


def _members(operation: Schema, document: Schema) -> list[str]:
    body = operation.get("requestBody")
    if not body:
        return []
    schema = _resolved(body["content"]["application/json"]["schema"], document)
    required = set(schema.get("required", []))
    lines = ["Body, as JSON or as a form:" if len(body["content"]) > 1 else "Body:", ""]
    for name, member in schema["properties"].items():
        about = member.get("description")
        needed = " (required)" if name in required else ""
        lines += _wrapped(f"- `{name}`{needed}{': ' + about if about else ''}", indent="  ")
    return [*lines, ""]


def _answers(operation: Schema, document: Schema) -> list[str]:
    lines: list[str] = []
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        if _is_problem(answer):
            continue
        if not content:
            lines += [f"Answer: {status}, without a body.", ""]
        elif "application/jwt" in content:
            lines += [f"Answer: {status}, a signed document (JWS).", ""]
        else:
            shown = example(content["application/json"]["schema"], document["components"]["schemas"])
            lines += [f"Answer: {status}" + ("" if shown else ", a JSON document."), ""]
            lines += ["```json", json.dumps(shown, indent=2, ensure_ascii=False), "```", ""] if shown else []
    refused = "; ".join(_refused(operation["responses"]))
    return [*lines, *([*_wrapped(f"Refused: {refused}."), ""] if refused else [])]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _is_problem(answer: Schema) -> bool:
    schemas = [content["schema"].get("$ref", "") for content in answer.get("content", {}).values()]
    return any(name.endswith("/Problem") for name in schemas)


def _refused(responses: Schema) -> list[str]:
    return [
        f"{status} {_codes(answer)}"
        for status, answer in responses.items()
        if _is_problem(answer) and status not in _ALWAYS
    ]


def _codes(answer: Schema) -> str:
    return str(answer["description"].partition(": ")[2])


def _resolved(schema: Schema, document: Schema) -> Schema:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Schema = document["components"]["schemas"][name] if name else schema
    return found
