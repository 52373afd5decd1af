"""The mails of the local cloud, as a terminal and a browser see them."""

from __future__ import annotations

import io
import json
import urllib.error
from typing import Any

import pytest

from local import mail
from local.mail import Sent
from local.tools import Failure

LINK = "https://id.example/links/sign-up?token=t&tenant=a"
EVIL = Sent("now", "a@b <x>", "c@d", "<script>1</script>", f'\x1b[2J <img src=x onerror=1> {LINK}"> end', '"><script>')


def test_a_page_shows_mails_as_text_with_links_that_can_be_followed() -> None:
    shown = mail.page([EVIL])
    assert "<script" not in shown
    assert "<img" not in shown
    target = LINK.replace("&", "&amp;")
    assert f'<a href="{target}" rel="noreferrer">{target}</a>' in shown
    assert 'sandbox title="&lt;script' in shown


def test_a_terminal_gets_no_commands_from_a_mail() -> None:
    shown = mail.show([EVIL])
    assert "\x1b" not in shown
    assert LINK in shown
    assert mail.show([]) == "no mail was sent yet\n"


def test_the_newest_is_the_last_on_a_terminal_and_the_first_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def sent(number: int) -> dict[str, Any]:
        body = {"Subject": f"mail {number}", "BodyText": "", "BodyHtml": None}
        return {"Timestamp": number, "Source": "a@b", "To": ["c@d"], **body}

    answer = json.dumps({"messages": {"1": [sent(3), sent(1)], "2": [sent(2)]}})
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(answer.encode()))
    found = mail.read("http://127.0.0.1:1")
    assert [each.subject for each in found] == ["mail 1", "mail 2", "mail 3"]
    assert found[0].time == "1970-01-01 00:00:01 UTC"
    page = mail.answer("http://127.0.0.1:1").decode()
    assert page.index("mail 3") < page.index("mail 1")
    head, _, body = page.partition("\r\n\r\n")
    assert f"Content-Length: {len(body.encode())}" in head
    assert "default-src 'none'" in head


def test_an_emulator_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("refused")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(Failure, match="does not answer"):
        mail.read("http://127.0.0.1:1")
    assert mail.answer("http://127.0.0.1:1").startswith(b"HTTP/1.1 502 ")
