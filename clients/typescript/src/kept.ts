import type { Store } from './platform.js'

/** A text that outlives the page, as far as the browser lets it. */
export class Kept {
  readonly #store: Store | null
  readonly #name: string
  #value: string | null

  constructor(store: Store | null, name: string) {
    this.#store = store
    this.#name = name
    this.#value = null
  }

  /** The text, or null. */
  get value(): string | null {
    try {
      return this.#store === null ? this.#value : this.#store.getItem(this.#name)
    } catch {
      return this.#value
    }
  }

  /** Keeps a text; null forgets it. */
  set(value: string | null): void {
    this.#value = value
    try {
      if (value === null) this.#store?.removeItem(this.#name)
      else this.#store?.setItem(this.#name, value)
    } catch {
      // Full or blocked: this page remembers, the next one does not.
    }
  }
}
