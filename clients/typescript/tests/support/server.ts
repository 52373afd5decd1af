/** A request that the server saw. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly origin: string
  readonly body: string
  readonly bearer: string | null
  readonly credentials: RequestCredentials
  readonly redirect: RequestRedirect
}

interface Session {
  readonly id: string
  readonly userId: string
  readonly tenantId: string
  alive: boolean
}

const TENANTS = ['acme', 'globex']
const LIFETIME_SECONDS = 900

/** Doorward and an API as far as the client sees them, and the browser's cookie jar before them. */
export class FakeServer {
  readonly seen: Seen[] = []
  /** What is answered first, by path, before anything is done. */
  readonly answers = new Map<string, (Response | Error)[]>()
  cookie: string | null = null
  /** Whether an answer comes although nobody waits for it any more: it had arrived already. */
  ignoresAborts = false
  lifetimeSeconds = LIFETIME_SECONDS
  readonly #sessions = new Map<string, Session>()
  readonly #tokens = new Map<string, { session: Session; tenantId: string }>()
  readonly #gates = new Map<string, Promise<void>>()
  #count = 0

  /** Holds the answers of a path, after they were made, until the returned function is called. */
  hold(path: string): () => void {
    let open: () => void = () => {}
    this.#gates.set(path, new Promise((resolve) => (open = resolve)))
    return () => {
      this.#gates.delete(path)
      open()
    }
  }

  /** Ends the session of the cookie, as from another device. */
  endAll(): void {
    for (const session of this.#sessions.values()) session.alive = false
  }

  /** Refuses all access tokens that there are; the sessions live on. */
  refuseTokens(): void {
    this.#tokens.clear()
  }

  /** Signs in somewhere else in the same browser, such as on Doorward's own pages. */
  signInElsewhere(userId: string, tenantId = 'acme'): void {
    this.#begin(userId, tenantId)
  }

  count(path: string): number {
    return this.seen.filter((request) => request.path === path).length
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    const { pathname, origin } = new URL(request.url)
    this.seen.push({
      method: request.method,
      path: pathname,
      origin,
      body: await request.text(),
      bearer: request.headers.get('Authorization')?.replace('Bearer ', '') ?? null,
      credentials: request.credentials,
      redirect: request.redirect,
    })
    const given = this.answers.get(pathname)?.shift()
    if (given instanceof Error) throw given
    const answer = given ?? this.#answer(this.seen.at(-1) as Seen)
    const gate = this.#gates.get(pathname)
    if (gate !== undefined) await (this.ignoresAborts ? gate : Promise.race([gate, aborted(request.signal)]))
    return answer
  }

  #answer(request: Seen): Response {
    switch (request.path) {
      case '/auth/login':
      case '/auth/email-code/confirm':
      case '/auth/second-factor':
      case '/auth/passkey':
        return this.#signIn(JSON.parse(request.body))
      case '/auth/email-code':
        return json({ challenge_id: 'dwc1.x', code_expires_in: 600 })
      case '/auth/passkey/options':
      case '/users/me/factors/passkeys/options':
        return json({ options: { challenge: `for ${request.path}` } })
      case '/auth/step-up':
        return this.#raise(request)
      case '/users/me/factors/totp/confirm':
      case '/users/me/factors/passkeys':
        return this.#raise(request, { recovery_codes: ['code-1', 'code-2'] })
      case '/auth/session/token':
        return this.#exchange(JSON.parse(request.body || '{}'))
      case '/auth/logout':
        return this.#signOut(request)
      default:
        return this.#api(request)
    }
  }

  #signIn({ username, password, tenant_id: tenantId = 'acme' }: Record<string, string>): Response {
    if (password === 'wrong') return problem(401, 'invalid_credentials')
    const old = this.#sessions.get(this.cookie ?? '')
    if (old) old.alive = false
    return this.#token(this.#begin(username ?? 'kim', tenantId), tenantId)
  }

  #begin(userId: string, tenantId: string): Session {
    const session = { id: `session-${(this.#count += 1)}`, userId, tenantId, alive: true }
    this.#sessions.set(session.id, session)
    this.cookie = session.id
    return session
  }

  #exchange({ tenant_id: tenantId }: { tenant_id?: string }): Response {
    const session = this.#sessions.get(this.cookie ?? '')
    if (session === undefined) return problem(401, 'missing_credentials')
    if (!session.alive) return problem(401, 'invalid_token')
    if (tenantId !== undefined && !TENANTS.includes(tenantId)) return problem(400, 'invalid_grant')
    return this.#token(session, tenantId ?? session.tenantId)
  }

  /** Rotates the cookie, as everything does that proves something in a session. */
  #raise({ bearer }: Seen, more: object = {}): Response {
    const known = this.#tokens.get(bearer ?? '')
    if (!known?.session.alive) return problem(401, 'invalid_token')
    this.#sessions.delete(this.cookie ?? '')
    this.cookie = `${known.session.id}, cookie ${(this.#count += 1)}`
    this.#sessions.set(this.cookie, known.session)
    return this.#token(known.session, known.tenantId, more)
  }

  #token(session: Session, tenantId: string, more: object = {}): Response {
    const claims = { user_id: session.userId, tenant_id: tenantId, jti: `${(this.#count += 1)}` }
    const token = `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`
    this.#tokens.set(token, { session, tenantId })
    return json({
      access_token: token,
      token_type: 'Bearer',
      expires_in: this.lifetimeSeconds,
      refresh_expires_in: 86_400,
      session_id: session.id,
      ...more,
    })
  }

  #signOut({ bearer }: Seen): Response {
    const session = this.#sessions.get(this.cookie ?? '') ?? this.#tokens.get(bearer ?? '')?.session
    if (session === undefined) return problem(401, 'missing_credentials')
    session.alive = false
    this.cookie = null
    return new Response(null, { status: 204 })
  }

  #api({ bearer, path }: Seen): Response {
    const known = this.#tokens.get(bearer ?? '')
    if (!known?.session.alive) return problem(401, 'invalid_token')
    if (path === '/users/me/factors') return json({ items: [{ id: 'totp', kind: 'totp', created_at: 'now' }] })
    if (path === '/users/me/factors/totp') return json({ id: 'totp', secret: 'S', uri: 'otpauth://totp/x' }, 201)
    if (path === '/users/me/factors/recovery-codes') return json({ recovery_codes: ['code-3'] }, 201)
    if (path.startsWith('/users/me/factors/')) return new Response(null, { status: 204 })
    if (path === '/auth/socket-ticket') return json({ ticket: 't 1', expires_in: 60, url: 'wss://sockets.example.com' })
    return json({ id: known.session.userId, username: known.session.userId, tenants: [], tenant: known.tenantId })
  }
}

/** Returns a refusal as Doorward writes it. */
export function problem(
  status: number,
  code: string,
  headers: Record<string, string> = {},
  members: object = {},
): Response {
  const body = { type: 'about:blank', title: 'No', status, detail: 'Not so.', code, request_id: 'r-1', ...members }
  return json(body, status, { 'Content-Type': 'application/problem+json', ...headers })
}

function json(body: object, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
}
