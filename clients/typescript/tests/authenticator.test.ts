import assert from 'node:assert/strict'
import { test } from 'node:test'

import { browserAuthenticator, type CredentialScope, PasskeysUnsupported } from '../src/index.js'

const asked: object[] = []
const credential = { toJSON: () => ({ id: 'x' }) }

/** A browser that has all that passkeys need, but what is left out. */
function scope(without = ''): CredentialScope {
  const answer = async (options?: object): Promise<Credential | null> => {
    asked.push(options ?? {})
    return (without === 'toJSON' ? { id: 'x' } : credential) as unknown as Credential
  }
  const has = {
    parseCreationOptionsFromJSON: (options: object) => ({ ...options, parsed: 'creation' }),
    parseRequestOptionsFromJSON: (options: object) => ({ ...options, parsed: 'request' }),
    isConditionalMediationAvailable: async () => without !== 'conditional',
  }
  const rest = Object.fromEntries(Object.entries(has).filter(([name]) => name !== without))
  return {
    ...(without === 'PublicKeyCredential' ? {} : { PublicKeyCredential: rest }),
    navigator: without === 'credentials' ? {} : { credentials: { create: answer, get: answer } },
  } as unknown as CredentialScope
}

test('the browser reads the options and writes the answer', async () => {
  asked.length = 0
  const { signal } = new AbortController()
  const here = browserAuthenticator(scope())
  assert.deepEqual(await here.create({ challenge: 'c' }, { signal }), { id: 'x' })
  assert.deepEqual(await here.get({ challenge: 'c' }, {}), { id: 'x' })
  assert.deepEqual(await here.get({ challenge: 'c' }, { autofill: true, signal }), { id: 'x' })
  const request = { challenge: 'c', parsed: 'request' }
  assert.deepEqual(asked, [
    { publicKey: { challenge: 'c', parsed: 'creation' }, signal },
    { publicKey: request },
    { publicKey: request, mediation: 'conditional', signal },
  ])
})

test('what a browser lacks is named, and asks nobody', async () => {
  for (const [without, missing] of [
    ['PublicKeyCredential', 'PublicKeyCredential.parseRequestOptionsFromJSON'],
    ['parseRequestOptionsFromJSON', 'PublicKeyCredential.parseRequestOptionsFromJSON'],
    ['credentials', 'navigator.credentials'],
    ['conditional', 'autofill of passkeys'],
    ['isConditionalMediationAvailable', 'autofill of passkeys'],
    ['toJSON', 'PublicKeyCredential.toJSON'],
  ] as const) {
    await assert.rejects(browserAuthenticator(scope(without)).get({}, { autofill: true }), (error: Error) => {
      assert.ok(error instanceof PasskeysUnsupported && error.code === 'passkeys_unsupported')
      return error.message.includes(missing)
    })
  }
  const old = browserAuthenticator(scope('parseCreationOptionsFromJSON'))
  await assert.rejects(old.create({}, {}), PasskeysUnsupported)
})

test('a place without any browser has no passkeys, and that is said when one is asked for', async () => {
  await assert.rejects(browserAuthenticator({}).get({}, {}), PasskeysUnsupported)
})
