/** The part of Web Locks that is used. */
export interface Locks {
  request<T>(
    name: string,
    options: { mode?: LockMode; ifAvailable?: boolean; signal?: AbortSignal },
    work: (lock: unknown) => Promise<T>,
  ): Promise<T>
}

const PATIENCE_MS = 10_000

type Work<T> = (waited: boolean) => Promise<T>

/**
 * Does something while no other tab does the same.
 *
 * Whoever waited too long goes on without the lock, for instance behind a tab that is frozen. That costs a request and
 * harms nothing: Doorward rotates nothing when a cookie is exchanged. (A step-up rotates the cookie: see `together`.)
 *
 * @param locks null where the browser has none.
 * @param name of what is done.
 * @param signal gives up waiting.
 * @param work is told whether another tab did it meanwhile.
 */
export async function exclusively<T>(
  locks: Locks | null,
  name: string,
  signal: AbortSignal,
  work: Work<T>,
): Promise<T> {
  return holding(locks, name, 'exclusive', signal, work)
}

/** Does something while others may do the same, but nobody does anything of that name `exclusively`. */
export async function together<T>(
  locks: Locks | null,
  name: string,
  signal: AbortSignal,
  work: Work<T>,
): Promise<T> {
  return holding(locks, name, 'shared', signal, work)
}

async function holding<T>(
  locks: Locks | null,
  name: string,
  mode: LockMode,
  signal: AbortSignal,
  work: Work<T>,
): Promise<T> {
  if (locks === null) return work(false)
  const atOnce = await locks.request(name, { mode, ifAvailable: true }, async (lock) =>
    lock === null ? null : { result: await work(false) },
  )
  return atOnce === null ? afterOthers(locks, name, mode, signal, work) : atOnce.result
}

async function afterOthers<T>(
  locks: Locks,
  name: string,
  mode: LockMode,
  signal: AbortSignal,
  work: Work<T>,
): Promise<T> {
  let began = false
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  try {
    return await locks.request(name, { mode, signal: patience }, () => {
      began = true
      return work(true)
    })
  } catch (error) {
    if (began || signal.aborted || !patience.aborted) throw error
    return work(true)
  }
}
