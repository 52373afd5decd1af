"""How a new password is judged, and the lists that it is looked up in."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import logging
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from doorward.accounts.new_passwords import JudgeNewPassword
from doorward.aws.breach_bucket import KEY, BreachBucket
from doorward.bootstrap.new_passwords import judge_new_password
from doorward.breaches.common import CommonPasswords
from doorward.breaches.ranges import SECONDS, BreachedRange
from doorward.breaches.records import (
    HEAD_BYTES,
    MalformedArchive,
    archive_has,
    check_head,
    common_records,
    contains,
    span,
    write_archive,
)
from doorward.errors import Misconfigured, WeakPassword
from doorward.outbound.client import NotReached, Outbound, Reply
from doorward.settings import Settings
from scripts import breached_passwords
from tests.support.aws import REGION
from tests.support.people import PASSWORD
from tests.support.world import House, new_user
from tools import common_passwords


def sha1_of(password: str) -> bytes:
    return hashlib.sha1(password.encode(), usedforsecurity=False).digest()


class Listed:
    """A list of breached passwords, with what it was asked.

    Args:
        passwords: what is in the list; None if it cannot be asked.
    """

    def __init__(self, *passwords: str, reachable: bool = True) -> None:
        self.hashes = {sha1_of(password) for password in passwords}
        self.reachable = reachable
        self.asked: list[bytes] = []

    def count(self, sha1: bytes) -> int | None:
        self.asked.append(sha1)
        return int(sha1 in self.hashes) if self.reachable else None


class TestJudging:
    @pytest.mark.parametrize(
        ("password", "told"),
        [
            ("x7Gq!p2", "at least 8 characters"),
            ("x" * 1025, "at most 1024 characters"),
            ("password1", "most common"),
            ("Kim.Larsson", "easy to guess"),
            ("qwertyuiop[]", "easy to guess"),
            ("breached by others", "known from a breach"),
        ],
    )
    def test_a_refusal_says_which_rule_was_broken(self, password: str, told: str) -> None:
        judge = JudgeNewPassword(CommonPasswords(), Listed("breached by others"))
        with pytest.raises(WeakPassword, match=told) as caught:
            judge(password, ["kim.larsson", None])
        assert password not in caught.value.detail

    def test_a_refusal_says_what_to_do(self) -> None:
        judge = JudgeNewPassword(CommonPasswords(), Listed("breached by others"))
        for password in ("short", "x" * 1025, "password1", "qwertyuiop[]", "breached by others"):
            with pytest.raises(WeakPassword, match=r"Choose|Several words"):
                judge(password)

    def test_one_that_no_list_has_passes(self) -> None:
        breached = Listed("another one")
        JudgeNewPassword(CommonPasswords(), breached)(PASSWORD, ["kim"])
        JudgeNewPassword(CommonPasswords())(PASSWORD)
        assert breached.asked == [sha1_of(PASSWORD)]

    @pytest.mark.standard("ASVS 6.2.1")
    @pytest.mark.parametrize(
        ("deployment", "tenant", "least"),
        [(8, None, 8), (15, None, 15), (8, 12, 12), (15, 12, 15), (12, 15, 15), (1, 1, 8), (8, 0, 8)],
    )
    def test_the_larger_least_length_counts_and_never_less_than_eight(
        self, deployment: int, tenant: int | None, least: int
    ) -> None:
        judge = JudgeNewPassword(Listed(), min_length=deployment)
        text = "x7Gq!p2Lw9#Tz4&"
        judge(text[:least], least_length=tenant)
        with pytest.raises(WeakPassword, match=f"at least {least} "):
            judge(text[: least - 1], least_length=tenant)

    def test_characters_are_counted_as_people_count_them(self) -> None:
        JudgeNewPassword(Listed())("七転び八起き人生")
        with pytest.raises(WeakPassword):
            JudgeNewPassword(Listed())("七転び八起き人")

    def test_what_is_refused_here_is_asked_nowhere_else(self) -> None:
        breached = Listed()
        for password in ("short", "password1", "qwertyuiop[]", "kim.larsson"):
            with pytest.raises(WeakPassword):
                JudgeNewPassword(CommonPasswords(), breached)(password, ["kim.larsson"])
        assert breached.asked == []

    def test_if_nobody_can_be_asked_the_file_decides_and_an_event_says_so(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        judge = JudgeNewPassword(Listed("in the file, too"), Listed(reachable=False))
        with caplog.at_level(logging.INFO):
            judge(PASSWORD)
            with pytest.raises(WeakPassword):
                judge("in the file, too")
        (record,) = caplog.records
        assert record.__dict__["audit"] == {
            "event": "breached_passwords_unavailable",
            "decided_by": "common_passwords",
        }

    def test_no_event_says_anything_while_everybody_answers(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO):
            JudgeNewPassword(Listed(), Listed())(PASSWORD)
        assert caplog.records == []

    def test_a_password_that_is_no_unicode_is_judged_too(self) -> None:
        JudgeNewPassword(CommonPasswords())("\ud800 x7Gq!p2L")

    @pytest.mark.standard("ASVS 6.2.4", "ASVS 6.2.12")
    def test_creating_and_changing_users_ask_the_judge(self) -> None:
        house = House()
        caller = house.add_user("kim")
        house.judge = JudgeNewPassword(CommonPasswords(), Listed("breached by others"), min_length=12)
        house.create_user = type(house.create_user)(house.users, house.hasher, house.judge, house.policies, house.clock)
        for password in ("breached by others", "x7Gq!p2Lw9#"):
            with pytest.raises(WeakPassword):
                house.create_user(house.caller(), new_user(password, username="lee"))
            with pytest.raises(WeakPassword):
                house.change(caller, "me", password=password, current_password=PASSWORD)
        house.change(caller, "me", password="x7Gq!p2Lw9#T", current_password=PASSWORD)


class TestTheFile:
    def test_it_is_made_of_the_list_that_we_ship_and_can_be_made_again(self) -> None:
        assert common_passwords.TARGET.read_bytes() == common_passwords.records()

    @pytest.mark.standard("ASVS 6.2.4")
    def test_it_has_every_common_password_that_is_long_enough(self) -> None:
        words = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= 8]
        assert len(words) > 3000  # OWASP ASVS 5.0 6.2.4
        common = CommonPasswords()
        assert all(common.count(sha1_of(word)) == 1 for word in words)

    def test_it_has_no_others(self) -> None:
        chance = random.Random(1)  # noqa: S311 - the same ones each time
        common = CommonPasswords()
        assert sum(common.count(chance.randbytes(20)) for _ in range(20_000)) == 0

    def test_more_passwords_can_be_added(self, tmp_path: Path) -> None:
        file = tmp_path / "list"
        file.write_bytes(common_passwords.records(["our product", "short"]))
        assert CommonPasswords(file).count(sha1_of("our product"))
        assert CommonPasswords(file).count(sha1_of("password1"))
        assert not CommonPasswords(file).count(sha1_of("short"))

    @pytest.mark.parametrize("content", [None, b"", b"1234"])
    def test_a_function_without_it_lets_no_password_pass(self, content: bytes | None, tmp_path: Path) -> None:
        file = tmp_path / "list"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(Misconfigured):
            JudgeNewPassword(CommonPasswords(file))(PASSWORD)

    def test_a_function_without_the_layer_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("doorward.breaches.common.find_spec", lambda _: None)
        with pytest.raises(Misconfigured) as caught:
            CommonPasswords().count(bytes(20))
        assert "layer" in caught.value.reason

    @given(st.sets(st.binary(min_size=20, max_size=20), max_size=30), st.binary(min_size=20, max_size=20))
    def test_bisection_finds_what_is_there_and_nothing_else(self, hashes: set[bytes], other: bytes) -> None:
        records = common_records(hashes)
        assert all(contains(records, 5, sha1) for sha1 in hashes)
        assert contains(records, 5, other) == any(sha1[:5] == other[:5] for sha1 in hashes)


class Scripted(Outbound):
    """A way out that answers what a test says, and keeps what it was asked."""

    def __init__(self, answer: Reply | NotReached) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def send(self, method: str, url: str, headers: Any = None, body: bytes = b"", **_: Any) -> Reply:
        self.asked.append((method, url, headers))
        if isinstance(self.answer, NotReached):
            raise self.answer
        return self.answer


SHA1 = sha1_of(PASSWORD)
OWN = SHA1.hex().upper()[5:]
OTHERS = "\r\n".join(f"{number:035X}:{number % 3}" for number in range(900))


def _reply(text: str, status: int = 200) -> Reply:
    return Reply(status, {}, text.encode())


class TestTheRange:
    @pytest.mark.standard("ASVS 6.2.12")
    def test_five_digits_are_sent_and_padding_is_asked_for(self) -> None:
        outbound = Scripted(_reply(f"{OTHERS}\r\n{OWN}:42"))
        assert BreachedRange(outbound).count(SHA1) == 42
        (asked,) = outbound.asked
        digits = SHA1.hex().upper()[:5]
        assert asked == ("GET", f"https://api.pwnedpasswords.com/range/{digits}", {"Add-Padding": "true"})

    @pytest.mark.parametrize(
        ("text", "count"), [(OTHERS, 0), (f"{OTHERS}\r\n{OWN}:0", 0), (f"{OWN}:1\r\n", 1), (f"{OWN}:7\n{OTHERS}", 7)]
    )
    def test_what_is_padding_does_not_count(self, text: str, count: int) -> None:
        assert BreachedRange(Scripted(_reply(text))).count(SHA1) == count

    @pytest.mark.parametrize(
        "answer",
        [
            _reply(""),
            _reply("<html>Sign in to the network</html>"),
            _reply(f"{OTHERS}\r\n{OWN}"),
            _reply(f"{OTHERS}\r\n{OWN}:x"),
            _reply(f"{OWN[:-1]}:1"),
            _reply(OWN.lower() + ":1"),
            _reply(f"{OWN}:1", 404),
            _reply(f"{OWN}:1", 429),
            _reply(f"{OWN}:1", 503),
            Reply(200, {}, b"\xff\x00"),
            NotReached("TimeoutError"),
            NotReached("redirect"),
        ],
    )
    def test_any_other_answer_is_none_and_the_log_tells_no_digit(
        self, answer: Reply | NotReached, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert BreachedRange(Scripted(answer)).count(SHA1) is None
        (record,) = caplog.records
        told = json.dumps(record.__dict__, default=str).upper()
        assert record.getMessage().startswith("the range of breached passwords could not be read: ")
        assert SHA1.hex().upper()[:5] not in told
        assert OWN[:5] not in told

    def test_it_waits_for_one_second_at_most(self) -> None:
        judge = judge_new_password(Settings(breached_passwords="range"))
        assert isinstance(judge.breached, BreachedRange)
        assert SECONDS == 1.0
        assert judge.breached._outbound._seconds == SECONDS

    def test_a_name_that_means_something_inside_is_not_asked(self, caplog: pytest.LogCaptureFixture) -> None:
        outbound = Outbound(seconds=SECONDS, resolve=lambda *_: ["169.254.169.254"])
        with caplog.at_level(logging.INFO):
            JudgeNewPassword(CommonPasswords(), BreachedRange(outbound))(PASSWORD)
        warning, event = caplog.records
        assert warning.getMessage().endswith(": special_address")
        assert event.__dict__["audit"]["event"] == "breached_passwords_unavailable"


HASHES = sorted(sha1_of(f"password number {number}") for number in range(5_000))


def _archive(hashes: Sequence[bytes] = HASHES) -> bytes:
    target = io.BytesIO()
    write_archive(target, hashes)
    return target.getvalue()


class TestAnArchive:
    @given(st.sets(st.binary(min_size=20, max_size=20), max_size=20), st.binary(min_size=20, max_size=20))
    def test_it_has_what_was_put_in_and_nothing_else(self, hashes: set[bytes], other: bytes) -> None:
        archive = _archive(sorted(hashes))
        check_head(archive[:HEAD_BYTES], len(archive))
        for sha1 in (*hashes, other):
            wanted = span(archive, sha1)
            found = archive_has(archive[wanted.start : wanted.stop], sha1)
            assert found == any(sha1[:8] == known[:8] for known in hashes)

    def test_the_first_and_the_last_beginning_have_their_place(self) -> None:
        archive = _archive([bytes(20), b"\xff" * 20])
        for sha1 in (bytes(20), b"\xff" * 20):
            wanted = span(archive, sha1)
            assert len(wanted) == 6
            assert archive_has(archive[wanted.start : wanted.stop], sha1)

    def test_hashes_that_are_not_sorted_are_refused(self) -> None:
        with pytest.raises(MalformedArchive):
            _archive([*HASHES[1:], HASHES[0]])

    def test_a_hash_is_there_once(self) -> None:
        assert _archive([HASHES[0], *HASHES]) == _archive()

    @pytest.mark.parametrize(
        "change", [lambda archive: b"x" + archive[1:], lambda archive: archive[:-1], lambda _: b""]
    )
    def test_another_file_is_none(self, change: Callable[[bytes], bytes]) -> None:
        archive = change(_archive())
        with pytest.raises(MalformedArchive):
            check_head(archive[:HEAD_BYTES], len(archive))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="breaches")
        yield client


class TestTheBucket:
    @pytest.mark.standard("ASVS 6.2.12")
    def test_it_has_what_was_put_in_and_reads_the_index_once(self, s3: Any) -> None:
        s3.put_object(Bucket="breaches", Key=KEY, Body=_archive())
        asked: list[str] = []
        s3.meta.events.register(
            "before-parameter-build.s3.GetObject", lambda params, **_: asked.append(params["Range"])
        )
        bucket = BreachBucket("breaches", s3)
        assert [bucket.count(sha1) for sha1 in HASHES[:20]] == [1] * 20
        assert [bucket.count(sha1_of(f"another {number}")) for number in range(20)] == [0] * 20
        index, *records = asked
        assert index == f"bytes=0-{HEAD_BYTES - 1}"
        assert index not in records

    def test_it_makes_its_own_client_when_it_is_first_asked(self, s3: Any) -> None:
        s3.put_object(Bucket="breaches", Key=KEY, Body=_archive())
        assert BreachBucket("breaches").count(HASHES[0]) == 1

    def test_an_archive_that_takes_the_place_of_another_is_read_anew(self, s3: Any) -> None:
        s3.put_object(Bucket="breaches", Key=KEY, Body=_archive())
        bucket = BreachBucket("breaches", s3)
        assert bucket.count(HASHES[7]) == 1
        s3.put_object(Bucket="breaches", Key=KEY, Body=_archive(HASHES[:3]))
        assert [bucket.count(HASHES[number]) for number in (7, 0)] == [0, 1]

    def test_without_an_archive_it_cannot_tell_and_the_log_says_why(
        self, s3: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        bucket = BreachBucket("breaches", s3)
        assert bucket.count(HASHES[0]) is None
        assert caplog.records[0].getMessage().endswith(": s3:NoSuchKey")
        s3.put_object(Bucket="breaches", Key=KEY, Body=_archive())
        assert bucket.count(HASHES[0]) == 1

    @pytest.mark.parametrize("body", [b"", b"no archive", b"x" * (HEAD_BYTES + 12), _archive()[:-6]])
    def test_of_another_object_it_can_tell_nothing(self, s3: Any, body: bytes) -> None:
        s3.put_object(Bucket="breaches", Key=KEY, Body=body)
        assert BreachBucket("breaches", s3).count(HASHES[0]) is None

    @pytest.mark.parametrize(
        "error",
        [
            ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject"),
            ClientError({"Error": {"Code": "PreconditionFailed"}}, "GetObject"),
            ReadTimeoutError(endpoint_url="x"),
        ],
    )
    def test_if_s3_does_not_answer_it_cannot_tell(self, s3: Any, error: Exception) -> None:
        s3.put_object(Bucket="breaches", Key=KEY, Body=_archive())
        bucket = BreachBucket("breaches", s3)
        assert bucket.count(HASHES[0]) == 1

        def fail(**_: object) -> None:
            raise error

        s3.meta.events.register("before-call.s3.GetObject", fail)
        assert bucket.count(HASHES[0]) is None
        s3.meta.events.unregister("before-call.s3.GetObject", fail)
        assert bucket.count(HASHES[0]) == 1


class TestWiring:
    def test_the_file_alone_unless_something_else_is_asked_for(self) -> None:
        judge = judge_new_password(Settings())
        assert (judge.breached, judge.min_length) == (None, 8)
        assert judge_new_password(Settings(password_min_length=15)).min_length == 15

    def test_each_way_is_one(self) -> None:
        bucket = judge_new_password(Settings(breached_passwords="bucket", breached_passwords_bucket="breaches"))
        assert isinstance(bucket.breached, BreachBucket)
        for settings in (Settings(breached_passwords="off"), Settings(breached_passwords="bucket")):
            with pytest.raises(Misconfigured):
                judge_new_password(settings)


class TestTheScript:
    def test_it_makes_an_archive_of_a_downloaded_list(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        source, target = tmp_path / "list", tmp_path / "archive"
        counts = itertools.cycle([b"", b":1", b":20\r"])
        source.write_bytes(b"".join(sha1.hex().upper().encode() + next(counts) + b"\n" for sha1 in HASHES))
        assert breached_passwords.main([str(source), "--out", str(target)]) == 0
        assert target.read_bytes() == _archive()
        assert capsys.readouterr().out == f"5000 passwords are in {target}\n"

    def test_it_fills_the_bucket_of_the_stack(
        self, s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = tmp_path / "list"
        source.write_text("".join(f"{sha1.hex()}\n" for sha1 in HASHES))
        template = {
            "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "filled"}}},
            "Outputs": {"BreachBucket": {"Value": {"Ref": "Bucket"}}},
        }
        boto3.client("cloudformation").create_stack(StackName="doorward", TemplateBody=json.dumps(template))
        assert breached_passwords.main([str(source)]) == 0
        assert BreachBucket("filled", s3).count(HASHES[0]) == 1

    def test_a_stack_without_the_bucket_is_told_before_anything_is_read(
        self, s3: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        template = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
        boto3.client("cloudformation").create_stack(StackName="doorward", TemplateBody=template)
        assert breached_passwords.main(["no such file"]) == 1
        (line,) = capsys.readouterr().out.splitlines()
        assert line == "not done: the stack doorward is no Doorward with BreachedPasswords=bucket"

    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("password1", "line 2"),
            ("0" * 39, "line 2"),
            ("g" * 40, "line 2"),
            ("0" * 41, "line 2"),
            ("", "line 2"),
            ("0" * 40, "not sorted"),
        ],
    )
    def test_another_file_is_refused_in_one_line(
        self, line: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = tmp_path / "list"
        source.write_text(f"{'1' * 40}\n{line}\n")
        assert breached_passwords.main([str(source), "--out", str(tmp_path / "archive")]) == 1
        (told_line,) = capsys.readouterr().out.splitlines()
        assert told_line.startswith("not done: ")
        assert told in told_line
