import type { Asking, Authenticator, PasskeyAnswer } from './authenticator.js'
import { type Place, present } from './credentials.js'
import type { components } from './openapi.js'
import type { Settings } from './options.js'
import type { Enrolled, Own } from './own.js'
import type { Server } from './server.js'
import type { State } from './state.js'

type Options = components['schemas']['PasskeyOptionsResponse']

/** Where and how somebody signs in by passkey. */
export type PasskeySignIn = Place & Asking

/**
 * Passkeys: to sign in by, and as second factors.
 *
 * Nobody but the browser asks the user. Who says no, or `signal`, rejects with a `DOMException` (`NotAllowedError`,
 * `AbortError`).
 */
export class Passkeys {
  readonly #server: Server
  readonly #own: Own
  readonly #authenticator: Authenticator
  readonly #settings: Settings
  readonly #begin: (path: string, body: object) => Promise<State>

  /** @param begin lets a new session into all tabs. */
  constructor(
    server: Server,
    own: Own,
    authenticator: Authenticator,
    settings: Settings,
    begin: (path: string, body: object) => Promise<State>,
  ) {
    this.#server = server
    this.#own = own
    this.#authenticator = authenticator
    this.#settings = settings
    this.#begin = begin
  }

  /**
   * Signs in by a passkey, in all tabs.
   *
   * @param given with `autofill` the promise waits until the user chooses a passkey in a field with
   *   `autocomplete="username webauthn"`; end it with `signal` when somebody signs in otherwise.
   * @throws PasskeysUnsupported; Problem `invalid_second_factor` if the passkey is unknown, or the user chose too late.
   */
  async signIn(given: PasskeySignIn = {}): Promise<State> {
    const passkey = await this.ask(given)
    const tenant_id = given.tenantId ?? this.#settings.tenantId
    const client_id = given.clientId ?? this.#settings.clientId
    return this.#begin('/auth/passkey', present({ passkey, tenant_id, client_id }))
  }

  /**
   * Makes a passkey of this device a factor. This session has proved it then.
   *
   * @throws PasskeysUnsupported; Problem as `Factors` says. An `InvalidStateError` of the browser: it has one already.
   */
  async register({ name, signal }: { readonly name: string; readonly signal?: AbortSignal }): Promise<Enrolled> {
    const { options } = await this.#own.asked<Options>('POST', '/users/me/factors/passkeys/options')
    const passkey = await this.#authenticator.create(options, { signal })
    return this.#own.raise('/users/me/factors/passkeys', { passkey, name })
  }

  /** Lets the browser ask for a passkey, and returns what proves it: for `finishSignIn` and `stepUp`. */
  async ask(asking: Asking = {}): Promise<PasskeyAnswer> {
    const { options } = await this.#server.passkeyOptions()
    return this.#authenticator.get(options, asking)
  }
}
