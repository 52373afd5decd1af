"""What the emulator makes of a template: a program for the emulator's own Python.

With the argument `quick` it does so with `local.quick_sam`. What it prints has to be the same.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from local import quick_sam

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.13, Handler: app.handler, CodeUri: 's3://bucket/key'}}
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1, Cors: "'*'"}}
  First:
    Type: AWS::Serverless::Function
    Properties:
      Environment: {Variables: {A: !Ref Api, B: !Sub '${AWS::Region}-x', C: 012, D: 2026-01-01, E: yes, F: 1e3}}
      Events:
        A: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /users, Method: get}}
        B: {Type: Api, Properties: {RestApiId: !Ref Api, Path: '/users/{id}', Method: any}}
        C: {Type: Api, Properties: {Path: /implicit, Method: post}}
  Second: &Second
    Type: AWS::Serverless::Function
    Properties: &Common {Events: {A: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /users, Method: post}}}}
  Third:
    <<: *Second
    Properties: {<<: *Common, Description: "a colon: and ümläuts", Events: !If [never, 1, !Ref AWS::NoValue]}
"""


def main() -> None:
    if "quick" in sys.argv[1:]:
        quick_sam.read_by_libyaml()
        quick_sam.collect_garbage_rarely()
    engine: Any = importlib.import_module("ministack.services.cloudformation.engine")
    parsed = engine._parse_template(TEMPLATE)
    print(parsed)
    parsed["Resources"].pop("Third")  # it has what SAM refuses
    print(json.dumps(engine._apply_transforms(parsed, {})))


if __name__ == "__main__":
    main()
