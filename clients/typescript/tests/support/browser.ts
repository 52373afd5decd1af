import type { Channel, Locks, Options, Store } from '../../src/index.js'
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

/** Web Locks: one holder of a name, the others in the order of their asking. */
export class FakeLocks implements Locks {
  readonly #last = new Map<string, Promise<unknown>>()

  async request<T>(
    name: string,
    options: { ifAvailable?: boolean; signal?: AbortSignal },
    work: (lock: unknown) => Promise<T>,
  ): Promise<T> {
    const before = this.#last.get(name)
    if (before !== undefined && options.ifAvailable) return work(null)
    const mine = (before ?? Promise.resolve()).then(() => {
      options.signal?.throwIfAborted()
      return work({ name })
    })
    const done = mine.then(
      () => {},
      () => {},
    )
    this.#last.set(name, done)
    void done.then(() => {
      if (this.#last.get(name) === done) this.#last.delete(name)
    })
    return mine
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

/** A browser with one cookie jar, whose tabs share what tabs share. */
export class FakeBrowser {
  readonly clock = new FakeClock()
  readonly server = new FakeServer()
  readonly locks = new FakeLocks()
  readonly air = new Air()
  readonly shared = new MemoryStore()
  readonly sockets: FakeSocket[] = []

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
