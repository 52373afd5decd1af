/** What the client rejects with. Decide by `code`, which is stable; the sentences are for people. */
export class DoorwardError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Nobody is signed in, or the user signed out while this waited. */
export class SignedOut extends DoorwardError {
  constructor() {
    super('signed_out', 'Nobody is signed in.')
  }
}

/** Another user or another tenant came into this tab while a request waited. The request was not sent for them. */
export class Changed extends DoorwardError {
  constructor() {
    super('changed', 'The session or the tenant changed while the request waited.')
  }
}

/** Doorward was not reached, or did not answer in time. It says nothing of the session. */
export class NetworkError extends DoorwardError {
  constructor(cause: unknown) {
    super('network_error', 'Doorward could not be reached.', { cause })
  }
}

/** The members of a problem of RFC 9457, and when to ask again. */
export interface ProblemDetails {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null
  /** How sure the sign-in must be, such as `2fa`, if the refusal says so (RFC 9470). */
  readonly acrValues?: string | null
  /** How many seconds ago the sign-in, or a `stepUp`, may be, if the refusal says so (RFC 9470). */
  readonly maxAge?: number | null
}

/** A refusal (RFC 9457). */
export class Problem extends DoorwardError implements ProblemDetails {
  readonly status: number
  readonly title: string
  readonly detail: string
  /** By which the deployment's log is searched. */
  readonly requestId: string | null
  /** When to ask again, if the refusal says so. */
  readonly retryAfterSeconds: number | null
  /** How sure the sign-in must be; with the code `insufficient_user_authentication`: `stepUp` is what is missing. */
  readonly acrValues: string | null
  /** How many seconds ago the sign-in, or a `stepUp`, may be. */
  readonly maxAge: number | null

  constructor(details: ProblemDetails) {
    super(details.code, details.detail)
    this.status = details.status
    this.title = details.title
    this.detail = details.detail
    this.requestId = details.requestId
    this.retryAfterSeconds = details.retryAfterSeconds
    this.acrValues = details.acrValues ?? null
    this.maxAge = details.maxAge ?? null
  }
}

/** The sign-in was right so far, and waits for a second factor: `finishSignIn`. */
export class SecondFactorRequired extends Problem {
  /** What `finishSignIn` sends. It is a secret of this sign-in. */
  readonly challengeId: string
  /** Which kinds of factors finish it: `totp`, `passkey`, `recovery_code`. */
  readonly factors: readonly string[]
  /** How long the sign-in waits. */
  readonly expiresInSeconds: number

  constructor(details: ProblemDetails, challengeId: string, factors: readonly string[], expiresInSeconds: number) {
    super(details)
    this.challengeId = challengeId
    this.factors = factors
    this.expiresInSeconds = expiresInSeconds
  }
}

const MORE_NEEDED = 'insufficient_user_authentication'

/**
 * Tells whether a refusal means that the token is good, and the sign-in too old or not sure enough (RFC 9470).
 *
 * A gateway may give the header of that another name. Doorward's own answers say it in the body too, which is left
 * unread here.
 */
export async function asksForMore(response: Response): Promise<boolean> {
  if (response.status !== 401) return false
  if (response.headers.get('WWW-Authenticate')?.includes(`error="${MORE_NEEDED}"`)) return true
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) return false
  return (await membersOf(response.clone())).code === MORE_NEEDED
}

/**
 * Reads what a refusal says.
 *
 * @param response of a status that is no success; its body is read here.
 * @returns the problem; its code is `unexpected_answer` if something else than Doorward answered.
 */
export async function readProblem(response: Response): Promise<Problem> {
  const found = await membersOf(response)
  const text = (name: string): string | null => (typeof found[name] === 'string' ? found[name] : null)
  const number = (name: string): number | null => (typeof found[name] === 'number' ? found[name] : null)
  const title = text('title') ?? (response.statusText || `Status ${response.status}`)
  const details: ProblemDetails = {
    status: response.status,
    code: text('code') ?? 'unexpected_answer',
    title,
    detail: text('detail') ?? title,
    requestId: text('request_id'),
    retryAfterSeconds: retryAfterSeconds(response),
    acrValues: text('acr_values'),
    maxAge: number('max_age'),
  }
  const challengeId = text('challenge_id')
  if (details.code !== 'second_factor_required' || challengeId === null) return new Problem(details)
  const factors = Array.isArray(found.factors) ? found.factors.filter((kind) => typeof kind === 'string') : []
  return new SecondFactorRequired(details, challengeId, factors, number('expires_in') ?? 0)
}

/** Returns the seconds of `Retry-After`, or null. The form with a date is not read: clocks of users are wrong. */
export function retryAfterSeconds(response: Response): number | null {
  const text = response.headers.get('Retry-After')
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null
}

async function membersOf(response: Response): Promise<Record<string, unknown>> {
  try {
    const found: unknown = await response.json()
    return typeof found === 'object' && found !== null ? { ...found } : {}
  } catch {
    return {}
  }
}
