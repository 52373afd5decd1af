// openid-client: discover, refresh, introspect and revoke. It verifies no access tokens; take jose for that.

import * as client from "openid-client";
import { check, clientId, errorOf, signIn, url } from "./doorward.mjs";

// Only for the local cloud: the library refuses plain http otherwise.
const execute = url.startsWith("http://localhost:") ? [client.allowInsecureRequests] : [];

const configuration = await client.discovery(new URL(url), clientId, undefined, client.None(), { execute });
check("discovery", configuration.serverMetadata().issuer === url);
const plain = await client.discovery(new URL(url), clientId, undefined, client.None(), {
  algorithm: "oauth2",
  execute,
});
check("discovery (RFC 8414)", plain.serverMetadata().token_endpoint === configuration.serverMetadata().token_endpoint);

const { refresh_token: first } = await signIn();
const tokens = await client.refreshTokenGrant(configuration, first);
check("refresh", tokens.refresh_token !== first && tokens.expiresIn() > 0);

// Introspection is for administrators and services: their access token stands where client authentication would.
const admin = await signIn();
const asking = new client.Configuration(configuration.serverMetadata(), clientId, undefined, (as, me, body, headers) => {
  headers.set("authorization", `Bearer ${admin.access_token}`);
});
for (const setUp of execute) setUp(asking);

const isActive = async (token) => (await client.tokenIntrospection(asking, token)).active;
check("introspect", (await isActive(tokens.access_token)) && (await isActive(tokens.refresh_token)));

await client.tokenRevocation(configuration, tokens.refresh_token);
check("revoke", !(await isActive(tokens.access_token)) && !(await isActive(tokens.refresh_token)));

const refusal = await errorOf(client.refreshTokenGrant(configuration, tokens.refresh_token));
check("refresh after revocation refused", refusal !== undefined);
console.log(`told as: ${refusal.error ?? refusal.code}`);
