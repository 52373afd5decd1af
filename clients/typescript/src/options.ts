import { checkedOrigin, checkedUrl } from './origins.js'
import type { Platform } from './platform.js'

/** How to make a client. What a browser gives can be replaced, for tests and other places. */
export interface Options extends Partial<Platform> {
  /** Doorward's base URL, such as `https://auth.example.com`: of the same site as the page. */
  readonly url: string
  /** The origins of the APIs that get the token beside Doorward's own, such as `https://api.example.com`. */
  readonly apis?: readonly string[]
  /** Where to sign in, unless a sign-in names another tenant. */
  readonly tenantId?: string
  /** By which name the application signs in. */
  readonly clientId?: string
  /** How long before its end a token is renewed; 60 unless said. */
  readonly marginSeconds?: number
  /** Tells whether an answer means that the token was refused; 401 unless said. HTTP APIs of AWS answer 403. */
  readonly isRefusal?: (response: Response) => boolean
}

/** The options after they were looked at. */
export interface Settings {
  readonly url: string
  readonly origins: ReadonlySet<string>
  readonly tenantId: string | undefined
  readonly clientId: string | undefined
  readonly marginMs: number
  readonly isRefusal: (response: Response) => boolean
}

const MARGIN_SECONDS = 60

/** Looks at the options. @throws TypeError if a URL or an origin is none, or is not encrypted. */
export function checked(options: Options): Settings {
  const url = checkedUrl(options.url)
  return {
    url,
    origins: new Set([new URL(url).origin, ...(options.apis ?? []).map(checkedOrigin)]),
    tenantId: options.tenantId,
    clientId: options.clientId,
    marginMs: (options.marginSeconds ?? MARGIN_SECONDS) * 1000,
    isRefusal: options.isRefusal ?? ((response) => response.status === 401),
  }
}
