"""The API for people, in Markdown, from the OpenAPI document."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_ALWAYS = {"405", "500", "503"}
_RULES = """
- **Passwords** have 8 to 1,024 characters (15 is good advice), are none of the 30,000 most common ones and no name of
  the user; they are taken exactly as sent. An administrator who sets one for somebody else knows it: set
  `password_change_required` with it.
- **User names** have 1 to 128 letters, digits and `. _ - + '`, of any one alphabet, are compared after NFKC and case
  folding, cannot be changed, and are never given again, also after deletion. Without one the id is the user name, and
  so the `sub` of tokens. An e-mail address is not a user name: send it as `email`.
- **Roles** have 1 to 64 of a-z, 0-9, `_ . : -`, and begin with a letter. `admin` administers its tenant; `service` and
  `platform_admin` cannot be given.
- **Access tokens** hold `iss, aud, sub, user_id, tenant_id, roles, client_id, sid, jti, iat, exp`, and `epoch` and
  `tenant_epoch`, which only the authorizer needs. A platform administrator outside any tenant has no `tenant_id`;
  absent never means "any".
- **Every operation** may also answer 405 `method_not_allowed`, 500 `internal_error` or `misconfigured`, and 503
  `temporarily_unavailable` or `not_initialised`. A field with `?` may be left out.
"""


def pages(document: Schema) -> str:
    """Return the Markdown page of the API."""
    lines = ["# The API", "", "Generated from [openapi.json](../layers/shared/doorward/api/openapi.json), which every"]
    lines += ["deployment serves at `/.well-known/openapi.json`.", "", document["info"]["description"], _RULES]
    tags: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                tags.setdefault(item[method]["tags"][0], []).extend(_operation(method, path, item[method], document))
    for tag, texts in tags.items():
        lines += [f"## {tag}", "", *texts]
    return "\n".join(lines).rstrip() + "\n"


def _operation(method: str, path: str, operation: Schema, document: Schema) -> list[str]:
    lines = [f"### {method.upper()} {path}", "", f"{operation['summary']} {operation['description']}", ""]
    lines += [f"- query `{found['name']}`: {found['description']}" for found in operation.get("parameters", [])]
    body = operation.get("requestBody")
    if body:
        forms = " (or as a form)" if len(body["content"]) > 1 else ""
        schema = _resolved(body["content"]["application/json"]["schema"], document)
        lines.append(f"- body{forms}: {_fields(schema, document)}")
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        if content and not _is_problem(answer):
            schema = _resolved(content["schema"], document)
            lines.append(f"- {status}: {_fields(schema, document) or 'a JSON document'}")
        elif "application/jwt" in answer.get("content", {}):
            lines.append(f"- {status}: a signed document (JWS)")
        elif "content" not in answer:
            lines.append(f"- {status}: {answer['description'].lower()}, no body")
    refused = _refused(operation["responses"])
    return [*lines, *([f"- refused: {'; '.join(refused)}"] if refused else []), ""]


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


def _fields(schema: Schema, document: Schema) -> str:
    required = set(schema.get("required", []))
    return ", ".join(
        f"`{name}`{'' if name in required else '?'}{_about(field, document)}"
        for name, field in schema.get("properties", {}).items()
    )


def _about(field: Schema, document: Schema) -> str:
    if "description" in field:
        return f" ({field['description']})"
    inner = field.get("items")
    if inner and "$ref" in inner:
        return f" of {{{_fields(_resolved(inner, document), document)}}}"
    return ""
