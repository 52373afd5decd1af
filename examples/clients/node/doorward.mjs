// What all examples share: the settings, signing in, and a line for each thing that worked.

const { env } = process;

export const url = env.DOORWARD_URL ?? "http://localhost:8080";
export const tlsUrl = env.DOORWARD_TLS_URL ?? "https://localhost:8443";
export const audience = "doorward";

// A name of your choice; a session that begins with one can be refreshed under no other.
export const clientId = "node-example";

// Begins a session and returns its tokens. This is Doorward's own call; no OAuth grant has it.
export async function signIn() {
  const answer = await fetch(`${url}/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      username: env.DOORWARD_USERNAME ?? "acme-admin",
      password: env.DOORWARD_PASSWORD ?? "admin123",
      client_id: clientId,
    }),
  });
  if (!answer.ok) throw new Error(`signing in: ${answer.status}`);
  return answer.json();
}

// Prints that something works, or ends with status 1.
export function check(what, ok) {
  if (!ok) {
    console.error(`${what}: failed`);
    process.exit(1);
  }
  console.log(`${what}: ok`);
}

// Returns the error that a promise is rejected with, undefined if it is not.
export function errorOf(promise) {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}
