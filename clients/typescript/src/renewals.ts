import { Changed, NetworkError, Problem, SignedOut } from './errors.js'
import type { EndedSessions } from './ended.js'
import type { Keeper } from './keeper.js'
import { exclusively, together } from './locks.js'
import type { Platform } from './platform.js'
import type { Raised, Server } from './server.js'
import { sameOrThrow } from './state.js'
import type { Tabs } from './tabs.js'
import { type AccessToken, toSend } from './token.js'

const NEWS_MS = 20

/** Gets access tokens for the cookie: one request at a time in this tab, and one at a time in all tabs. */
export class Renewals {
  readonly #server: Server
  readonly #keeper: Keeper
  readonly #ended: EndedSessions
  readonly #tabs: Tabs
  readonly #platform: Pick<Platform, 'clock' | 'locks'>
  readonly #name: string
  readonly #running = new Map<string | null, { era: AbortSignal; result: Promise<AccessToken> }>()

  /** @param name of the lock; the tenant is added to it. */
  constructor(
    server: Server,
    keeper: Keeper,
    ended: EndedSessions,
    tabs: Tabs,
    platform: Pick<Platform, 'clock' | 'locks'>,
    name: string,
  ) {
    this.#server = server
    this.#keeper = keeper
    this.#ended = ended
    this.#tabs = tabs
    this.#platform = platform
    this.#name = name
  }

  /**
   * Returns the token of this tab, renewed if its end is near.
   *
   * A renewal that fails for a reason that passes ends nothing: the token is used to its end.
   *
   * @throws SignedOut if nobody is signed in; Problem or NetworkError if there is no token.
   */
  async living(): Promise<AccessToken> {
    for (;;) {
      if (this.#keeper.state.status === 'signed_out') throw new SignedOut()
      const token = this.#keeper.living()
      if (token !== null) return token
      const era = this.#keeper.era
      try {
        return await this.#renewed(era)
      } catch (error) {
        const rest = this.#keeper.living(true)
        if (!era.aborted && rest !== null && passes(error)) return rest
        if (!era.aborted) throw error
        // The user signed in, out or over to another tenant meanwhile: look again at what is now.
      }
    }
  }

  /**
   * Returns a token of a tenant, without letting it into the tab; null is the tenant of the sign-in.
   *
   * @throws SignedOut or Changed if the user signed out, or in anew, meanwhile; Problem; NetworkError.
   */
  async ofTenant(tenantId: string | null): Promise<AccessToken> {
    const era = this.#keeper.era
    try {
      const token = await this.#once(tenantId, era, () => this.#exchange(tenantId, era))
      if (!era.aborted) return token
    } catch (error) {
      if (!era.aborted) throw error
    }
    throw this.#gone()
  }

  /**
   * Proves something in the session of this tab, and lets the token of the answer in, here and in the other tabs.
   *
   * The answer brings another cookie too. So no tab exchanges the cookie meanwhile: the one from before is refused, and
   * it would look as if the session were over.
   *
   * @param ask is given the token of the session.
   * @throws SignedOut or Changed if the user signed out, or in anew, meanwhile; Problem; NetworkError.
   */
  async raise(ask: (bearer: string) => Promise<Raised>): Promise<Raised> {
    const before = this.#keeper.state
    const first = (await this.living()).text
    sameOrThrow(before, this.#keeper.state)
    const era = this.#keeper.era
    const raised = await this.#alone(era, () => ask(first)).catch(async (error: unknown) => {
      if (!(error instanceof Problem && error.code === 'invalid_token')) throw error
      this.#keeper.refuse(first)
      const next = (await this.living()).text
      if (era.aborted) throw this.#gone()
      return this.#alone(era, () => ask(next))
    })
    if (!this.#keeper.renew(raised.token, era)) throw this.#gone()
    this.#tell(raised.token)
    return raised
  }

  #alone<T>(era: AbortSignal, work: () => Promise<T>): Promise<T> {
    return exclusively(this.#platform.locks, `${this.#name}#cookie`, era, work)
  }

  #gone(): SignedOut | Changed {
    return this.#keeper.state.status === 'signed_out' ? new SignedOut() : new Changed()
  }

  async #renewed(era: AbortSignal): Promise<AccessToken> {
    const tenantId = this.#keeper.tenantId
    const token = await this.#once(tenantId, era, () => this.#renew(tenantId, era))
    if (era.aborted && this.#keeper.living()?.text !== token.text) throw new SignedOut()
    return token
  }

  #once(tenantId: string | null, era: AbortSignal, ask: () => Promise<AccessToken>): Promise<AccessToken> {
    const running = this.#running.get(tenantId)
    if (running !== undefined && running.era === era) return running.result
    const started = { era, result: ask() }
    this.#running.set(tenantId, started)
    const done = (): void => {
      if (this.#running.get(tenantId) === started) this.#running.delete(tenantId)
    }
    started.result.then(done, done)
    return started.result
  }

  #renew(tenantId: string | null, era: AbortSignal): Promise<AccessToken> {
    return exclusively(this.#platform.locks, `${this.#name}:${tenantId ?? ''}`, era, async (waited) => {
      const found = waited ? await this.#fromAnotherTab(era) : null
      if (found !== null) return found
      const token = await this.#exchange(tenantId, era)
      if (!this.#keeper.renew(token, era)) {
        if (!era.aborted) this.#keeper.end() // another tab told that this very session is over
        throw new SignedOut()
      }
      this.#tell(token)
      return token
    })
  }

  #tell(token: AccessToken): void {
    const sent = toSend(token, this.#platform.clock)
    if (sent !== null) this.#tabs.tell({ kind: 'token', token: sent })
  }

  /** Returns what the tab that had the lock told; its news may come a little later than the lock. */
  async #fromAnotherTab(era: AbortSignal): Promise<AccessToken | null> {
    if (this.#keeper.living() === null) await this.#platform.clock.wait(NEWS_MS, era)
    return this.#keeper.living()
  }

  async #exchange(tenantId: string | null, era: AbortSignal): Promise<AccessToken> {
    let token: AccessToken
    try {
      const exchange = (): Promise<AccessToken> => this.#server.exchangeCookie(tenantId, era)
      token = await together(this.#platform.locks, `${this.#name}#cookie`, era, exchange)
    } catch (error) {
      if (!era.aborted && error instanceof Problem && error.status === 401) this.#over()
      throw error
    }
    await this.#endWhatWasEnded(token)
    return token
  }

  /** Doorward says that the session is over. Only tabs of that very session hear of it. */
  #over(): never {
    const { sessionId } = this.#keeper.state
    this.#keeper.end()
    this.#ended.confirm()
    if (sessionId !== null) this.#tabs.tell({ kind: 'signed_out', sessionId })
    throw new SignedOut()
  }

  /** Ends a session that the user had ended while Doorward was not reached. */
  async #endWhatWasEnded(token: AccessToken): Promise<void> {
    const ending = this.#ended.pending(token.sessionId)
    if (ending === null) return
    this.#keeper.end()
    await this.#server.endSession(ending.everywhere, token.text)
    this.#ended.confirm()
    throw new SignedOut()
  }
}

/** Tells whether an error says nothing of the session. */
function passes(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof Problem && (error.status >= 500 || error.status === 429))
}
