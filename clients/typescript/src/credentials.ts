import type { components } from './openapi.js'
import type { Settings } from './options.js'

type Schemas = components['schemas']

/** Where and as which application somebody signs in. */
export interface Place {
  /** The user's home tenant if it is not said, or with an address the deployment's default. */
  readonly tenantId?: string
  readonly clientId?: string
}

/** A password, and whose. */
export type Credentials = Place & { readonly password: string } & (
    | { readonly username: string; readonly email?: never }
    | { readonly email: string; readonly username?: never }
  )

/** For whom a code is mailed. */
export interface CodeRequest extends Pick<Place, 'tenantId'> {
  readonly email: string
  /** The language of the mail, such as `de-CH`. */
  readonly locale?: string
}

/** What whoever asked for a code keeps until the user typed the code. */
export interface CodeChallenge {
  readonly challengeId: string
  readonly expiresInSeconds: number
}

/** A code of a mail. */
export interface CodeAnswer extends Pick<Place, 'clientId'> {
  readonly challengeId: string
  readonly code: string
}

/** Returns the body of a sign-in with a password. */
export function loginBody(given: Credentials, settings: Settings): Schemas['LoginRequest'] {
  return present({
    username: given.username,
    email: given.email,
    password: given.password,
    tenant_id: given.tenantId ?? settings.tenantId,
    client_id: given.clientId ?? settings.clientId,
  })
}

/** Returns the body that asks for a code. */
export function codeRequestBody(given: CodeRequest, settings: Settings): Schemas['EmailRequest'] {
  return present({ email: given.email, locale: given.locale, tenant_id: given.tenantId ?? settings.tenantId })
}

/** Returns the body of a sign-in with a code. */
export function codeBody(given: CodeAnswer, settings: Settings): Schemas['CodeSignInRequest'] {
  const client_id = given.clientId ?? settings.clientId
  return present({ challenge_id: given.challengeId, code: given.code, client_id })
}

/** What is not said is not sent: Doorward refuses members that it does not know, and null where a text belongs. */
export function present<T extends object>(body: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const said = Object.entries(body).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said) as { [K in keyof T]: Exclude<T[K], undefined> }
}
