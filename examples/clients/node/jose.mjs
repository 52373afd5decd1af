// jose: verify access tokens offline.

import { createRemoteJWKSet, jwtVerify } from "jose";
import { audience, check, errorOf, signIn, url } from "./doorward.mjs";

// Keeps the keys for ten minutes, and fetches them again when a token names a key that it does not know.
const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`));
const options = { issuer: url, audience, typ: "at+jwt", algorithms: ["RS256"] };

const { access_token: token } = await signIn();

const { payload } = await jwtVerify(token, keys, options);
check("verify", payload.tenant_id === "acme" && payload.roles.includes("admin"));

const refusal = await errorOf(jwtVerify(token, keys, { ...options, audience: "somebody-else" }));
check("wrong audience refused", refusal?.code === "ERR_JWT_CLAIM_VALIDATION_FAILED" && refusal.claim === "aud");
