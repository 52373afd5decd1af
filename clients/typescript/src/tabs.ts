import type { SentToken } from './token.js'

/** The part of `BroadcastChannel` that is used. */
export interface Channel {
  postMessage(message: unknown): void
  onmessage: ((event: MessageEvent) => void) | null
  close(): void
}

/** What tabs of one origin tell each other. */
export type News =
  | { readonly kind: 'token'; readonly token: SentToken }
  | { readonly kind: 'signed_in'; readonly token: SentToken }
  | {
      readonly kind: 'signed_out'
      /** Which session is over; null if that is not known: whichever it is. */
      readonly sessionId: string | null
    }

// Tabs that were opened before a new version of the application was published stay open.
const VERSION = 1

/** The other tabs of this origin. Only scripts of this origin hear what is said. */
export class Tabs {
  readonly #channel: Channel | null

  /** Begins to listen; `hear` is told what other tabs tell, and never what this one tells. */
  constructor(channel: Channel | null, hear: (news: News) => void) {
    this.#channel = channel
    if (channel === null) return
    channel.onmessage = ({ data }: MessageEvent<{ version?: unknown; news: News } | null>) => {
      if (data?.version === VERSION) hear(data.news)
    }
  }

  /** Tells the other tabs. */
  tell(news: News): void {
    this.#channel?.postMessage({ version: VERSION, news })
  }

  /** Stops listening and telling. */
  close(): void {
    this.#channel?.close()
  }
}
