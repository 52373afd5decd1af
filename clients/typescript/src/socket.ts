import type { components } from './openapi.js'

/** What opens one WebSocket, within a minute. */
export interface SocketTicket {
  readonly ticket: string
  readonly url: string
  readonly expiresInSeconds: number
}

/** Returns the ticket of an answer. */
export function ticketOf(answer: components['schemas']['SocketTicketResponse']): SocketTicket {
  return { ticket: answer.ticket, url: answer.url, expiresInSeconds: answer.expires_in }
}

/** Returns the URL of a socket. A ticket is good once; an access token never stands in a URL. */
export function socketUrl({ url, ticket }: SocketTicket): string {
  return `${url}?ticket=${encodeURIComponent(ticket)}`
}

/**
 * Returns why Doorward is about to close a socket, or null if a message says something else.
 *
 * `signed_out`: the session is over. `access_changed`, `expired`: open another one. `tenant_disabled`: nobody gets in.
 */
export function closingReason(message: MessageEvent): string | null {
  if (typeof message.data !== 'string') return null
  try {
    const found = JSON.parse(message.data) as { type?: unknown; reason?: unknown } | null
    return found?.type === 'closed' && typeof found.reason === 'string' ? found.reason : null
  } catch {
    return null
  }
}
