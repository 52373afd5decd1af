"""Add to an HTTP API what the emulator's CloudFormation leaves out, with the emulator's own API.

ministack 1.5.33 imports nothing from the body of an AWS::ApiGatewayV2::Api: no authorizers, integrations, routes or
CORS. So an API that SAM makes from an AWS::Serverless::HttpApi answers 404 to every request. The emulator does make the
stage and its variables. AWS needs none of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3

Template = Mapping[str, Any]
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"


def fix_http_api(api_id: str, body: Template) -> None:
    """Complete an HTTP API from the body of its resource.

    Repeating this changes nothing.
    """
    gateway = boto3.client("apigatewayv2")
    if "x-amazon-apigateway-cors" in body:
        gateway.update_api(ApiId=api_id, CorsConfiguration=_capital(body["x-amazon-apigateway-cors"]))
    authorizers = _authorizers(gateway, api_id, body)
    routes = {item["RouteKey"] for item in gateway.get_routes(ApiId=api_id)["Items"]}
    for key, operation in _operations(body):
        if key not in routes:
            _create_route(gateway, api_id, key, operation, authorizers)


def _authorizers(gateway: Any, api_id: str, body: Template) -> dict[str, dict[str, str]]:  # noqa: ANN401 - boto3
    """Create the authorizers that are missing; return what a route says to have each of them asked."""
    known = {item["Name"]: item["AuthorizerId"] for item in gateway.get_authorizers(ApiId=api_id)["Items"]}
    authorizers = {}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        found = _authorizer(scheme[AUTHORIZER])
        authorizer_id = known.get(name) or gateway.create_authorizer(ApiId=api_id, Name=name, **found)["AuthorizerId"]
        kind = "JWT" if found["AuthorizerType"] == "JWT" else "CUSTOM"
        authorizers[name] = {"AuthorizationType": kind, "AuthorizerId": authorizer_id}
    return authorizers


def _create_route(
    gateway: Any,  # noqa: ANN401 - boto3
    api_id: str,
    key: str,
    operation: Template,
    authorizers: Mapping[str, Mapping[str, str]],
) -> None:
    integration = operation[INTEGRATION]
    integration_id = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=integration["uri"],
        PayloadFormatVersion=integration["payloadFormatVersion"],
    )["IntegrationId"]
    required = [name for requirement in operation.get("security", []) for name in requirement]
    who = authorizers[required[0]] if required else {}
    gateway.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{integration_id}", **who)


def _operations(body: Template) -> Iterator[tuple[str, Template]]:
    for path, operations in body["paths"].items():
        for method, operation in operations.items():
            if INTEGRATION in operation:
                yield ("ANY" if method == ANY else method.upper()) + f" {path}", operation


def _authorizer(found: Template) -> dict[str, Any]:
    source = found["identitySource"]
    sources = [source] if isinstance(source, str) else source
    if found["type"] == "jwt":
        settings = _capital(found["jwtConfiguration"])
        return {"AuthorizerType": "JWT", "IdentitySource": sources, "JwtConfiguration": settings}
    return {
        "AuthorizerType": "REQUEST",
        "IdentitySource": sources,
        "AuthorizerUri": found["authorizerUri"],
        "AuthorizerPayloadFormatVersion": found["authorizerPayloadFormatVersion"],
        "EnableSimpleResponses": found.get("enableSimpleResponses", False),
        "AuthorizerResultTtlInSeconds": found["authorizerResultTtlInSeconds"],
    }


def _capital(settings: Template) -> Any:  # noqa: ANN401 - boto3
    return {name[0].upper() + name[1:]: value for name, value in settings.items()}
