import { type Clock, now } from './clock.js'
import { NetworkError, readProblem, retryAfterSeconds } from './errors.js'
import type { components } from './openapi.js'
import type { Platform } from './platform.js'
import { type AccessToken, type TokenAnswer, tokenOf } from './token.js'

const TIMEOUT_MS = 20_000
const TRIES = 3
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

type Answers = components['schemas']

/** The next token of a session in which something was proved, and the codes that came with a first factor. */
export interface Raised {
  readonly token: AccessToken
  readonly recoveryCodes: readonly string[]
}

/** How to send a request. */
interface Sending {
  readonly body?: object
  readonly bearer?: string | undefined
  readonly signal?: AbortSignal
  /** Whether to ask again where Doorward says that it is busy. */
  readonly patient?: boolean
  /** Whether the request outlives the page. */
  readonly keepalive?: boolean
}

/** The calls of Doorward that go with the browser's cookie. */
export class Server {
  readonly #url: string
  readonly #fetch: typeof fetch
  readonly #clock: Clock
  readonly #random: () => number

  constructor(url: string, { fetch, clock, random }: Pick<Platform, 'fetch' | 'clock' | 'random'>) {
    this.#url = url
    this.#fetch = fetch
    this.#clock = clock
    this.#random = random
  }

  /** Begins a session whose refresh token is a cookie that no script reads. */
  async beginSession(path: string, body: object): Promise<AccessToken> {
    return this.#token(path, { body: { ...body, refresh: 'cookie' } })
  }

  /** Exchanges the cookie for an access token of a tenant; null is the tenant of the sign-in. */
  async exchangeCookie(tenantId: string | null, signal: AbortSignal): Promise<AccessToken> {
    const body = tenantId === null ? {} : { tenant_id: tenantId }
    return this.#token('/auth/session/token', { body, signal, patient: true })
  }

  /** Proves something in the session of a token, and returns the session's next token, which says so. */
  async raiseSession(path: string, body: object, bearer: string): Promise<Raised> {
    const { token, answer } = await this.#answered(path, { body: { ...body, refresh: 'cookie' }, bearer })
    return { token, recoveryCodes: (answer as Answers['RaisedResponse']).recovery_codes ?? [] }
  }

  /** Returns what a browser needs to ask for a passkey. */
  async passkeyOptions(): Promise<Answers['PasskeyOptionsResponse']> {
    const response = await this.#post('/auth/passkey/options', {})
    return (await response.json()) as Answers['PasskeyOptionsResponse']
  }

  /** Asks for a mail with a code. */
  async askForCode(body: Answers['EmailRequest']): Promise<Answers['ChallengeResponse']> {
    const response = await this.#post('/auth/email-code', { body })
    return (await response.json()) as Answers['ChallengeResponse']
  }

  /** Ends the session of the cookie and of the token, or with `everywhere` all sessions of the user. */
  async endSession(everywhere: boolean, bearer: string | undefined): Promise<void> {
    const query = everywhere ? '?everywhere=true' : ''
    await this.#post(`/auth/logout${query}`, { bearer, patient: true, keepalive: true })
  }

  async #token(path: string, sending: Sending): Promise<AccessToken> {
    return (await this.#answered(path, sending)).token
  }

  async #answered(path: string, sending: Sending): Promise<{ token: AccessToken; answer: TokenAnswer }> {
    let from = now(this.#clock)
    const response = await this.#post(path, sending, () => (from = now(this.#clock)))
    const answer = (await response.json()) as TokenAnswer
    return { token: tokenOf(answer, from), answer }
  }

  async #post(path: string, sending: Sending, beforeEach: () => void = () => {}): Promise<Response> {
    for (let left = sending.patient === true ? TRIES : 1; ; left -= 1) {
      beforeEach()
      const response = await this.#send(path, sending)
      if (response.ok) return response
      const pauseMs = this.#pauseMs(response, TRIES - left)
      if (left === 1 || pauseMs === null) throw await readProblem(response)
      await this.#clock.wait(pauseMs, sending.signal)
    }
  }

  async #send(path: string, { body, bearer, signal, keepalive = false }: Sending): Promise<Response> {
    const headers = new Headers()
    if (body !== undefined) headers.set('Content-Type', 'application/json')
    if (bearer !== undefined) headers.set('Authorization', `Bearer ${bearer}`)
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    try {
      return await this.#fetch(`${this.#url}${path}`, {
        method: 'POST',
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        credentials: 'include',
        cache: 'no-store',
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        keepalive,
      })
    } catch (error) {
      throw new NetworkError(error)
    }
  }

  /** Returns how long to wait before asking again, never the same for all browsers; null is not to ask. */
  #pauseMs(response: Response, pauses: number): number | null {
    if (response.status !== 429 && response.status !== 503) return null
    const asked = retryAfterSeconds(response)
    const pauseMs = asked === null ? FIRST_PAUSE_MS * 2 ** pauses : asked * 1000
    return pauseMs > LONGEST_PAUSE_MS ? null : pauseMs * (1 + this.#random() / 2)
  }
}
