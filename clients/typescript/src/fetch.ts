import { asksForMore, Changed } from './errors.js'
import type { Keeper } from './keeper.js'
import type { Renewals } from './renewals.js'
import { sameOrThrow } from './state.js'
import type { AccessToken } from './token.js'

/** How requests to APIs are sent. */
export interface Sender {
  readonly fetch: typeof fetch
  /** The origins that get the token. */
  readonly origins: ReadonlySet<string>
  /** Tells whether an answer means that the token was refused. */
  readonly isRefusal: (response: Response) => boolean
}

/**
 * Sends a request with the access token, to the allowed origins alone.
 *
 * A refused token is renewed, and the request is sent once more, for the same session and tenant. A request whose body
 * is a stream is not sent again. Nor is one for which the sign-in is too old or not sure enough (RFC 9470): the next
 * token would say the same of it. With the token no redirect is followed, for it could lead to another origin: `fetch`
 * fails, or gives the redirect if `redirect` is `manual`.
 *
 * @throws SignedOut if nobody is signed in; Changed if somebody else is, or in another tenant, before it was sent.
 */
export async function sendWithToken(
  sender: Sender,
  keeper: Keeper,
  renewals: Renewals,
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  const copy = input instanceof Request ? input.clone() : input // sending uses a body up
  const asked = new Request(input, init)
  if (!sender.origins.has(new URL(asked.url).origin) || asked.headers.has('Authorization')) return sender.fetch(asked)
  const before = keeper.state
  const token = await renewals.living()
  sameOrThrow(before, keeper.state)
  const response = await sender.fetch(withToken(asked, token))
  if (!sender.isRefusal(response) || (await asksForMore(response))) return response
  keeper.refuse(token.text)
  if (init?.body instanceof ReadableStream || asked.signal.aborted) return response
  const renewed = await renewals.living()
  if (renewed.sessionId !== token.sessionId || renewed.tenantId !== token.tenantId) throw new Changed()
  await response.body?.cancel()
  return sender.fetch(withToken(new Request(copy, init), renewed))
}

function withToken(request: Request, token: AccessToken): Request {
  const sent = new Request(request, { redirect: request.redirect === 'manual' ? 'manual' : 'error' })
  sent.headers.set('Authorization', `Bearer ${token.text}`)
  return sent
}
