"""`python -m tools.openapi` writes the document and its page.

With `--check` it only compares them with the code.
"""

from __future__ import annotations

import json
import sys
import tomllib

from tools.openapi.document import ROOT, document
from tools.openapi.pages import pages

DOCUMENT = "layers/shared/doorward/api/openapi.json"


def main(arguments: list[str]) -> int:
    """Write or check the files, and return the exit status."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    made = document(version)
    wanted = {
        ROOT / DOCUMENT: json.dumps(made, indent=1, ensure_ascii=False) + "\n",
        ROOT / "docs" / "api.md": pages(made),
    }
    stale = [file for file, text in wanted.items() if not file.exists() or file.read_text("utf-8") != text]
    if "--check" in arguments:
        for file in stale:
            print(f"{file.relative_to(ROOT)} is not what the code says; run: make openapi")
        return 1 if stale else 0
    for file in stale:
        file.write_text(wanted[file], "utf-8")
        print(f"wrote {file.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
