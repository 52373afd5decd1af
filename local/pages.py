"""The HTTP answers with pages of the local cloud's own, which the front gives."""

from __future__ import annotations


def answer(page: str, status: str = "200 OK", style: str = "'self'") -> bytes:
    """Return the whole HTTP answer with a page: nothing may run in it, and no other page may show it.

    Args:
        page: HTML.
        status: its code and reason.
        style: where its style may come from, in the words of a Content-Security-Policy.
    """
    body = page.encode()
    policy = f"default-src 'none'; style-src {style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        f"Content-Security-Policy: {policy}",
        "Cross-Origin-Opener-Policy: same-origin",
        "Referrer-Policy: no-referrer",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
