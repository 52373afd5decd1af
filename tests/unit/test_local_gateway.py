"""The local cloud shows what API Gateway shows: challenges of functions renamed, those of the authorizer's context."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from local.emulated import complete
from local.fixups import Stack
from local.front import Front, rewrite_answer

REFUSED = b"HTTP/1.1 401 \r\nContent-Type: application/json\r\nWWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\n"
SAFE = b"HTTP/1.1 200 \r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 0\r\n\r\n"


class TestFront:
    def test_a_functions_challenge_is_renamed(self) -> None:
        found = rewrite_answer(REFUSED, encrypted=False)
        assert b"x-amzn-Remapped-WWW-Authenticate: Bearer\r\n" in found
        assert b"\r\nwww-authenticate:" not in found.lower()
        assert found.startswith(b"HTTP/1.1 401 \r\n")
        assert found.endswith(b"Content-Length: 2\r\n\r\n")

    def test_a_gateway_responses_challenge_is_not(self) -> None:
        head = REFUSED.replace(b"Content-Length", b"X-Amzn-ErrorType: AccessDeniedException\r\nContent-Length")
        assert rewrite_answer(head, encrypted=False) == head

    def test_no_browser_is_told_that_localhost_is_encrypted_from_now_on(self) -> None:
        assert b"Strict-Transport-Security" not in rewrite_answer(SAFE, encrypted=True)
        # Without TLS browsers ignore it (RFC 6797 section 8.1), and tests see what AWS would send.
        assert rewrite_answer(SAFE, encrypted=False) == SAFE

    @pytest.mark.parametrize(
        ("sent", "seen"),
        [
            (REFUSED + b"{}", b"x-amzn-Remapped-WWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\n{}"),
            (b"HTTP/1.1 100 \r\n\r\n" + REFUSED + b"{}", b"x-amzn-Remapped-WWW-Authenticate: Bearer\r\n"),
            (
                b"HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n\x81\x00\r\n\r\n",
                b"Upgrade: websocket\r\n\r\n\x81\x00\r\n\r\n",
            ),
            (b"HTTP/1.1 200 \r\ncut off", b"HTTP/1.1 200 \r\ncut off"),
            (b"", b""),
        ],
    )
    def test_an_answer_is_passed_on_whole(self, sent: bytes, seen: bytes) -> None:
        found = asyncio.run(_through_the_front(sent))
        assert seen in found
        assert len(found) >= len(sent)


async def _through_the_front(answer: bytes) -> bytes:
    """Return what a client gets when what is behind the front answers this."""

    async def behind(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    upstream = await asyncio.start_server(behind, "127.0.0.1", 0)
    front = await Front(upstream.sockets[0].getsockname()[1], "secret", lambda: ("api", "")).serve(0)
    reader, writer = await asyncio.open_connection("127.0.0.1", front.sockets[0].getsockname()[1])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    found = await reader.read()
    writer.close()
    front.close()
    upstream.close()
    return found


@pytest.mark.parametrize(("enabled", "paths"), [("true", {"/users", "/demo"}), ("false", {"/users"})])
def test_a_path_whose_condition_is_false_is_none_of_the_api(enabled: str, paths: set[str]) -> None:
    stack = Stack.__new__(Stack)
    stack.physical_ids, stack._exports, stack._parameters = {}, {}, {"Demo": enabled}
    stack._template = {"Conditions": {"HasDemo": {"Fn::Equals": [{"Ref": "Demo"}, "true"]}}}
    body = {"paths": {"/users": {}, "/demo": {"Fn::If": ["HasDemo", {}, {"Ref": "AWS::NoValue"}]}}}
    assert set(stack.resolve(body)["paths"]) == paths


class TestEmulated:
    def gateway(self) -> SimpleNamespace:
        """Something with the parts of ministack's API Gateway that are completed."""

        def respond(error: str, request: object) -> tuple[int, dict[str, str], bytes]:
            header = gateway._gateway_request_value(f"context.authorizer.{error}", request)
            return 401, {"WWW-Authenticate": header}, b'{"code":"$context.authorizer.code","x":"$context.x"}'

        gateway = SimpleNamespace(
            _stringify_context=dict,
            _gateway_request_value=lambda source, _: f"as before: {source}",
            _gateway_error_response=respond,
        )
        complete(gateway)
        return gateway

    def test_a_gateway_response_reads_the_authorizers_context(self) -> None:
        gateway = self.gateway()

        async def request() -> tuple[int, dict[str, str], bytes]:
            gateway._stringify_context({"challenge": 'Bearer error="x"', "code": "y"})
            answer: tuple[int, dict[str, str], bytes] = gateway._gateway_error_response("challenge", None)
            return answer

        status, headers, body = asyncio.run(request())
        assert (status, headers) == (401, {"WWW-Authenticate": 'Bearer error="x"'})
        assert json.loads(body) == {"code": "y", "x": "$context.x"}

    def test_other_sources_are_read_as_before(self) -> None:
        assert self.gateway()._gateway_request_value("'static'", None) == "as before: 'static'"

    def test_one_request_does_not_see_anothers_context(self) -> None:
        gateway = self.gateway()

        async def request(context: dict[str, str] | None) -> bytes:
            if context is not None:
                gateway._stringify_context(context)
            await asyncio.sleep(0)
            body: bytes = gateway._gateway_error_response("challenge", None)[2]
            return body

        async def together() -> tuple[bytes, ...]:
            return await asyncio.gather(request({"code": "one"}), request({"code": "two"}), request(None))

        assert [json.loads(body)["code"] for body in asyncio.run(together())] == ["one", "two", ""]
