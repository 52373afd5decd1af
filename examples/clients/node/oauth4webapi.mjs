// oauth4webapi: discover, verify as RFC 9068 asks, refresh, introspect and revoke.

import * as oauth from "oauth4webapi";
import { audience, check, clientId, errorOf, signIn, url } from "./doorward.mjs";

// Only for the local cloud: the library refuses plain http otherwise.
const options = { [oauth.allowInsecureRequests]: url.startsWith("http://localhost:") };

const issuer = new URL(url);
const client = { client_id: clientId };
const noSecret = oauth.None();

const discover = async (algorithm) =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...options }));
const server = await discover("oauth2");
check("discovery", server.issuer === url);
check("discovery (OpenID)", (await discover("oidc")).jwks_uri === server.jwks_uri);

const verify = (token, expected) => {
  const request = new Request("http://api.example/", { headers: { authorization: `Bearer ${token}` } });
  return oauth.validateJwtAccessToken(server, request, expected, options);
};
const { access_token, refresh_token } = await signIn();
check("verify", (await verify(access_token, audience)).tenant_id === "acme");
check("wrong audience refused", (await errorOf(verify(access_token, "somebody-else")))?.cause.claim === "aud");

const refresh = async (token) =>
  oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, noSecret, token, options),
  );
const tokens = await refresh(refresh_token);
check("refresh", tokens.refresh_token !== refresh_token);

// Introspection is for administrators and services: their access token stands where client authentication would.
const admin = await signIn();
const asAdmin = (as, me, body, headers) => headers.set("authorization", `Bearer ${admin.access_token}`);
const isActive = async (token) => {
  const response = await oauth.introspectionRequest(server, client, asAdmin, token, options);
  return (await oauth.processIntrospectionResponse(server, client, response)).active;
};
check("introspect", (await isActive(tokens.access_token)) && (await isActive(tokens.refresh_token)));

const response = await oauth.revocationRequest(server, client, noSecret, tokens.refresh_token, options);
await oauth.processRevocationResponse(response);
check("revoke", !(await isActive(tokens.access_token)) && !(await isActive(tokens.refresh_token)));

const refusal = await errorOf(refresh(tokens.refresh_token));
check("refresh after revocation refused", refusal !== undefined);
console.log(`told as: ${refusal.error ?? refusal.code}`);
