import type { PasskeyAnswer } from './authenticator.js'
import { present } from './credentials.js'
import type { Enrolled, Own } from './own.js'
import type { components } from './openapi.js'

type Schemas = components['schemas']

type None<Names extends string> = { readonly [Name in Names]?: never }

/** What proves a second factor: exactly one of these. `passkey: true` lets the browser ask for one. */
export type Factor =
  | ({ readonly totp: string } & None<'recoveryCode' | 'passkey' | 'password'>)
  | ({ readonly recoveryCode: string } & None<'totp' | 'passkey' | 'password'>)
  | ({ readonly passkey: true | PasskeyAnswer } & None<'totp' | 'recoveryCode' | 'password'>)

/** What proves again who one is. The password counts for who has no second factor. */
export type Proof = Factor | ({ readonly password: string } & None<'totp' | 'recoveryCode' | 'passkey'>)

/** What finishes a sign-in that waits: see `SecondFactorRequired`. */
export type SecondFactorAnswer = Factor & { readonly challengeId: string; readonly clientId?: string }

/** Returns the members of a body that proves something. */
export async function proofBody(
  given: Proof,
  ask: () => Promise<PasskeyAnswer>,
): Promise<Pick<Schemas['StepUpRequest'], 'totp' | 'recovery_code' | 'passkey' | 'password'>> {
  const passkey = given.passkey === true ? await ask() : given.passkey
  return present({ totp: given.totp, recovery_code: given.recoveryCode, passkey, password: given.password })
}

/**
 * The second factors of who is signed in.
 *
 * Every change needs a sign-in or a `stepUp` of the last ten minutes, with a second factor if there is one: the
 * `Problem` is `insufficient_user_authentication` otherwise.
 */
export class Factors {
  readonly #own: Own

  constructor(own: Own) {
    this.#own = own
  }

  /** Returns the factors that there are. */
  async list(): Promise<readonly Schemas['FactorResponse'][]> {
    return (await this.#own.asked<Schemas['FactorListResponse']>('GET', '/users/me/factors')).items
  }

  /** Makes a secret for an authenticator app; show `uri` as a QR code. It is no factor before `confirmTotp`. */
  async enrolTotp(): Promise<Schemas['NewTotpResponse']> {
    return this.#own.asked('POST', '/users/me/factors/totp')
  }

  /** Makes the app a factor, by its first code; this session has proved it. @throws Problem `invalid_second_factor`. */
  async confirmTotp(code: string): Promise<Enrolled> {
    return this.#own.raise('/users/me/factors/totp/confirm', { code })
  }

  /** Makes ten new recovery codes. Those from before work no more. */
  async renewRecoveryCodes(): Promise<readonly string[]> {
    const path = '/users/me/factors/recovery-codes'
    return (await this.#own.asked<Schemas['RecoveryCodesResponse']>('POST', path)).recovery_codes
  }

  /** Gives a passkey another name. */
  async rename(id: string, name: string): Promise<readonly Schemas['FactorResponse'][]> {
    return (await this.#own.asked<Schemas['FactorListResponse']>('PATCH', factorPath(id), { name })).items
  }

  /** Removes a factor, by its id in `list`. @throws Problem `last_factor` where the tenant asks for one. */
  async remove(id: string): Promise<void> {
    await this.#own.asked('DELETE', factorPath(id))
  }
}

function factorPath(id: string): string {
  return `/users/me/factors/${encodeURIComponent(id)}`
}
