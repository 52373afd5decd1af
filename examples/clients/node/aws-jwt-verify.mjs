// aws-jwt-verify: verify access tokens offline.
//
// The library fetches keys over https only. For the local cloud, run it with
// NODE_EXTRA_CA_CERTS=.local/tls/ca.pem, and it takes the keys from the port with TLS.
// On AWS leave `jwksUri` out: it is the issuer's /.well-known/jwks.json.

import { JwtVerifier } from "aws-jwt-verify";
import { JwtInvalidAudienceError } from "aws-jwt-verify/error";
import { audience, check, errorOf, signIn, tlsUrl, url } from "./doorward.mjs";

const verifier = JwtVerifier.create({
  issuer: url,
  audience,
  ...(url.startsWith("http://localhost:") && { jwksUri: `${tlsUrl}/.well-known/jwks.json` }),
});

const { access_token: token } = await signIn();

// The library does not compare the type, so do it yourself.
const isAccessToken = ({ header }) => {
  if (header.typ !== "at+jwt") throw new Error("not an access token");
};
const claims = await verifier.verify(token, { customJwtCheck: isAccessToken });
check("verify", claims.tenant_id === "acme" && claims.roles.includes("admin"));

const refusal = await errorOf(verifier.verify(token, { audience: "somebody-else" }));
check("wrong audience refused", refusal instanceof JwtInvalidAudienceError);
