"""What roles allow although no function test uses it, each with the reason. A `*` stands for anything."""

from __future__ import annotations

_BEGIN_SESSIONS = "EmailCodes Pages SecondFactor SecondFactorPages SignUp"
_REMOVE_USERS = "AccountPages AdminPages Tenants Users"
_COUNT = "AccountsByMail AdminPages EmailCodes Login Pages SecondFactor SecondFactorPages SignUp Users"
_MINT = f"{_BEGIN_SESSIONS} FactorPages Factors Invitations Login Refresh"
_JUDGE = "AccountPages AccountsByMail Invitations Links SignUp Users"

_OF_SEVERAL = (
    (_MINT, "lambda:InvokeFunction TokenHookArn", "no hook is on moto: tests/unit/test_hook.py"),
    (_JUDGE, "s3:GetObject BreachBucket/passwords", "no archive is on moto: tests/unit/test_outbound.py"),
    (_COUNT, "dynamodb:GetItem LoginAttemptsTable", "a full counter is read to say when it has room again"),
    (_REMOVE_USERS, "dynamodb:DeleteItem NotificationsTable", "they leave with the user: tests/e2e/test_leaving.py"),
    ("AdminPages Demo", "dynamodb:DeleteItem RefreshTokensTable", "sessions leave with the user, in the same way"),
    (_BEGIN_SESSIONS, "dynamodb:BatchGetItem RefreshTokensTable", "a sign-in ends the session of a cookie with it"),
    (_BEGIN_SESSIONS, "dynamodb:UpdateItem RefreshTokensTable", "a sign-in ends the session of a cookie with it"),
    (_BEGIN_SESSIONS, "dynamodb:GetItem RevocationsTable", "a sign-in ends the session of a cookie with it"),
    (_BEGIN_SESSIONS, "dynamodb:UpdateItem RevocationsTable", "a sign-in ends the session of a cookie with it"),
    ("EmailCodes Pages SignUp", "dynamodb:GetItem ProofsTable", "a link may be presented in place of a code"),
    (
        "EmailCodes Pages SecondFactor SecondFactorPages",
        "dynamodb:DeleteItem LoginAttemptsTable",
        "who proved more than a password is no longer restricted after guesses",
    ),
)
KEPT = {
    **{f"{name}Function {right}": why for names, right, why in _OF_SEVERAL for name in names.split()},
    "RefreshFunction dynamodb:GetItem RefreshTokensTable": "the session may be gone when its rotation is refused",
    "PagesFunction dynamodb:UpdateItem UsersTable": "a hash is made anew with today's parameters, as in LoginFunction",
    "AccountPagesFunction dynamodb:UpdateItem UsersTable username#[*]": "leaving the home tenant moves the name",
    "DemoFunction dynamodb:UpdateItem UsersTable": "a sample user may have joined another tenant meanwhile",
    "TenantsFunction dynamodb:* UsersTable user*": "users leave with their tenant: tests/e2e/test_leaving.py",
    "PublishFeedFunction s3:* FeedBucket/parts/[*]": "a part is written when the head is full: tests/e2e/test_feed.py",
    "PublishFeedFunction s3:ListBucket FeedBucket": "no request: with it S3 says 404 of what is not there, and not 403",
    "RotateKeysFunction secretsmanager:* *Secret": "keys of MACs rotate in a month, the key of names is made once",
    "SendMailFunction *": "mails leave in tests/e2e/test_mail.py alone",
    "CloseSocketsFunction *": "moto has no sockets: tests/e2e/test_sockets.py",
    "SocketsFunction *": "moto has no sockets: tests/e2e/test_sockets.py",
}
