"""Starts a function as AWS's base image does, with modules found in the same order."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - before anything else is imported
TASK = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
STANDARD = [place for place in sys.path if place not in {"", HERE, TASK}]
sys.path = [TASK, "/opt/python/lib/python3.13/site-packages", "/opt/python", *STANDARD, HERE]

from awslambdaric.__main__ import main  # noqa: E402 - found by the path above

main([__file__, os.environ["_HANDLER"]])
