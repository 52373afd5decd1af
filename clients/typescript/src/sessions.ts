import type { Clock } from './clock.js'
import type { EndedSessions } from './ended.js'
import { Problem, SignedOut } from './errors.js'
import type { Keeper } from './keeper.js'
import type { Server } from './server.js'
import type { State } from './state.js'
import type { Tabs } from './tabs.js'
import { toSend } from './token.js'

/** Begins and ends sessions, for all tabs. */
export class Sessions {
  readonly #server: Server
  readonly #keeper: Keeper
  readonly #ended: EndedSessions
  readonly #tabs: Tabs
  readonly #clock: Clock
  #signOuts = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(server: Server, keeper: Keeper, ended: EndedSessions, tabs: Tabs, clock: Clock) {
    this.#server = server
    this.#keeper = keeper
    this.#ended = ended
    this.#tabs = tabs
    this.#clock = clock
  }

  /** Begins a session; whoever signed out meanwhile stays out. */
  readonly begin = (path: string, body: object): Promise<State> =>
    this.inOrder(async () => {
      const signOuts = this.#signOuts
      const token = await this.#server.beginSession(path, body)
      if (this.#signOuts !== signOuts) {
        this.#ended.begin(token.sessionId, false)
        await this.#endAtDoorward(false, token.text)
        throw new SignedOut()
      }
      this.#ended.confirm()
      this.#keeper.begin(token)
      const sent = toSend(token, this.#clock)
      if (sent !== null) this.#tabs.tell({ kind: 'signed_in', token: sent })
      return this.#keeper.state
    })

  /** Ends the session in this tab at once, in the other tabs, and at Doorward. */
  async end(everywhere: boolean): Promise<void> {
    const { sessionId } = this.#keeper.state
    const token = this.#keeper.living(true)
    this.#signOuts += 1
    this.#ended.begin(sessionId, everywhere)
    this.#keeper.end()
    this.#tabs.tell({ kind: 'signed_out', sessionId })
    await this.#endAtDoorward(everywhere, token?.text)
  }

  /** What changes who is in this tab happens one after another. */
  inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work)
    this.#last = result.catch(() => {})
    return result
  }

  async #endAtDoorward(everywhere: boolean, bearer: string | undefined): Promise<void> {
    try {
      await this.#server.endSession(everywhere, bearer)
    } catch (error) {
      // 401: there is nothing to end.
      if (!(error instanceof Problem && error.status === 401)) throw error
    }
    this.#ended.confirm()
  }
}
