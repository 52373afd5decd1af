// What Better Auth, OpenAuth and oidc-provider take for a sign-in, a refresh and a verification, in this process.
//
// Printed as JSON: for each figure the mean milliseconds of processor time, and those of the raw cryptography in it.
// All stores are in memory. Run by tools.bench.peers, with packages of its own (package-lock.json beside it).
import crypto from "node:crypto";
import http from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { createClient } from "@openauthjs/openauth/client";
import { issuer } from "@openauthjs/openauth";
import { MemoryStorage } from "@openauthjs/openauth/storage/memory";
import { createSubjects } from "@openauthjs/openauth/subject";
import Provider from "oidc-provider";

const COUNT = Number(process.argv[2]);

async function mean(act, count = COUNT) {
  for (let warm = 0; warm < Math.max(3, count / 10); warm++) await act();
  const before = process.cpuUsage();
  for (let done = 0; done < count; done++) await act();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / count;
}

function check(answer, status = 200) {
  if (answer.status !== status) throw new Error(`status ${answer.status}`);
  return answer;
}

const pair = (type, options, hash) => {
  const { privateKey, publicKey } = crypto.generateKeyPairSync(type, options);
  const text = Buffer.from("x".repeat(400));
  const signature = crypto.sign(hash, text, privateKey);
  return {
    key: privateKey,
    sign: async () => crypto.sign(hash, text, privateKey),
    verify: async () => crypto.verify(hash, text, publicKey, signature),
  };
};

async function better() {
  const base = "http://localhost:3000";
  const auth = betterAuth({
    baseURL: base,
    secret: crypto.randomBytes(32).toString("hex"),
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    telemetry: { enabled: false },
  });
  const who = { email: "ann@example.com", password: "admin123" };
  await auth.api.signUpEmail({ body: { ...who, name: "Ann" } });
  const headers = { "content-type": "application/json", origin: base };
  const signIn = async () =>
    check(
      await auth.handler(
        new Request(`${base}/api/auth/sign-in/email`, { method: "POST", headers, body: JSON.stringify(who) }),
      ),
    );
  const cookie = (await signIn()).headers.get("set-cookie").split(";")[0];
  const session = async () => {
    const answer = check(await auth.handler(new Request(`${base}/api/auth/get-session`, { headers: { cookie } })));
    if (!(await answer.json())?.session) throw new Error("no session");
  };
  const { password } = await auth.$context;
  const hash = await password.hash(who.password);
  const few = Math.max(5, COUNT / 20);
  return {
    "sign-in": [await mean(signIn, few), await mean(() => password.verify({ hash, password: who.password }), few)],
    verify: [await mean(session), null],
  };
}

async function openauth() {
  const any = { "~standard": { version: 1, vendor: "bench", validate: (value) => ({ value }) } };
  const subjects = createSubjects({ user: any });
  const name = "http://localhost:3001";
  const app = issuer({
    subjects,
    storage: MemoryStorage(),
    ttl: { reuse: 0 },
    allow: async () => true,
    providers: {
      bench: { type: "bench", init: (routes, context) => routes.get("/authorize", (c) => context.success(c, {})) },
    },
    success: async (context) => context.subject("user", { id: "ann" }),
  });
  const ask = (url, options) => app.request(url, options);
  const client = createClient({ clientID: "bench", issuer: name, fetch: ask });
  const back = "http://localhost:3002/callback";
  const { url } = await client.authorize(back, "code");
  const first = await ask(url);
  const cookie = first.headers.getSetCookie().map((text) => text.split(";")[0]).join("; ");
  const second = await ask(new URL(first.headers.get("location"), name).href, { headers: { cookie } });
  const code = new URL(second.headers.get("location")).searchParams.get("code");
  const exchanged = await client.exchange(code, back);
  if (exchanged.err) throw exchanged.err;
  let { access, refresh } = exchanged.tokens;
  const renew = async () => {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refresh });
    refresh = (await check(await ask(`${name}/token`, { method: "POST", body })).json()).refresh_token;
  };
  const verify = async () => {
    const found = await client.verify(subjects, access);
    if (found.err) throw found.err;
  };
  const raw = pair("ec", { namedCurve: "P-256" }, "sha256");
  return {
    refresh: [await mean(renew), await mean(raw.sign)],
    verify: [await mean(verify), await mean(raw.verify)],
  };
}

async function oidc() {
  const raw = pair("rsa", { modulusLength: 2048 }, "sha256");
  const who = { client_id: "bench", client_secret: "a-secret-of-the-client" };
  const resource = "urn:api";
  const provider = new Provider("http://localhost:3003", {
    clients: [
      {
        ...who,
        redirect_uris: ["http://localhost:3004/callback"],
        grant_types: ["authorization_code", "refresh_token"],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    jwks: { keys: [{ ...raw.key.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "k" }] },
    cookies: { keys: ["k"] },
    rotateRefreshToken: true,
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: "api", accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
      },
    },
  });
  const grant = new provider.Grant({ accountId: "ann", clientId: who.client_id });
  grant.addOIDCScope("offline_access");
  grant.addResourceScope(resource, "api");
  const grantId = await grant.save();
  const client = await provider.Client.find(who.client_id);
  const made = () =>
    new provider.RefreshToken({
      accountId: "ann", client, grantId, gty: "authorization_code", scope: "offline_access api", resource,
      rotations: 0, iiat: Math.floor(Date.now() / 1000), expiresWithSession: false,
    }).save();
  let refresh = await made();
  const server = http.createServer(provider.callback());
  const open = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end('{"access_token":"x"}'));
  });
  const [at, plain] = await Promise.all([server, open].map((one) => new Promise((done) => one.listen(0, "127.0.0.1", () => done(one.address().port)))));
  const agent = new http.Agent({ keepAlive: true });
  const ask = (port, path, form) =>
    new Promise((done, failed) => {
      const body = new URLSearchParams(form).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": body.length };
      const request = http.request({ host: "127.0.0.1", port, path, method: "POST", headers, agent }, (answer) => {
        let text = "";
        answer.on("data", (part) => (text += part));
        answer.on("end", () => (answer.statusCode === 200 ? done(text) : failed(new Error(`${path} ${answer.statusCode} ${text}`))));
      });
      request.on("error", failed);
      request.end(body);
    });
  const renew = async () => {
    const answer = JSON.parse(await ask(at, "/token", { ...who, grant_type: "refresh_token", refresh_token: refresh }));
    if (answer.access_token.split(".").length !== 3) throw new Error("no JWT");
    refresh = answer.refresh_token;
  };
  const renewed = await mean(renew);
  const tokens = [];
  for (let many = 0; many < COUNT * 1.2 + 10; many++) tokens.push(await made());
  const revoked = await mean(() => ask(at, "/token/revocation", { ...who, token: tokens.pop() }));
  const empty = await mean(() => ask(plain, "/token", { ...who, grant_type: "refresh_token", refresh_token: refresh }));
  server.close();
  open.close();
  agent.destroy();
  return { refresh: [renewed - empty, await mean(raw.sign)], "sign-out": [revoked - empty, null] };
}

const found = { "Better Auth": await better(), OpenAuth: await openauth(), "oidc-provider": await oidc() };
console.log(JSON.stringify(found));
process.exit(0);
