// A Socket.IO client with an access token: says who it is, and waits until its session is over.
//
// Get a token from POST /auth/login, then: DOORWARD_TOKEN=… node client.mjs

import { io } from "socket.io-client";

const { env } = process;

const socket = io(env.SOCKET_IO_URL ?? "http://localhost:8000", {
  // What the server verifies. It travels in a message, never in a URL or a header. As a function it is asked at each
  // reconnection, so it can give a token that was refreshed meanwhile.
  auth: (give) => give({ token: env.DOORWARD_TOKEN, tenant_id: env.DOORWARD_TENANT ?? "acme" }),
});

socket.on("connect", async () => {
  console.log(`connected: ${JSON.stringify(await socket.emitWithAck("whoami"))}`);
});

// missing_credentials, invalid_token, insufficient_scope or temporarily_unavailable. Socket.IO does not try again after
// a refusal; it does after a failure of the network, where `socket.active` is true.
socket.on("connect_error", (error) => {
  if (!socket.active) console.log(`refused: ${error.message}`);
});

socket.on("joined", ({ user }) => console.log(`joined: ${user}`));

// After token_expired, refresh and connect again; else sign in again.
socket.on("session_over", ({ code }) => console.log(`session over: ${code}`));

// Socket.IO does not reconnect by itself when the server ended the socket.
socket.on("disconnect", () => {
  if (!socket.active) console.log("disconnected");
});
