import { type Authenticator, browserAuthenticator } from './authenticator.js'
import { browserClock, type Clock } from './clock.js'
import type { Locks } from './locks.js'
import type { Channel } from './tabs.js'

/** The part of `Storage` that is used. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** What a browser gives. Each can be replaced; null stands for what a browser does not have. */
export interface Platform {
  readonly fetch: typeof fetch
  /** Of one tab: keeps which tenant the tab is in. */
  readonly tabStorage: Store | null
  /** Of all tabs: keeps which session is still to be ended. No token is in either. */
  readonly sharedStorage: Store | null
  readonly locks: Locks | null
  readonly openChannel: ((name: string) => Channel) | null
  readonly openSocket: (url: string) => WebSocket
  /** Where `pageshow` is heard. */
  readonly page: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> | null
  readonly clock: Clock
  /** What makes and uses passkeys. */
  readonly authenticator: Authenticator
  /** At least 0 and less than 1. */
  readonly random: () => number
}

/** Returns what this browser gives. */
export function browserPlatform(): Platform {
  return {
    fetch: (input, init) => globalThis.fetch(input, init),
    tabStorage: storage('sessionStorage'),
    sharedStorage: storage('localStorage'),
    locks: globalThis.navigator?.locks ?? null,
    openChannel: 'BroadcastChannel' in globalThis ? (name) => new BroadcastChannel(name) : null,
    openSocket: (url) => new WebSocket(url),
    page: typeof window === 'undefined' ? null : window,
    clock: browserClock,
    authenticator: browserAuthenticator(),
    random: Math.random,
  }
}

function storage(name: 'sessionStorage' | 'localStorage'): Store | null {
  try {
    return globalThis[name] ?? null
  } catch {
    return null // where the user blocks it, looking at it is an error
  }
}
