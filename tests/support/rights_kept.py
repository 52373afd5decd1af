"""What roles allow although no function test uses it, each with the reason. A `*` stands for anything."""

from __future__ import annotations

_BEGIN_SESSIONS = "Pages SecondFactor SecondFactorPages"
_REMOVE_USERS = "AccountPages AdminPages Users"
_COUNT = "AccountsByMail AdminPages EmailCodes Login Pages SecondFactor SecondFactorPages SignUp Users"
_MINT = f"{_BEGIN_SESSIONS} EmailCodes FactorPages Factors Invitations Login Refresh SignUp"
_JUDGE = "AccountPages AccountsByMail Invitations Links SignUp Users"

_OF_SEVERAL = (
    (_MINT, "lambda:InvokeFunction TokenHookArn", "no hook is on moto: tests/unit/test_hook.py"),
    (_JUDGE, "s3:GetObject BreachBucket/passwords", "no archive is on moto: tests/unit/test_outbound.py"),
    (_COUNT, "dynamodb:GetItem LoginAttemptsTable", "a counter that fills at this moment is read to say until when"),
    (_REMOVE_USERS, "dynamodb:DeleteItem NotificationsTable", "they leave with the user: tests/e2e/test_leaving.py"),
    ("AdminPages Demo", "dynamodb:DeleteItem RefreshTokensTable", "sessions leave with the user, in the same way"),
    (_BEGIN_SESSIONS, "dynamodb:BatchGetItem RefreshTokensTable", "a sign-in ends the session of a cookie with it"),
    (_BEGIN_SESSIONS, "dynamodb:UpdateItem RefreshTokensTable", "a sign-in ends the session of a cookie with it"),
    (_BEGIN_SESSIONS, "dynamodb:GetItem RevocationsTable", "a sign-in ends the session of a cookie with it"),
    (_BEGIN_SESSIONS, "dynamodb:UpdateItem RevocationsTable", "a sign-in ends the session of a cookie with it"),
    ("Pages", "dynamodb:GetItem ProofsTable", "a link may be presented in place of a code"),
    (
        "EmailCodes Pages SecondFactor SecondFactorPages",
        "dynamodb:DeleteItem LoginAttemptsTable",
        "who proved more than a password is no longer restricted after guesses",
    ),
)
_SOCKETS = """\
CloseSocketsFunction execute-api:ManageConnections [*]/v1/DELETE/@connections/[*]
CloseSocketsFunction execute-api:ManageConnections [*]/v1/POST/@connections/[*]
SocketsFunction dynamodb:BatchGetItem RefreshTokensTable
SocketsFunction dynamodb:BatchGetItem RevocationsTable
SocketsFunction dynamodb:BatchGetItem UsersTable
SocketsFunction dynamodb:DeleteItem SocketsTable
SocketsFunction dynamodb:GetItem SigningKeysTable
SocketsFunction dynamodb:PutItem SocketsTable"""
_MAILS = """\
SendMailFunction dynamodb:BatchGetItem UsersTable user#[*]
SendMailFunction dynamodb:BatchGetItem UsersTable username#[*]
SendMailFunction dynamodb:GetItem UsersTable user#[*]
SendMailFunction dynamodb:Query UsersTable/index/listing
SendMailFunction ses:SendEmail configuration-set/[*]
SendMailFunction ses:SendEmail identity/[*]"""
KEPT = {
    **{f"{name}Function {right}": why for names, right, why in _OF_SEVERAL for name in names.split()},
    "RefreshFunction dynamodb:GetItem RefreshTokensTable": "the session may be gone when its rotation is refused",
    "PagesFunction dynamodb:UpdateItem UsersTable": "a hash is made anew with today's parameters, as in LoginFunction",
    "AccountPagesFunction dynamodb:UpdateItem UsersTable username#[*]": "leaving the home tenant moves the name",
    "LinksFunction dynamodb:UpdateItem UsersTable tenant#[*]": "an invited administrator is counted: e2e/test_links.py",
    "DeliverWebhooksFunction dynamodb:UpdateItem WebhooksTable": "who fails is left alone: e2e/test_webhooks.py",
    "DeliverWebhooksFunction sqs:SendMessage DeliveriesQueue": "the clock finds what is due: e2e/test_webhooks.py",
    "TenantsFunction dynamodb:DeleteItem WebhooksTable": "webhooks leave with their tenant: e2e/test_webhooks.py",
    "DemoFunction dynamodb:UpdateItem UsersTable": "a sample user may have joined another tenant meanwhile",
    "TenantsFunction dynamodb:GetItem UsersTable user#[*]": "what one transaction has no room for is deleted later",
    "TenantsFunction dynamodb:PutItem UsersTable user#[*]": "what one transaction has no room for is deleted later",
    "PublishFeedFunction s3:* FeedBucket/parts/[*]": "a part is written when the head is full: tests/e2e/test_feed.py",
    "PublishFeedFunction s3:ListBucket FeedBucket": "no request: with it S3 says 404 of what is not there, and not 403",
    "RotateKeysFunction secretsmanager:* *Secret": "keys of MACs rotate in a month, the key of names is made once",
    **dict.fromkeys(_SOCKETS.split("\n"), "moto has no sockets: tests/e2e/test_sockets.py"),
    **dict.fromkeys(_MAILS.split("\n"), "mails to users leave in tests/e2e/test_mail.py and test_links.py alone"),
}
