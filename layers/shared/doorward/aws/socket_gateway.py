"""Sockets that API Gateway holds."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from doorward.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


class ApiGatewaySockets:
    """Sends to the open connections of a WebSocket API, and closes them."""

    def __init__(self, endpoint: str) -> None:
        """Take the URL of the API's stage: its `@connections` endpoint without that segment."""
        config = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
        self._client: ApiGatewayManagementApiClient = boto3.client(
            "apigatewaymanagementapi", endpoint_url=endpoint, config=config
        )

    def close(self, connection_id: str, message: str) -> None:
        """Send a last message, and close the socket.

        A socket that is gone is no error.

        Raises:
            Unavailable: API Gateway does not answer.
        """
        # The message may fail, because a client may read nothing any more. The socket is closed all the same.
        with contextlib.suppress(ClientError, BotoCoreError):
            self._client.post_to_connection(ConnectionId=connection_id, Data=message.encode("utf-8"))
        try:
            self._client.delete_connection(ConnectionId=connection_id)
        except self._client.exceptions.GoneException:
            return
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(reason=f"sockets:{type(error).__name__}") from error
