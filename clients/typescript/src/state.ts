import { Changed } from './errors.js'

/**
 * Who is in this tab.
 *
 * `unknown` until Doorward was asked: the page was just loaded, or came back from the browser's history.
 */
export interface State {
  readonly status: 'unknown' | 'signed_in' | 'signed_out'
  readonly sessionId: string | null
  readonly userId: string | null
  /** Null also for an administrator of the platform outside any tenant. */
  readonly tenantId: string | null
}

/** Called after the state changed. */
export type Listener = (state: State) => void

/** The state of a page that has just been loaded. */
export const UNKNOWN: State = { status: 'unknown', sessionId: null, userId: null, tenantId: null }

/** The state of a tab in which nobody is signed in. */
export const SIGNED_OUT: State = { ...UNKNOWN, status: 'signed_out' }

/** Tells whether two states say the same. */
export function same(one: State, other: State): boolean {
  const names = ['status', 'sessionId', 'userId', 'tenantId'] as const
  return names.every((name) => one[name] === other[name])
}

/** A request that was meant for one user in one tenant is never sent for another. @throws Changed. */
export function sameOrThrow(before: State, after: State): void {
  if (before.status !== 'unknown' && !same(before, after)) throw new Changed()
}
