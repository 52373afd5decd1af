import type { Clock } from '../../src/index.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Lets everything happen that is ready to happen. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await turn()
}

/** A clock that moves by itself when somebody waits. `sleep` is what a lid does: one of the clocks stands. */
export class FakeClock implements Clock {
  readonly pauses: number[] = []
  #monotonic = 1_000
  #wall = 1_700_000_000_000

  monotonicMs(): number {
    return this.#monotonic
  }

  wallMs(): number {
    return this.#wall
  }

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    this.pauses.push(ms)
    await settle()
    signal?.throwIfAborted()
    this.pass(ms)
  }

  pass(ms: number): void {
    this.#monotonic += ms
    this.#wall += ms
  }

  sleep(ms: number): void {
    this.#wall += ms
  }
}
