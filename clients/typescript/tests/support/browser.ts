import type { Asking, Authenticator, Channel, Locks, Options, PasskeyAnswer, Store } from '../../src/index.js'
import { Doorward } from '../../src/index.js'
import { FakeClock, settle } from './clock.js'
import { FakeServer } from './server.js'

export const URL_OF_DOORWARD = 'https://auth.example.com'
export const API = 'https://api.example.com'

/** `Storage` in memory. */
export class MemoryStore implements Store {
  readonly texts = new Map<string, string>()

  getItem(name: string): string | null {
    return this.texts.get(name) ?? null
  }

  setItem(name: string, text: string): void {
    this.texts.set(name, text)
  }

  removeItem(name: string): void {
    this.texts.delete(name)
  }
}

interface Lock {
  mode: LockMode
  holders: number
  readonly waiting: { readonly mode: LockMode; readonly grant: () => void }[]
}

/** Web Locks: one holder of a name, or several that share it; the others in the order of their asking. */
export class FakeLocks implements Locks {
  readonly #locks = new Map<string, Lock>()

  async request<T>(
    name: string,
    options: { mode?: LockMode; ifAvailable?: boolean; signal?: AbortSignal },
    work: (lock: unknown) => Promise<T>,
  ): Promise<T> {
    const { mode = 'exclusive', ifAvailable = false, signal } = options
    const lock = this.#locks.get(name) ?? { mode, holders: 0, waiting: [] }
    this.#locks.set(name, lock)
    if (lock.waiting.length > 0 || !FakeLocks.#fits(lock, mode)) {
      if (ifAvailable) return work(null)
      await new Promise<void>((grant) => lock.waiting.push({ mode, grant }))
    } else FakeLocks.#grant(lock, mode)
    try {
      signal?.throwIfAborted()
      return await work({ name })
    } finally {
      lock.holders -= 1
      for (let next = lock.waiting[0]; next && FakeLocks.#fits(lock, next.mode); next = lock.waiting[0]) {
        lock.waiting.shift()
        FakeLocks.#grant(lock, next.mode)
        next.grant()
      }
    }
  }

  static #fits(lock: Lock, mode: LockMode): boolean {
    return lock.holders === 0 || (lock.mode === 'shared' && mode === 'shared')
  }

  static #grant(lock: Lock, mode: LockMode): void {
    lock.mode = mode
    lock.holders += 1
  }
}

/** BroadcastChannel: every other tab hears a copy, a little later. */
export class Air {
  readonly said: unknown[] = []
  readonly #tabs = new Set<Channel>()
  /** What is on its way; null lets it arrive by itself. */
  held: (() => void)[] | null = null

  open(): Channel {
    const air = this
    const channel: Channel = {
      onmessage: null,
      close: () => void air.#tabs.delete(channel),
      postMessage(message: unknown) {
        const data: unknown = structuredClone(message)
        air.said.push(data)
        const arrive = (): void => {
          for (const other of air.#tabs) if (other !== channel) other.onmessage?.({ data } as MessageEvent)
        }
        if (air.held === null) setImmediate(arrive)
        else air.held.push(arrive)
      },
    }
    this.#tabs.add(channel)
    return channel
  }

  /** Says the last thing to all once more. */
  repeat(): void {
    const data = this.said.at(-1)
    for (const each of this.#tabs) each.onmessage?.({ data } as MessageEvent)
  }

  arrive(): void {
    const held = this.held ?? []
    this.held = null
    for (const each of held) each()
  }
}

/** An authenticator whose user always says yes, and what it was asked. */
export class FakeAuthenticator implements Authenticator {
  readonly asked: { readonly what: 'create' | 'get'; readonly options: object; readonly asking: Asking }[] = []

  async create(options: object, asking: Asking): Promise<PasskeyAnswer> {
    this.asked.push({ what: 'create', options, asking })
    return { id: 'made' }
  }

  async get(options: object, asking: Asking): Promise<PasskeyAnswer> {
    this.asked.push({ what: 'get', options, asking })
    return { id: 'shown' }
  }
}

/** A browser with one cookie jar, whose tabs share what tabs share. */
export class FakeBrowser {
  readonly clock = new FakeClock()
  readonly server = new FakeServer()
  readonly locks = new FakeLocks()
  readonly air = new Air()
  readonly shared = new MemoryStore()
  readonly sockets: FakeSocket[] = []
  readonly authenticator = new FakeAuthenticator()

  /** Opens a tab; a duplicated or reloaded one has the storage of another. */
  tab(options: Partial<Options> = {}, storage: Store = new MemoryStore()): Doorward {
    return new Doorward({
      url: URL_OF_DOORWARD,
      apis: [API],
      fetch: this.server.fetch,
      tabStorage: storage,
      sharedStorage: this.shared,
      locks: this.locks,
      openChannel: () => this.air.open(),
      openSocket: (url) => this.#socket(url),
      page: null,
      authenticator: this.authenticator,
      clock: this.clock,
      random: () => 0.5,
      ...options,
    })
  }

  /** Opens a tab in which Kim signs in. */
  async signedIn(options: Partial<Options> = {}, storage: Store = new MemoryStore()): Promise<Doorward> {
    const tab = this.tab(options, storage)
    await tab.signIn({ username: 'kim', password: 'a long passphrase' })
    await settle() // tabs that are opened later do not hear of it
    return tab
  }

  #socket(url: string): WebSocket {
    const socket = new FakeSocket(url)
    this.sockets.push(socket)
    return socket as unknown as WebSocket
  }
}

/** A WebSocket that says what the test lets it say. */
export class FakeSocket extends EventTarget {
  constructor(readonly url: string) {
    super()
  }

  say(data: string): void {
    this.dispatchEvent(new MessageEvent('message', { data }))
  }
}
