import { type Clock, elapsedMs, type Moment } from './clock.js'
import type { components } from './openapi.js'

/** The members of every answer with a token that this client reads. */
export type TokenAnswer = Pick<components['schemas']['AccessTokenResponse'], 'access_token' | 'expires_in' | 'session_id'>

/** An access token, and what is known of it. It is in memory alone. */
export interface AccessToken {
  readonly text: string
  readonly sessionId: string
  readonly userId: string | null
  /** Null for an administrator of the platform outside any tenant. */
  readonly tenantId: string | null
  readonly lifetimeMs: number
  /** When it was asked for: it is not older than that. */
  readonly from: Moment
}

/** A token on its way to another tab, whose monotonic clock began at another time. */
export interface SentToken extends Omit<AccessToken, 'from'> {
  readonly ageMs: number
  readonly sentWallMs: number
}

/** Returns the token of an answer to what was asked at a moment. */
export function tokenOf(answer: TokenAnswer, from: Moment): AccessToken {
  const claims = claimsOf(answer.access_token)
  return {
    text: answer.access_token,
    sessionId: answer.session_id,
    userId: claims('user_id'),
    tenantId: claims('tenant_id'),
    lifetimeMs: answer.expires_in * 1000,
    from,
  }
}

/** Returns how many milliseconds a token is good for; 0 if its age is doubtful. */
export function remainingMs(token: AccessToken, clock: Clock): number {
  const age = elapsedMs(token.from, clock)
  return age === null ? 0 : Math.max(0, token.lifetimeMs - age)
}

/** Returns a token for another tab, or null if its age is doubtful. */
export function toSend(token: AccessToken, clock: Clock): SentToken | null {
  const ageMs = elapsedMs(token.from, clock)
  const { from: _from, ...rest } = token
  return ageMs === null ? null : { ...rest, ageMs, sentWallMs: clock.wallMs() }
}

/** Returns a token that another tab sent; a tab that was frozen receives it late. */
export function received(sent: SentToken, clock: Clock): AccessToken {
  const { ageMs, sentWallMs, ...rest } = sent
  const age = ageMs + Math.max(0, clock.wallMs() - sentWallMs)
  return { ...rest, from: { monotonicMs: clock.monotonicMs() - age, wallMs: clock.wallMs() - age } }
}

/** Returns a reader of the claims of a token. They are shown and compared; nobody is let in by them here. */
function claimsOf(token: string): (name: string) => string | null {
  try {
    const text = atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'))
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    return (name) => (typeof claims[name] === 'string' && claims[name] !== '' ? claims[name] : null)
  } catch {
    return () => null
  }
}
