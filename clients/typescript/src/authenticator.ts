import { DoorwardError } from './errors.js'

/** How an answer of the browser's is asked for. */
export interface Asking {
  /** Whether the browser only offers passkeys in a field with `autocomplete="username webauthn"`. */
  readonly autofill?: boolean | undefined
  /** Gives up asking. */
  readonly signal?: AbortSignal | undefined
}

/** An answer of an authenticator, as `toJSON` writes it. */
export type PasskeyAnswer = Readonly<Record<string, unknown>>

/** What makes and uses passkeys: options and answers in their JSON forms (WebAuthn Level 3). */
export interface Authenticator {
  create(options: object, asking: Asking): Promise<PasskeyAnswer>
  get(options: object, asking: Asking): Promise<PasskeyAnswer>
}

/** The browser cannot make or use passkeys here. Offer another way. */
export class PasskeysUnsupported extends DoorwardError {
  constructor(missing: string) {
    super('passkeys_unsupported', `Passkeys cannot be used here: the browser, or this page of it, has no ${missing}.`)
  }
}

/** What a browser has for passkeys; which parts of it there are is found out when they are used. */
export interface CredentialScope {
  readonly PublicKeyCredential?: Partial<
    Pick<
      typeof PublicKeyCredential,
      'parseCreationOptionsFromJSON' | 'parseRequestOptionsFromJSON' | 'isConditionalMediationAvailable'
    >
  >
  readonly navigator?: { readonly credentials?: Pick<CredentialsContainer, 'create' | 'get'> }
}

/** Returns the authenticators of this browser. */
export function browserAuthenticator(scope: CredentialScope = globalThis): Authenticator {
  return {
    async create(options, { signal }) {
      const publicKey = parser(scope, 'parseCreationOptionsFromJSON')(options as never)
      return answerOf(await container(scope).create({ publicKey, ...(signal && { signal }) }))
    },
    async get(options, { autofill = false, signal }) {
      const publicKey = parser(scope, 'parseRequestOptionsFromJSON')(options as never)
      if (autofill) await requireAutofill(scope)
      const mediation = autofill ? { mediation: 'conditional' as const } : {}
      return answerOf(await container(scope).get({ publicKey, ...mediation, ...(signal && { signal }) }))
    },
  }
}

type Parsers = Pick<typeof PublicKeyCredential, 'parseCreationOptionsFromJSON' | 'parseRequestOptionsFromJSON'>

function parser<Name extends keyof Parsers>(scope: CredentialScope, name: Name): Parsers[Name] {
  const parse = scope.PublicKeyCredential?.[name]
  if (typeof parse !== 'function') throw new PasskeysUnsupported(`PublicKeyCredential.${name}`)
  return parse.bind(scope.PublicKeyCredential) as Parsers[Name]
}

function container(scope: CredentialScope): Pick<CredentialsContainer, 'create' | 'get'> {
  const found = scope.navigator?.credentials // there is none on a page that is not encrypted
  if (found === undefined) throw new PasskeysUnsupported('navigator.credentials')
  return found
}

async function requireAutofill(scope: CredentialScope): Promise<void> {
  const known = scope.PublicKeyCredential?.isConditionalMediationAvailable
  if (!(await known?.call(scope.PublicKeyCredential))) throw new PasskeysUnsupported('autofill of passkeys')
}

function answerOf(credential: Credential | null): PasskeyAnswer {
  const written = credential as PublicKeyCredential | null
  if (typeof written?.toJSON !== 'function') throw new PasskeysUnsupported('PublicKeyCredential.toJSON')
  return written.toJSON() as PasskeyAnswer
}
