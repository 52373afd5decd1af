import type { Kept } from './kept.js'

const ANY = '*'

/** A session that the user ended, and Doorward has not confirmed it yet. */
export interface Ending {
  readonly sessionId: string
  readonly everywhere: boolean
}

/**
 * The sessions that were ended here, so that none comes back.
 *
 * Signing out without a network leaves a cookie that still works. What is to be ended is therefore kept for the next
 * page, which ends it before anybody is signed in by it.
 */
export class EndedSessions {
  readonly #known = new Set<string>()
  readonly #kept: Kept

  constructor(kept: Kept) {
    this.#kept = kept
  }

  /** Remembers that a session is over. */
  add(sessionId: string | null): void {
    if (sessionId !== null) this.#known.add(sessionId)
  }

  /** Remembers that a session is to be ended, whichever it is if it is not known. */
  begin(sessionId: string | null, everywhere: boolean): void {
    this.add(sessionId)
    this.#kept.set(JSON.stringify({ sessionId: sessionId ?? ANY, everywhere } satisfies Ending))
  }

  /** Forgets what is still to be ended: Doorward confirmed it, or the user signed in anew. */
  confirm(): void {
    this.#kept.set(null)
  }

  /** Tells whether a session is known to be over. */
  has(sessionId: string): boolean {
    return this.#known.has(sessionId)
  }

  /** Returns what is still to be done for a session to end, or null. */
  pending(sessionId: string): Ending | null {
    const ending = read(this.#kept.value)
    return ending?.sessionId === sessionId || ending?.sessionId === ANY ? ending : null
  }
}

function read(text: string | null): Ending | null {
  try {
    return text === null ? null : (JSON.parse(text) as Ending | null)
  } catch {
    return null
  }
}
