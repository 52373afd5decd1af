#!/usr/bin/env python3
"""Make the archive of breached passwords, and put it into the bucket of a stack that has BreachedPasswords=bucket.

HASHES is a text file with a line for each password: 40 hexadecimal digits of its SHA-1, sorted, and perhaps `:` and a
count, as the downloader of haveibeenpwned.com writes it; `-` reads standard input. The archive has 6 bytes for each
password. The script can be run again with a newer list while the stack is in use.
"""

from __future__ import annotations

import argparse
import binascii
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "shared"))

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.breach_bucket import KEY
from doorward.breaches.records import MalformedArchive, write_archive

_DIGITS = 40


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    options = _parse(arguments)
    try:
        bucket = None if options.out else _bucket(options.stack)
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(options.out or f"{folder}/archive")
            records = _write(archive, options.hashes)
            if bucket:
                boto3.client("s3").upload_file(str(archive), bucket, KEY)
    except (BotoCoreError, ClientError, Boto3Error, MalformedArchive, OSError) as error:
        print(f"not done: {error}")
        return 1
    print(f"{records} passwords are in {options.out or f'the bucket {bucket}'}")
    return 0


def _write(archive: Path, hashes: str) -> int:
    """Write the archive, and return how many records it has."""
    with sys.stdin.buffer if hashes == "-" else Path(hashes).open("rb") as source, archive.open("wb") as target:
        return write_archive(target, _hashes(source))


def _bucket(stack: str) -> str:
    """Return the name of the stack's bucket.

    Raises:
        MalformedArchive: the stack has none.
    """
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
    if "BreachBucket" not in outputs:
        raise MalformedArchive(f"the stack {stack} is no Doorward with BreachedPasswords=bucket")
    return outputs["BreachBucket"]


def _hashes(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Return the hash of each line.

    Raises:
        MalformedArchive: a line begins with something else.
    """
    for number, line in enumerate(lines, start=1):
        try:
            sha1 = binascii.unhexlify(line[:_DIGITS])
        except ValueError:
            sha1 = b""
        if len(sha1) * 2 != _DIGITS or line[_DIGITS : _DIGITS + 1].strip() not in {b"", b":"}:
            raise MalformedArchive(f"line {number} does not begin with 40 hexadecimal digits")
        yield sha1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hashes", metavar="HASHES", help="the file of sorted hashes, or - for standard input")
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    parser.add_argument("--out", metavar="FILE", help="write the archive into a file, and upload nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
