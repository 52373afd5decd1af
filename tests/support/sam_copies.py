"""What samtranslator and PyYAML make of templates and of random data: a program for the emulator's own Python.

With the argument `quick` it does so with `local.quick_sam`. What it prints has to be the same.
"""

from __future__ import annotations

import copy
import importlib
import json
import random
import sys
from typing import Any

from local import quick_sam

STATE = ("size", "fill", "mask", "debug")
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
        quick_sam.install()
    ordered: Any = importlib.import_module("samtranslator.utils.py27hash_fix")
    engine: Any = importlib.import_module("ministack.services.cloudformation.engine")
    for seed in range(200):
        chance = random.Random(seed)  # noqa: S311 - a sequence to repeat
        made = [_made(ordered, chance, 4) for _ in range(3)]
        made.append(made[0])  # the same twice
        copies = copy.deepcopy(made)
        again = copy.deepcopy(copies)
        assert again[3] is again[0]
        print(_seen(ordered, copies), _seen(ordered, again))
    parsed = engine._parse_template(TEMPLATE)
    print(parsed)
    parsed["Resources"].pop("Third")  # it has what SAM refuses
    print(json.dumps(engine._apply_transforms(parsed, {})))


def _seen(ordered: Any, value: Any) -> Any:
    """Return all that a value consists of, with the order that Python 2 would have given to keys."""
    if isinstance(value, ordered.Py27Dict):
        # It is read by the numbers of the slots, never in the order in which they were filled.
        keys = sorted(value.keylist.keyorder.items()), [getattr(value.keylist, name) for name in STATE]
        return keys, [(type(key), key, _seen(ordered, one)) for key, one in dict.items(value)], list(value)
    if isinstance(value, dict):
        return "dict", [(key, _seen(ordered, one)) for key, one in value.items()]
    return [_seen(ordered, one) for one in value] if isinstance(value, list) else (type(value), value)


def _made(ordered: Any, chance: random.Random, depth: int) -> Any:
    kind = chance.choice(["plain", "list", "dict", "ordered", "ordered", "ordered"])
    if depth == 0 or kind == "plain":
        return chance.choice(["a", ordered.Py27UniStr("b"), 1, 1.5, None, True])
    parts = [_made(ordered, chance, depth - 1) for _ in range(chance.randrange(9))]
    if kind == "list":
        return parts
    names = [f"{chance.choice(['get', '/users', 'x-amazon'])}{chance.randrange(60)}" for _ in parts]
    if kind == "dict":
        return dict(zip(names, parts, strict=True))
    found = ordered.Py27Dict()
    for name, one in zip(names, parts, strict=True):
        found[chance.choice([name, ordered.Py27UniStr(name)])] = one
        if chance.random() < 0.2:
            del found[chance.choice(list(found))]  # which leaves a mark where the key was
    return found


if __name__ == "__main__":
    main()
