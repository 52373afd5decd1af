/** Two clocks and a way to wait. Neither clock is enough: one stands while the computer sleeps, one is set by hand. */
export interface Clock {
  /** Milliseconds that never go back. */
  monotonicMs(): number
  /** Milliseconds since 1970, as the computer believes. */
  wallMs(): number
  /** Waits; ends early, with an error, if the signal is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** A moment by both clocks. */
export interface Moment {
  readonly monotonicMs: number
  readonly wallMs: number
}

const AGREEMENT_MS = 5_000

/** Returns the present moment. */
export function now(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
}

/** Returns the milliseconds since a moment, or null if the clocks disagree: the computer slept, or its clock was set. */
export function elapsedMs(since: Moment, clock: Clock): number | null {
  const monotonic = clock.monotonicMs() - since.monotonicMs
  const wall = clock.wallMs() - since.wallMs
  return Math.abs(wall - monotonic) > AGREEMENT_MS ? null : Math.max(monotonic, wall)
}

/** The browser's clocks. */
export const browserClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  wait: (ms, signal) =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }, ms)
      if (signal?.aborted) giveUp()
      else signal?.addEventListener('abort', giveUp, { once: true })
    }),
}
