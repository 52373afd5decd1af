"""`python -m tools.event_schemas` writes the schemas of events into docs/events, from the catalogue of kinds.

With `--check` it only compares them with the code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from doorward.audit.kinds import KINDS
from doorward.webhooks.events import TEST, VERSION, schemas

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "events"


_HEAD = f"""# Events

Version {VERSION}. `make event-schemas` writes this folder from the catalogue of kinds; a test holds that it did.
Each name leads to the JSON Schema of what the bus carries. [webhooks.md](../webhooks.md) says what a webhook is sent.
`{TEST}` is sent to webhooks alone, by `POST /api/{{tenantId}}/webhooks/{{id}}/test`.

| event | outcome | what happened |
| --- | --- | --- |
"""


def wanted() -> dict[Path, str]:
    """Return what the files say, by their paths."""
    rows = [f"| [`{name}`]({name}.json) | {kind.outcome} | {kind.says} |\n" for name, kind in sorted(KINDS.items())]
    files = {
        FOLDER / f"{name}.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for name, schema in schemas().items()
    }
    return {**files, FOLDER / "README.md": _HEAD + "".join(rows)}


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
    print(f"{len(files)} files, {len(stale)} of them new or changed, {len(gone)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
