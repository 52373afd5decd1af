"""What calls each function of template.yaml."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.support.template import folder_of, resources

_KINDS = {"Api": "requests"}


def invoked_by() -> Mapping[str, frozenset[str]]:
    """Return what calls each function, by its folder: `requests`, `authorizer`, `sockets`, or the type of the event."""
    authorizers = json.dumps([one["Properties"].get("Auth", {}) for one in resources("AWS::Serverless::Api").values()])
    sockets = json.dumps(list(resources("AWS::ApiGatewayV2::Integration").values()))
    found = {}
    for name, item in resources("AWS::Serverless::Function").items():
        kinds = {one["Type"] for one in item["Properties"].get("Events", {}).values()}
        kinds = {_KINDS.get(kind, kind) for kind in kinds}
        kinds |= {"authorizer"} if f'"{name}.Arn"' in authorizers else set()
        kinds |= {"sockets"} if f"{{{name}.Arn}}" in sockets or f"${{{name}.Arn}}" in sockets else set()
        found[folder_of(name)] = frozenset(kinds)
    return found
