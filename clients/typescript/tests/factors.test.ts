import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Changed, type Doorward, Problem, SecondFactorRequired, SignedOut } from '../src/index.js'
import { API, FakeBrowser, URL_OF_DOORWARD } from './support/browser.js'
import { settle } from './support/clock.js'
import { problem } from './support/server.js'

const RENEWAL = '/auth/session/token'
const STEP_UP = '/auth/step-up'
const MORE = 'insufficient_user_authentication'
const MINUTE = 60_000

const bodyOf = (browser: FakeBrowser): unknown => JSON.parse(browser.server.seen.at(-1)?.body ?? '')

/** A tab whose user typed the right password, and what the sign-in waits for. */
async function waiting(browser: FakeBrowser): Promise<{ tab: Doorward; waits: SecondFactorRequired }> {
  const members = { challenge_id: 'dwc1.y', factors: ['passkey', 'totp'], expires_in: 300 }
  browser.server.answers.set('/auth/login', [problem(401, 'second_factor_required', {}, members)])
  const tab = browser.tab({ clientId: 'shop' })
  const refused: unknown = await tab.signIn({ username: 'kim', password: 'a long passphrase' }).catch((error) => error)
  assert.ok(refused instanceof SecondFactorRequired)
  return { tab, waits: refused }
}

test('a sign-in that waits for a second factor says what finishes it, and nobody is signed in', async () => {
  const { tab, waits } = await waiting(new FakeBrowser())
  assert.ok(waits instanceof Problem)
  assert.deepEqual([waits.code, waits.status, waits.name], ['second_factor_required', 401, 'SecondFactorRequired'])
  const { challengeId, factors, expiresInSeconds } = waits
  assert.deepEqual({ challengeId, factors, expiresInSeconds }, {
    challengeId: 'dwc1.y',
    factors: ['passkey', 'totp'],
    expiresInSeconds: 300,
  })
  assert.equal(tab.state.status, 'unknown')
})

test('who must enrol a factor first gets a problem, and no sign-in that waits', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.answers.set('/users/me', [problem(403, 'second_factor_required')])
  const refused: unknown = await tab.session().catch((error) => error)
  assert.ok(refused instanceof Problem && !(refused instanceof SecondFactorRequired))
})

test('each factor finishes a sign-in, and the cookie renews it', async () => {
  for (const [given, sent] of [
    [{ totp: '012345' }, { totp: '012345' }],
    [{ recoveryCode: 'abcd' }, { recovery_code: 'abcd' }],
    [{ passkey: { id: 'own' } }, { passkey: { id: 'own' } }],
    [{ passkey: true as const }, { passkey: { id: 'shown' } }],
  ] as const) {
    const browser = new FakeBrowser()
    const { tab, waits } = await waiting(browser)
    const { status } = await tab.finishSignIn({ challengeId: waits.challengeId, ...given })
    assert.equal(status, 'signed_in')
    assert.deepEqual(bodyOf(browser), { ...sent, challenge_id: 'dwc1.y', client_id: 'shop', refresh: 'cookie' })
  }
})

test('a wrong second factor is a problem, and the sign-in still waits', async () => {
  const browser = new FakeBrowser()
  const { tab, waits } = await waiting(browser)
  browser.server.answers.set('/auth/second-factor', [problem(401, 'invalid_second_factor')])
  const answer = { challengeId: waits.challengeId, totp: '000000' }
  await assert.rejects(tab.finishSignIn(answer), (error: Problem) => error.code === 'invalid_second_factor')
  assert.equal((await tab.finishSignIn(answer)).status, 'signed_in')
})

test('a sign-in that is not sure enough renews nothing, and says what is missing', async () => {
  const header = { 'WWW-Authenticate': `Bearer error="${MORE}", max_age="600"` }
  const plain = { 'Content-Type': 'text/plain', ...header }
  for (const refusal of [problem(401, MORE), problem(401, 'of_an_api', plain)]) {
    const browser = new FakeBrowser()
    const tab = await browser.signedIn()
    const token = await tab.token()
    browser.server.answers.set('/orders', [refusal])
    const response = await tab.fetch(`${API}/orders`)
    assert.equal(response.status, 401)
    assert.ok(await response.text()) // the body is the caller's
    assert.equal(browser.server.count('/orders'), 1)
    assert.equal(browser.server.count(RENEWAL), 0)
    assert.equal(await tab.token(), token)
  }
})

test('the problem of a sign-in that is not sure enough tells how sure and how young it must be', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.answers.set('/users/me/factors/totp', [problem(401, MORE, {}, { acr_values: '2fa', max_age: 600 })])
  await assert.rejects(tab.factors.enrolTotp(), (error: Problem) => {
    assert.deepEqual([error.code, error.acrValues, error.maxAge], [MORE, '2fa', 600])
    return error instanceof Problem
  })
  browser.server.answers.set('/users/me', [problem(403, 'insufficient_scope')])
  await assert.rejects(tab.session(), (error: Problem) => error.acrValues === null && error.maxAge === null)
})

test('a step-up sends the token and asks for the cookie, and its token takes the place of the one before', async () => {
  for (const [given, sent] of [
    [{ totp: '012345' }, { totp: '012345' }],
    [{ recoveryCode: 'abcd' }, { recovery_code: 'abcd' }],
    [{ passkey: true as const }, { passkey: { id: 'shown' } }],
    [{ password: 'a long passphrase' }, { password: 'a long passphrase' }],
  ] as const) {
    const browser = new FakeBrowser()
    const tab = await browser.signedIn()
    const { sessionId } = tab.state
    const before = await tab.token()
    assert.equal((await tab.stepUp(given)).sessionId, sessionId)
    const asked = browser.server.seen.at(-1)
    assert.deepEqual([asked?.path, asked?.bearer, asked?.credentials], [STEP_UP, before, 'include'])
    assert.deepEqual(bodyOf(browser), { ...sent, refresh: 'cookie' })
    assert.notEqual(await tab.token(), before)
    assert.equal(browser.server.count(RENEWAL), 0)
  }
})

test('other tabs of the session get the token of a step-up too', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const other = browser.tab()
  await other.restore()
  browser.clock.pass(MINUTE)
  await tab.stepUp({ totp: '012345' })
  await settle()
  assert.equal(await other.token(), await tab.token())
})

test('a step-up whose token was refused is tried with the next one', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.refuseTokens()
  assert.equal((await tab.stepUp({ totp: '012345' })).status, 'signed_in')
  assert.deepEqual([browser.server.count(STEP_UP), browser.server.count(RENEWAL)], [2, 1])
})

test('a factor that is wrong is sent once, and changes nothing', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const token = await tab.token()
  browser.server.answers.set(STEP_UP, [problem(401, 'invalid_second_factor')])
  await assert.rejects(tab.stepUp({ totp: '000000' }), (error: Problem) => error.code === 'invalid_second_factor')
  assert.deepEqual([browser.server.count(STEP_UP), browser.server.count(RENEWAL)], [1, 0])
  assert.equal(await tab.token(), token)
})

test('while a step-up changes the cookie, no tab of any tenant exchanges it', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const other = browser.tab()
  await other.switchTenant('globex')
  const page = browser.tab()
  browser.clock.pass(13 * MINUTE)
  await tab.token()
  const renewals = browser.server.count(RENEWAL)
  const open = browser.server.hold(STEP_UP)
  const stepping = tab.stepUp({ totp: '012345' })
  await settle()
  browser.clock.pass(90_000)
  const others = [other.token(), page.restore()]
  await settle()
  assert.equal(browser.server.count(RENEWAL), renewals)
  open()
  await Promise.all([stepping, ...others])
  assert.equal(other.state.tenantId, 'globex')
  assert.equal(page.state.status, 'signed_in')
})

test('an exchange under way is waited for before the cookie changes', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const page = browser.tab()
  const open = browser.server.hold(RENEWAL)
  const restoring = page.restore()
  await settle()
  const stepping = tab.stepUp({ totp: '012345' })
  await settle()
  assert.equal(browser.server.count(STEP_UP), 0)
  open()
  await Promise.all([restoring, stepping])
  assert.equal(browser.server.count(STEP_UP), 1)
})

test('who signs out while a step-up is under way stays out', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.ignoresAborts = true
  const open = browser.server.hold(STEP_UP)
  const stepping = tab.stepUp({ totp: '012345' })
  await settle()
  await tab.signOut()
  open()
  await assert.rejects(stepping, SignedOut)
  assert.equal(tab.state.status, 'signed_out')
})

test('nothing is proved for another user than the one who was there', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.signInElsewhere('eve')
  browser.clock.pass(15 * MINUTE)
  await assert.rejects(tab.stepUp({ password: 'a long passphrase' }), Changed)
  assert.equal(browser.server.count(STEP_UP), 0)
})

test('an app is enrolled in two steps, and the first factor brings recovery codes', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const before = await tab.token()
  assert.equal((await tab.factors.enrolTotp()).uri, 'otpauth://totp/x')
  assert.deepEqual(await tab.factors.confirmTotp('012345'), { recoveryCodes: ['code-1', 'code-2'] })
  assert.deepEqual(bodyOf(browser), { code: '012345', refresh: 'cookie' })
  assert.notEqual(await tab.token(), before)
})

test('factors are listed, renamed and removed, and recovery codes are renewed', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  assert.deepEqual((await tab.factors.list()).map(({ id }) => id), ['totp'])
  assert.deepEqual(await tab.factors.renewRecoveryCodes(), ['code-3'])
  await tab.factors.remove('a/b')
  const removed = browser.server.seen.at(-1)
  assert.deepEqual([removed?.method, removed?.path], ['DELETE', '/users/me/factors/a%2Fb'])
  const answer = new Response('{"items":[]}')
  browser.server.answers.set('/users/me/factors/p', [answer])
  assert.deepEqual(await tab.factors.rename('p', 'Laptop'), [])
  assert.deepEqual(bodyOf(browser), { name: 'Laptop' })
})

test('a passkey signs in, by itself or by autofill', async () => {
  const browser = new FakeBrowser()
  const tab = browser.tab({ tenantId: 'acme', clientId: 'shop' })
  const { signal } = new AbortController()
  assert.equal((await tab.passkeys.signIn({ autofill: true, signal, tenantId: 'globex' })).status, 'signed_in')
  const [asked] = browser.authenticator.asked
  assert.deepEqual([asked?.what, asked?.options], ['get', { challenge: 'for /auth/passkey/options' }])
  assert.deepEqual([asked?.asking.autofill, asked?.asking.signal], [true, signal])
  const sent = { passkey: { id: 'shown' }, client_id: 'shop', refresh: 'cookie' }
  assert.deepEqual(bodyOf(browser), { ...sent, tenant_id: 'globex' })
  await tab.passkeys.signIn()
  assert.deepEqual(bodyOf(browser), { ...sent, tenant_id: 'acme' })
})

test('a passkey is registered for who is signed in, and the session has proved it', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const before = await tab.token()
  assert.deepEqual(await tab.passkeys.register({ name: 'Laptop' }), { recoveryCodes: ['code-1', 'code-2'] })
  assert.deepEqual(browser.authenticator.asked.map(({ what, options }) => [what, options]), [
    ['create', { challenge: 'for /users/me/factors/passkeys/options' }],
  ])
  assert.deepEqual(bodyOf(browser), { passkey: { id: 'made' }, name: 'Laptop', refresh: 'cookie' })
  assert.notEqual(await tab.token(), before)
})

test('who says no to the browser signs in by nothing', async () => {
  const browser = new FakeBrowser()
  const tab = browser.tab()
  browser.authenticator.get = () => Promise.reject(new DOMException('no', 'NotAllowedError'))
  await assert.rejects(tab.passkeys.signIn(), (error: Error) => error.name === 'NotAllowedError')
  assert.deepEqual(browser.server.seen.map(({ path }) => path), ['/auth/passkey/options'])
  assert.equal(new URL(URL_OF_DOORWARD).origin, browser.server.seen[0]?.origin)
})
