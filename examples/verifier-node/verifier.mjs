// Verifies Doorward's access tokens, and honours a logout. Node 20 or later, no dependencies.
//
//     const verifier = new Verifier({ issuer: 'https://id.example.com' })
//     const claims = await verifier.verify(token, { tenantId: 'acme', roles: ['auditor'] })
//
// docs/verifying.md describes the feed; docs/feed/vectors.json is what this file is tested with.
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto'

const MAX_AGE_SECONDS = 420 // of a head: it is signed anew every few minutes
const SKEW_SECONDS = 60
const KEYS_MAX_AGE_SECONDS = 300
const RETRY_SECONDS = 1
const LEVELS = ['1fa', '2fa', 'phr'] // how sure a sign-in was, the surest last
const RESTRICTED = ['password_change_required', 'second_factor_required'] // known, and let in nowhere
const PLATFORM = '-' // stands for the tenant of whoever is outside any tenant

/** A token that is refused. `reason` is for the log, `status` for the answer, and `challenge` for its WWW-Authenticate. */
export class Refused extends Error {
  constructor(reason, status = 401, challenge = status === 401 ? 'Bearer error="invalid_token"' : undefined) {
    super(reason)
    this.reason = reason
    this.status = status
    this.challenge = challenge
  }
}

/** Returns why a sign-in is not what is asked for (RFC 9470), or null. A service has no sign-in, so it meets nothing. */
function shortfall({ acr, maxAge }, claims, now) {
  const young = Number.isInteger(claims.auth_time) && Math.floor(now) <= claims.auth_time + maxAge
  if (acr !== undefined && !(LEVELS.indexOf(claims.acr) >= LEVELS.indexOf(acr))) return 'acr_too_low'
  return maxAge !== undefined && !young ? 'sign_in_too_old' : null
}

function stepUp(reason, { acr, maxAge }) {
  const asked = [['acr_values', acr], ['max_age', maxAge]].filter(([, value]) => value !== undefined)
  const told = asked.map(([name, value]) => `, ${name}="${value}"`).join('')
  return new Refused(reason, 401, `Bearer error="insufficient_user_authentication"${told}`)
}

/** Returns what stands for a session, a token, a user or a tenant in the feed. */
export const digest = (...names) =>
  createHash('sha256').update(names.join('\0')).digest().subarray(0, 12).toString('base64url')

/** Keys, and what is known of revocations, of one issuer. */
export class Verifier {
  #settings
  #keys = new Map()
  #keysReadAt = -Infinity
  #feedReadAt = -Infinity
  #nextTry = -Infinity
  #reading = null
  #etag = null
  feed

  /** `fetch(path, etag)` answers `{ text, etag }`, with `text` null if nothing changed; `now()` is in seconds. */
  constructor({
    issuer,
    audience = 'doorward',
    url = issuer,
    intervalSeconds = 30,
    maxStalenessSeconds = 600,
    fetch = (path, etag) => read(url.replace(/\/$/, '') + path, etag),
    now = () => Date.now() / 1000,
  }) {
    this.#settings = { issuer, audience, intervalSeconds, maxStalenessSeconds, fetch, now }
    this.feed = new Feed(issuer, (kid) => this.#key(kid), (name) => fetch(`/.well-known/revocations/parts/${name}`))
  }

  /**
   * Returns the claims of a token that is good now, for this tenant and with one of these roles. `acr` (1fa, 2fa, phr) says
   * how sure the sign-in must be, `maxAge` how many seconds old it may be; the claims auth_time, amr and acr say how it was.
   */
  async verify(token, { tenantId, roles = [], acr, maxAge } = {}) {
    if (acr !== undefined && !LEVELS.includes(acr)) throw new TypeError('acr is 1fa, 2fa or phr')
    if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge > 0)) throw new TypeError('maxAge is whole seconds')
    const { issuer, audience, now } = this.#settings
    const { header, claims } = await signed(token, 'at+jwt', (kid) => this.#key(kid))
    if (claims.iss !== issuer) throw new Refused('wrong_issuer')
    if (claims.aud !== audience) throw new Refused('wrong_audience')
    for (const [name, other] of [['user_id', 'userId'], ['tenant_id', 'tenantId']]) {
      if (other in claims && claims[other] !== claims[name]) throw new Refused('contradictory_claims')
    }
    if (!(claims.exp > now())) throw new Refused('expired')
    if (!(claims.iat <= now() + SKEW_SECONDS)) throw new Refused('issued_in_the_future')
    await this.#refresh()
    const reason = this.feed.refusal(claims, header.kid)
    if (reason) throw new Refused(reason, RESTRICTED.includes(reason) ? 403 : 401)
    if (tenantId !== undefined && claims.tenant_id !== tenantId) throw new Refused('other_tenant', 403)
    if (roles.length && !roles.some((role) => claims.roles.includes(role))) throw new Refused('role_missing', 403)
    const lacks = shortfall({ acr, maxAge }, claims, now())
    if (lacks) throw stepUp(lacks, { acr, maxAge })
    return claims
  }

  /** Reads what is new, if what is known is old; nobody is let in after that failed for too long. */
  async #refresh() {
    const { intervalSeconds, maxStalenessSeconds, now } = this.#settings
    if (now() - this.#feedReadAt >= intervalSeconds && now() >= this.#nextTry) {
      this.#reading ??= this.#readFeed().finally(() => (this.#reading = null))
    }
    // While one reads, the others use what is known. They wait if nothing is known yet.
    if (this.#reading && (!this.feed.head || now() - this.#feedReadAt >= intervalSeconds)) await this.#reading
    if (now() - this.#feedReadAt >= intervalSeconds + maxStalenessSeconds) throw new Refused('stale_revocations', 503)
  }

  async #readFeed() {
    const { fetch, now } = this.#settings
    const began = now()
    try {
      const { text, etag } = await fetch('/.well-known/revocations', this.#etag)
      await this.feed.take(text, began)
      this.#etag = etag ?? null
      this.#feedReadAt = began
    } catch (error) {
      this.#etag = null
      this.#nextTry = now() + RETRY_SECONDS
      console.warn(`the feed of revocations could not be read: ${error.reason ?? error.message}`)
    }
  }

  async #key(kid) {
    const { fetch, now } = this.#settings
    const age = now() - this.#keysReadAt
    if (age >= KEYS_MAX_AGE_SECONDS || (!this.#keys.has(kid) && age >= SKEW_SECONDS)) {
      const { keys } = JSON.parse((await fetch('/.well-known/jwks.json')).text)
      this.#keys = new Map(keys.map((jwk) => [jwk.kid, { alg: jwk.alg, key: createPublicKey({ key: jwk, format: 'jwk' }) }]))
      this.#keysReadAt = now()
    }
    return this.#keys.get(kid)
  }
}

/** What is known of revocations. `keyOf(kid)` finds a public key, `readPart(name)` answers `{ text }`. */
export class Feed {
  #issuer
  #keyOf
  #readPart
  #taken = new Set()
  #ended = new Map() // end -> digests
  #users = new Map()
  #tenants = new Map()
  head = null

  constructor(issuer, keyOf, readPart) {
    this.#issuer = issuer
    this.#keyOf = keyOf
    this.#readPart = readPart
  }

  /** Takes a head, and reads the parts whose changes are not known yet; `text` is null if the head did not change. */
  async take(text, now) {
    const head = text === null ? this.head : await this.#verified(text)
    const known = this.head
    if (!head || now - head.iat > MAX_AGE_SECONDS) throw new Refused('old_revocations')
    if (known && (head.number < known.number || (head.number === known.number && head.iat < known.iat))) {
      throw new Refused('old_revocations')
    }
    for (const part of head.parts) {
      if (part.last <= (known?.number ?? 0) || part.end <= now || this.#taken.has(part.name)) continue
      const { text: content } = await this.#readPart(part.name)
      const hash = createHash('sha256').update(content ?? '').digest('base64url')
      if (part.name.slice(2) !== hash) throw new Refused('altered_part')
      this.#add(JSON.parse(content))
      this.#taken.add(part.name)
    }
    const named = new Set(head.parts.map((part) => part.name))
    for (const name of this.#taken) if (!named.has(name)) this.#taken.delete(name)
    if (!known || head.number > known.number) this.#add(head.tail)
    this.#forget(now)
    this.head = head
  }

  async #verified(text) {
    const { header, claims } = await signed(text, 'revocations+jwt', this.#keyOf)
    if (claims.iss !== this.#issuer || !Number.isInteger(claims.number)) throw new Refused('malformed')
    if (header.kid in claims.kids) throw new Refused('key_revoked')
    return claims
  }

  #add({ ended, users, tenants }) {
    for (const [end, digests] of Object.entries(ended)) {
      const found = this.#ended.get(Number(end)) ?? new Set()
      for (let start = 0; start < digests.length; start += 16) found.add(digests.slice(start, start + 16))
      this.#ended.set(Number(end), found)
    }
    for (const [name, cutoff] of Object.entries(users)) {
      if (!(this.#users.get(name)?.epoch >= cutoff.epoch)) this.#users.set(name, cutoff)
    }
    for (const [name, cutoff] of Object.entries(tenants)) {
      const known = this.#tenants.get(name) ?? {}
      const members = ['end', 'epoch', 'users_before', 'services_before']
      this.#tenants.set(name, Object.fromEntries(members.map((m) => [m, Math.max(known[m] ?? 0, cutoff[m] ?? 0)])))
    }
  }

  #forget(now) {
    for (const end of this.#ended.keys()) if (end <= now) this.#ended.delete(end)
    for (const all of [this.#users, this.#tenants]) {
      for (const [name, cutoff] of all) if (cutoff.end <= now) all.delete(name)
    }
  }

  /** Returns why a token is refused whose signature is right, or null. */
  refusal(claims, kid) {
    const place = [claims.tenant_id ?? PLATFORM, claims.user_id]
    const session = digest('session', ...place, claims.sid)
    const tenant = this.#tenants.get(digest('tenant', place[0]))
    const user = this.#users.get(digest('user', ...place))
    const spared = user?.spared === session && claims.epoch >= user.spared_epoch
    const before = tenant?.[claims.user_id.startsWith('service:') ? 'services_before' : 'users_before'] ?? 0
    if (kid in this.head.kids) return 'key_revoked'
    if ((claims.deployment_epoch ?? 0) < this.head.deployment.epoch) return 'deployment_cut_off'
    if (tenant && (claims.tenant_epoch < tenant.epoch || claims.iat <= before)) return 'tenant_cut_off'
    if (this.#has(session)) return 'session_ended'
    if (this.#has(digest('token', ...place, claims.jti))) return 'token_revoked'
    if (user && claims.epoch < user.epoch && !spared) return 'user_cut_off'
    if (claims.password_change_required && !spared) return 'password_change_required'
    return claims.second_factor_required ? 'second_factor_required' : null
  }

  #has(name) {
    for (const digests of this.#ended.values()) if (digests.has(name)) return true
    return false
  }
}

/** Returns header and claims of a text whose signature is that of the key it names. The key says the algorithm. */
async function signed(text, typ, keyOf) {
  const parts = String(text).split('.')
  const [header, claims] = parts.slice(0, 2).map((part) => {
    try {
      return JSON.parse(Buffer.from(part, 'base64url'))
    } catch {
      throw new Refused('malformed')
    }
  })
  const canonical = parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
  if (parts.length !== 3 || !canonical) throw new Refused('malformed')
  if (header.typ !== typ) throw new Refused('wrong_type')
  const found = await keyOf(header.kid)
  if (!found) throw new Refused('unknown_kid')
  if (header.alg !== found.alg) throw new Refused('wrong_algorithm')
  const key = { key: found.key, dsaEncoding: 'ieee-p1363' }
  const hash = found.alg === 'EdDSA' ? null : 'sha256'
  const content = Buffer.from(`${parts[0]}.${parts[1]}`)
  if (!verifySignature(hash, content, key, Buffer.from(parts[2], 'base64url'))) throw new Refused('malformed')
  return { header, claims }
}

async function read(url, etag) {
  const headers = etag ? { 'If-None-Match': etag } : {}
  const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(5000) })
  if (answer.status === 304) return { text: null, etag }
  if (!answer.ok) throw new Refused(`${url}: ${answer.status}`, 503)
  return { text: await answer.text(), etag: answer.headers.get('etag') }
}
