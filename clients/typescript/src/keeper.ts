import { type Clock } from './clock.js'
import type { EndedSessions } from './ended.js'
import type { Kept } from './kept.js'
import { type Listener, same, SIGNED_OUT, type State, UNKNOWN } from './state.js'
import { type AccessToken, remainingMs } from './token.js'

const MARGIN_PART = 5

/** Keeps the access token of one tab, in memory, and decides which token may come into the tab. */
export class Keeper {
  readonly #ended: EndedSessions
  readonly #tenant: Kept
  readonly #clock: Clock
  readonly #marginMs: number
  readonly #listeners = new Set<Listener>()
  #state: State = UNKNOWN
  #token: AccessToken | null = null
  #refused: string | null = null
  #era = new AbortController()

  /**
   * @param ended the sessions that never come back.
   * @param tenant where the tab's tenant is kept.
   * @param marginMs how long before its end a token is renewed; a fifth of a token's life is the most.
   */
  constructor(ended: EndedSessions, tenant: Kept, clock: Clock, marginMs: number) {
    this.#ended = ended
    this.#tenant = tenant
    this.#clock = clock
    this.#marginMs = marginMs
  }

  get state(): State {
    return this.#state
  }

  /** The tenant that this tab asks tokens for; null for that of the sign-in. */
  get tenantId(): string | null {
    return this.#tenant.value
  }

  /** Aborted when the user, the session or the tenant of this tab changes. What began before counts no more. */
  get era(): AbortSignal {
    return this.#era.signal
  }

  /** The token, if it is good for longer than the margin, or for a while if `toTheEnd`. */
  living(toTheEnd = false): AccessToken | null {
    const token = this.#token
    if (token === null) return null
    const marginMs = toTheEnd ? 0 : Math.min(this.#marginMs, token.lifetimeMs / MARGIN_PART)
    return remainingMs(token, this.#clock) > marginMs ? token : null
  }

  /** Calls a listener after each change; returns what ends that. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Lets a new sign-in, or a switch of tenant, into the tab. */
  begin(token: AccessToken): void {
    this.#newEra()
    this.#hold(token)
  }

  /**
   * Lets a renewed token in.
   *
   * @param era in which it was asked for.
   * @returns whether it was let in.
   */
  renew(token: AccessToken, era: AbortSignal): boolean {
    if (era.aborted || this.#state.status === 'signed_out' || this.#ended.has(token.sessionId)) return false
    // The cookie may be of another sign-in than the tab knows, for instance on Doorward's own pages.
    if (this.#state.sessionId !== null && this.#state.sessionId !== token.sessionId) this.#newEra()
    this.#hold(token)
    return true
  }

  /** Lets in what another tab renewed, if it is this tab's session and tenant, and better than what is here. */
  take(token: AccessToken): void {
    const better = remainingMs(token, this.#clock) > (this.#token ? remainingMs(this.#token, this.#clock) : 0)
    if (this.#fits(token) && better && token.text !== this.#refused) this.#hold(token)
  }

  /** Forgets a token that was refused. */
  refuse(text: string): void {
    this.#refused = text
    if (this.#token?.text === text) this.#token = null
  }

  /** Forgets the token, whatever it is, but not who is there. */
  doubt(): void {
    if (this.#token !== null) this.refuse(this.#token.text)
  }

  /** Ends the session of this tab. */
  end(): void {
    this.#ended.add(this.#state.sessionId)
    this.#token = null
    this.#tenant.set(null)
    this.#newEra()
    this.#change(SIGNED_OUT)
  }

  #fits(token: AccessToken): boolean {
    if (this.#ended.has(token.sessionId)) return false
    const { status, sessionId, tenantId } = this.#state
    // A page that was just loaded knows its tenant, and not yet the session.
    if (status === 'unknown') return token.tenantId !== null && token.tenantId === this.tenantId
    return status === 'signed_in' && token.sessionId === sessionId && token.tenantId === tenantId
  }

  #hold(token: AccessToken): void {
    this.#token = token
    this.#tenant.set(token.tenantId)
    const { sessionId, userId, tenantId } = token
    this.#change({ status: 'signed_in', sessionId, userId, tenantId })
  }

  #newEra(): void {
    this.#era.abort()
    this.#era = new AbortController()
  }

  #change(state: State): void {
    if (same(state, this.#state)) return
    this.#state = state
    for (const listener of [...this.#listeners]) {
      try {
        listener(state)
      } catch (error) {
        queueMicrotask(() => {
          throw error // a listener that fails is told of, and stops neither the others nor a sign-out
        })
      }
    }
  }
}
