import { NetworkError, readProblem } from './errors.js'
import type { Renewals } from './renewals.js'
import type { Server } from './server.js'

/** What came of a new factor. */
export interface Enrolled {
  /** With the first factor alone: show them now, for nobody can show them again. */
  readonly recoveryCodes: readonly string[]
}

/** What whoever is signed in asks of Doorward itself. */
export class Own {
  readonly #url: string
  readonly #fetch: typeof fetch
  readonly #server: Server
  readonly #renewals: Renewals

  /** @param fetch sends the token. */
  constructor(url: string, fetch: typeof globalThis.fetch, server: Server, renewals: Renewals) {
    this.#url = url
    this.#fetch = fetch
    this.#server = server
    this.#renewals = renewals
  }

  /** Returns the body of an answer; undefined where there is none. */
  async asked<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = { 'Content-Type': 'application/json' }
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers }
    const asking = this.#fetch(`${this.#url}${path}`, { method, cache: 'no-store', ...sent })
    const response = await asking.catch((error) => {
      throw error instanceof TypeError ? new NetworkError(error) : error
    })
    if (!response.ok) throw await readProblem(response)
    return (response.status === 204 ? undefined : await response.json()) as T
  }

  /** Proves something in the session. Its tokens and its cookie from before count for less, or for nothing. */
  async raise(path: string, body: object): Promise<Enrolled> {
    const { recoveryCodes } = await this.#renewals.raise((bearer) => this.#server.raiseSession(path, body, bearer))
    return { recoveryCodes }
  }
}
