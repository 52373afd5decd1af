import {
  type CodeAnswer,
  codeBody,
  type CodeChallenge,
  type CodeRequest,
  codeRequestBody,
  type Credentials,
  loginBody,
  present,
} from './credentials.js'
import { EndedSessions } from './ended.js'
import { SignedOut } from './errors.js'
import { Factors, type Proof, proofBody, type SecondFactorAnswer } from './factors.js'
import { type Sender, sendWithToken } from './fetch.js'
import { Keeper } from './keeper.js'
import { Kept } from './kept.js'
import type { components } from './openapi.js'
import { checked, type Options, type Settings } from './options.js'
import { Own } from './own.js'
import { Passkeys } from './passkeys.js'
import { browserPlatform, type Platform } from './platform.js'
import { Renewals } from './renewals.js'
import { Server } from './server.js'
import { Sessions } from './sessions.js'
import { closingReason, type SocketTicket, socketUrl, ticketOf } from './socket.js'
import type { Listener, State } from './state.js'
import { type News, Tabs } from './tabs.js'
import { received } from './token.js'

/**
 * Who is signed in, in this tab.
 *
 *     const doorward = new Doorward({ url: 'https://auth.example.com', apis: ['https://api.example.com'] })
 *     doorward.onChange((state) => show(state))
 *     if ((await doorward.restore()).status === 'signed_out') await doorward.signIn({ username, password })
 *     const response = await doorward.fetch('https://api.example.com/orders')
 *
 * What renews is a cookie that no script reads. The access token is in memory, and in no storage, URL or log.
 */
export class Doorward {
  readonly #settings: Settings
  readonly #platform: Platform
  readonly #server: Server
  readonly #ended: EndedSessions
  readonly #keeper: Keeper
  readonly #tabs: Tabs
  readonly #renewals: Renewals
  readonly #sender: Sender
  readonly #sessions: Sessions
  readonly #own: Own
  /** The second factors of who is signed in. */
  readonly factors: Factors
  /** Passkeys: to sign in by, and as second factors. */
  readonly passkeys: Passkeys

  /** @throws TypeError if a URL or an origin of the options is none, or is not encrypted. */
  constructor(options: Options) {
    const settings = checked(options)
    const platform = { ...browserPlatform(), ...options }
    const name = `doorward:${settings.url}`
    this.#settings = settings
    this.#platform = platform
    this.#server = new Server(settings.url, platform)
    this.#ended = new EndedSessions(new Kept(platform.sharedStorage, `${name}:ending`))
    const tenant = new Kept(platform.tabStorage, `${name}:tenant`)
    this.#keeper = new Keeper(this.#ended, tenant, platform.clock, settings.marginMs)
    this.#tabs = new Tabs(platform.openChannel?.(name) ?? null, (news) => this.#hear(news))
    this.#renewals = new Renewals(this.#server, this.#keeper, this.#ended, this.#tabs, platform, name)
    this.#sender = { fetch: platform.fetch, origins: settings.origins, isRefusal: settings.isRefusal }
    this.#own = new Own(settings.url, (input, init) => this.fetch(input, init), this.#server, this.#renewals)
    this.factors = new Factors(this.#own)
    this.#sessions = new Sessions(this.#server, this.#keeper, this.#ended, this.#tabs, platform.clock)
    this.passkeys = new Passkeys(this.#server, this.#own, platform.authenticator, settings, this.#sessions.begin)
    platform.page?.addEventListener('pageshow', this.#comeBack)
  }

  /** Who is in this tab, as far as is known. */
  get state(): State {
    return this.#keeper.state
  }

  /** Calls a listener after each change of the state; returns what ends that. */
  onChange(listener: Listener): () => void {
    return this.#keeper.onChange(listener)
  }

  /**
   * Finds out who is signed in, for instance after the page was loaded.
   *
   * @throws NetworkError or Problem if that cannot be known now; `invalid_grant`: not let into the tab's tenant.
   */
  async restore(): Promise<State> {
    try {
      await this.#renewals.living()
    } catch (error) {
      if (!(error instanceof SignedOut)) throw error
    }
    return this.state
  }

  /**
   * Signs in with a password, in all tabs.
   *
   * @throws SecondFactorRequired if the sign-in waits for one: see `finishSignIn`. Problem `invalid_credentials`,
   *   `too_many_attempts` and others.
   */
  async signIn(credentials: Credentials): Promise<State> {
    return this.#sessions.begin('/auth/login', loginBody(credentials, this.#settings))
  }

  /** Asks for a mail with a code. The answer is the same for every address. */
  async askForCode(request: CodeRequest): Promise<CodeChallenge> {
    const answer = await this.#server.askForCode(codeRequestBody(request, this.#settings))
    return { challengeId: answer.challenge_id, expiresInSeconds: answer.code_expires_in }
  }

  /** Signs in with a code of a mail, in all tabs. @throws SecondFactorRequired; Problem `invalid_proof` and others. */
  async signInByCode(answer: CodeAnswer): Promise<State> {
    return this.#sessions.begin('/auth/email-code/confirm', codeBody(answer, this.#settings))
  }

  /** Finishes a sign-in that waits, in all tabs. @throws Problem `invalid_second_factor`, `invalid_proof`, others. */
  async finishSignIn(answer: SecondFactorAnswer): Promise<State> {
    const proof = await proofBody(answer, () => this.passkeys.ask())
    const client_id = answer.clientId ?? this.#settings.clientId
    return this.#sessions.begin('/auth/second-factor', present({ ...proof, challenge_id: answer.challengeId, client_id }))
  }

  /**
   * Proves again who is signed in, where a `Problem` says `insufficient_user_authentication`. Then ask once more.
   *
   * @throws Problem `invalid_second_factor`, `wrong_password`, `too_many_attempts` and others.
   */
  async stepUp(proof: Proof): Promise<State> {
    await this.#own.raise('/auth/step-up', await proofBody(proof, () => this.passkeys.ask()))
    return this.state
  }

  /**
   * Returns an access token that is good for some time.
   *
   * @throws SignedOut if nobody is signed in; NetworkError or Problem if no token can be had now.
   */
  async token(): Promise<string> {
    return (await this.#renewals.living()).text
  }

  /**
   * Brings this tab into another tenant of the user; other tabs stay where they are.
   *
   * @param tenantId null for the tenant of the sign-in.
   * @throws Problem `invalid_grant` if the user is not let in there; SignedOut or Changed if the user signed out, or in
   *   anew, meanwhile. The tab stays where it is.
   */
  async switchTenant(tenantId: string | null): Promise<State> {
    return this.#sessions.inOrder(async () => {
      if (this.state.status === 'signed_out') throw new SignedOut()
      this.#keeper.begin(await this.#renewals.ofTenant(tenantId))
      return this.state
    })
  }

  /**
   * Signs out: in this tab at once, in the other tabs, and at Doorward.
   *
   * @param options with `everywhere` all sessions of the user end, on other devices too.
   * @throws NetworkError or Problem if Doorward could not be told. Nobody is signed in here all the same. This or the
   *   next page of the origin ends the session before anybody gets in by it.
   */
  async signOut({ everywhere = false }: { everywhere?: boolean } = {}): Promise<void> {
    await this.#sessions.end(everywhere)
  }

  /** `fetch` with the access token, for the origins of the options alone; see `sendWithToken`. */
  readonly fetch = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
    sendWithToken(this.#sender, this.#keeper, this.#renewals, input, init)

  /** Returns who is signed in, as Doorward knows them now. */
  async session(): Promise<components['schemas']['UserResponse']> {
    return this.#own.asked('GET', '/users/me')
  }

  /** Returns a ticket that opens one WebSocket. */
  async socketTicket(): Promise<SocketTicket> {
    return ticketOf(await this.#own.asked('POST', '/auth/socket-ticket'))
  }

  /** Opens a WebSocket. When Doorward closes it, the state is looked at anew: see `closingReason` and `onChange`. */
  async openSocket(): Promise<WebSocket> {
    const socket = this.#platform.openSocket(socketUrl(await this.socketTicket()))
    socket.addEventListener('message', (message) => {
      if (closingReason(message) !== null) this.#lookAgain()
    })
    return socket
  }

  /** Stops hearing of other tabs. The session lives on. */
  close(): void {
    this.#platform.page?.removeEventListener('pageshow', this.#comeBack)
    this.#tabs.close()
  }

  #hear(news: News): void {
    if (news.kind === 'signed_out') {
      this.#ended.add(news.sessionId)
      // A tab that does not know its session asks Doorward; whatever it gets of the session that is over is refused.
      if (news.sessionId === null || news.sessionId === this.state.sessionId) this.#keeper.end()
      return
    }
    const token = received(news.token, this.#platform.clock)
    if (news.kind === 'token' || token.sessionId === this.state.sessionId) this.#keeper.take(token)
    else if (!this.#ended.has(token.sessionId)) this.#keeper.begin(token)
  }

  /** A page that comes back from the browser's history has heard nothing meanwhile. */
  readonly #comeBack = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted) this.#lookAgain()
  }

  #lookAgain(): void {
    this.#keeper.doubt()
    this.restore().catch(() => {}) // whoever asks for a token next is told
  }
}
