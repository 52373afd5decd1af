"""`python -m tools.event_schemas` writes the schemas of events into docs/events, from the catalogue of kinds.

With `--check` it only compares them with the code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from doorward.webhooks.events import schemas

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "events"


def wanted() -> dict[Path, str]:
    """Return what the files say, by their paths."""
    return {
        FOLDER / f"{name}.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for name, schema in schemas().items()
    }


def main(arguments: list[str]) -> int:
    """Write or check the files, and return the exit status."""
    files = wanted()
    stale = [file for file, text in files.items() if not file.exists() or file.read_text("utf-8") != text]
    gone = [file for file in FOLDER.glob("*.json") if file not in files]
    if "--check" in arguments:
        for file in (*stale, *gone):
            print(f"docs/events/{file.name} is not what the code says; run: make event-schemas")
        return 1 if stale or gone else 0
    FOLDER.mkdir(exist_ok=True)
    for file in stale:
        file.write_text(files[file], "utf-8")
    for file in gone:
        file.unlink()
    print(f"{len(files)} schemas, {len(stale)} of them new or changed, {len(gone)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
