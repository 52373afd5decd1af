// Passkeys on Doorward's pages. A form with `data-passkey` gets what the browser made, as JSON, in its field `passkey`,
// and is then sent like every form: so its page, its cookie and what it leads to are the server's alone.

const BASE = new URL("../", import.meta.url);
const RENEWED = 0.9; // of the life of a challenge: a page may stand open for hours before somebody picks a passkey

let running = new AbortController(); // browsers run one ceremony at a time

async function optionsOf(form) {
  if (form.dataset.options) return PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.options));
  const answer = await fetch(new URL("auth/passkey/options", BASE), { method: "POST" });
  if (!answer.ok) throw new Error(`no challenge: ${answer.status}`);
  return PublicKeyCredential.parseRequestOptionsFromJSON((await answer.json()).options);
}

async function run(form, more = {}) {
  running.abort();
  const mine = (running = new AbortController());
  const publicKey = await optionsOf(form);
  if (mine.signal.aborted) return;
  if (more.mediation) setTimeout(() => mine.signal.aborted || offer(form), publicKey.timeout * RENEWED);
  const made = await navigator.credentials[form.dataset.passkey]({ publicKey, signal: mine.signal, ...more });
  mine.abort();
  form.elements.passkey.value = JSON.stringify(made);
  form.submit();
}

// Offers passkeys beside what the browser fills in by itself. Whoever picks none is not told of it.
async function offer(form) {
  const before = running;
  if (form.dataset.autofill === undefined || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  if (running !== before) return; // somebody has pressed the button meanwhile
  await run(form, { mediation: "conditional" }).catch(() => {});
}

function begin(form) {
  const problem = form.querySelector("[role=alert]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      await run(form);
    } catch {
      problem.hidden = false;
      await offer(form);
    }
  });
  offer(form);
}

if (globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) begin(form);
}
