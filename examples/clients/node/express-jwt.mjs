// express-jwt with jwks-rsa: protect an API, with or without asking at each request whether the token was revoked.

import express from "express";
import { expressjwt } from "express-jwt";
import jwksRsa from "jwks-rsa";
import { audience, check, signIn, url } from "./doorward.mjs";

const secret = jwksRsa.expressJwtSecret({ jwksUri: `${url}/.well-known/jwks.json`, cache: true, rateLimit: true });
const options = { secret, issuer: url, audience, algorithms: ["RS256"] };

// Introspection is for administrators and services: an API would hold a service token.
const service = await signIn();
const isRevoked = async (request) => {
  const answer = await fetch(`${url}/auth/token/introspect`, {
    method: "POST",
    headers: { authorization: `Bearer ${service.access_token}` },
    body: new URLSearchParams({ token: request.headers.authorization.split(" ")[1] }),
  });
  return !(await answer.json()).active;
};

const app = express();
const tenant = (request, response) => response.json(request.auth.tenant_id);
app.get("/offline", expressjwt(options), tenant);
app.get("/online", expressjwt({ ...options, isRevoked }), tenant);
app.get("/elsewhere", expressjwt({ ...options, audience: "somebody-else" }), tenant);
app.use((error, request, response, next) => response.status(error.status ?? 500).json(error.code));

const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const api = `http://127.0.0.1:${server.address().port}`;

const { access_token: token } = await signIn();
const get = async (path) => {
  const answer = await fetch(api + path, { headers: { authorization: `Bearer ${token}` } });
  return `${answer.status} ${await answer.json()}`;
};
check("verify", (await get("/offline")) === "200 acme");
check("wrong audience refused", (await get("/elsewhere")) === "401 invalid_token");
check("introspect", (await get("/online")) === "200 acme");

await fetch(`${url}/auth/token/revoke`, { method: "POST", body: new URLSearchParams({ token }) });
check("revoke", (await get("/online")) === "401 revoked_token");
check("still good offline until it expires", (await get("/offline")) === "200 acme");

server.close();
server.closeAllConnections();
