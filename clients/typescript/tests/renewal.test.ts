import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NetworkError, Problem, SignedOut } from '../src/index.js'
import { FakeBrowser, MemoryStore } from './support/browser.js'
import { settle } from './support/clock.js'
import { problem } from './support/server.js'

const RENEWAL = '/auth/session/token'
const MINUTE = 60_000

test('a sign-in asks for the cookie, with credentials, and its token is used until its end is near', async () => {
  const browser = new FakeBrowser()
  const tab = browser.tab({ clientId: 'shop' })
  await tab.signIn({ email: 'kim@acme.example', password: 'a long passphrase', tenantId: 'acme' })
  const [asked] = browser.server.seen
  assert.equal(asked?.credentials, 'include')
  assert.deepEqual(JSON.parse(asked?.body ?? ''), {
    email: 'kim@acme.example',
    password: 'a long passphrase',
    tenant_id: 'acme',
    client_id: 'shop',
    refresh: 'cookie',
  })
  const token = await tab.token()
  browser.clock.pass(13 * MINUTE)
  assert.equal(await tab.token(), token)
  assert.equal(browser.server.count(RENEWAL), 0)
})

test('a token is renewed a margin before its end', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const token = await tab.token()
  browser.clock.pass(14 * MINUTE + 1)
  assert.notEqual(await tab.token(), token)
  assert.equal(browser.server.count(RENEWAL), 1)
})

test('the margin is at most a fifth of a short life', async () => {
  const browser = new FakeBrowser()
  browser.server.lifetimeSeconds = 10
  const tab = await browser.signedIn()
  const token = await tab.token()
  browser.clock.pass(7_000)
  assert.equal(await tab.token(), token)
  browser.clock.pass(2_000)
  assert.notEqual(await tab.token(), token)
})

test('twenty calls at once are one renewal', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.clock.pass(15 * MINUTE)
  const tokens = await Promise.all(Array.from({ length: 20 }, () => tab.token()))
  assert.equal(new Set(tokens).size, 1)
  assert.equal(browser.server.count(RENEWAL), 1)
})

test('a token is renewed after the computer slept, whichever clock stood', async () => {
  for (const milliseconds of [20 * MINUTE, 6_000, -20 * MINUTE]) {
    const browser = new FakeBrowser()
    const tab = await browser.signedIn()
    const token = await tab.token()
    browser.clock.sleep(milliseconds)
    assert.notEqual(await tab.token(), token)
  }
})

test('the age of a token begins when it was asked for, not when a slow answer came', async () => {
  const browser = new FakeBrowser()
  const tab = browser.tab()
  const open = browser.server.hold('/auth/login')
  const signingIn = tab.signIn({ username: 'kim', password: 'a long passphrase' })
  await settle()
  browser.clock.pass(14 * MINUTE + 1)
  open()
  await signingIn
  await tab.token()
  assert.equal(browser.server.count(RENEWAL), 1)
})

test('a page that was just loaded finds out who is signed in', async () => {
  const browser = new FakeBrowser()
  await browser.signedIn()
  const page = browser.tab()
  assert.equal(page.state.status, 'unknown')
  const { status, userId, tenantId } = await page.restore()
  assert.deepEqual({ status, userId, tenantId }, { status: 'signed_in', userId: 'kim', tenantId: 'acme' })
})

test('a page without a session finds out that nobody is signed in, and asks no more', async () => {
  const browser = new FakeBrowser()
  const page = browser.tab()
  assert.equal((await page.restore()).status, 'signed_out')
  await assert.rejects(page.token(), SignedOut)
  assert.equal(browser.server.count(RENEWAL), 1)
})

test('a session that is over signs the tab out', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.endAll()
  browser.clock.pass(15 * MINUTE)
  await assert.rejects(tab.token(), SignedOut)
  assert.equal(tab.state.status, 'signed_out')
})

test('neither a broken network nor a broken server signs anybody out', async () => {
  const broken = [new TypeError('Failed to fetch'), problem(500, 'internal_error'), problem(502, 'x'), problem(403, 'y')]
  for (const answer of broken) {
    const browser = new FakeBrowser()
    const tab = await browser.signedIn()
    browser.clock.pass(20 * MINUTE)
    browser.server.answers.set(RENEWAL, [answer])
    await assert.rejects(tab.token(), answer instanceof Error ? NetworkError : Problem)
    assert.equal(tab.state.status, 'signed_in')
    assert.ok(await tab.token())
  }
})

test('while renewing fails for a while, a token is used to its end', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const token = await tab.token()
  browser.clock.pass(14 * MINUTE + 30_000)
  browser.server.answers.set(RENEWAL, [new TypeError('Failed to fetch'), problem(500, 'internal_error')])
  assert.equal(await tab.token(), token)
  assert.equal(await tab.token(), token)
  assert.notEqual(await tab.token(), token)
})

test('a busy server is asked again after the time that it says, and never by all at once', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.clock.pass(15 * MINUTE)
  const busy = [problem(503, 'temporarily_unavailable', { 'Retry-After': '2' }), problem(429, 'too_many_requests')]
  browser.server.answers.set(RENEWAL, busy)
  await tab.token()
  assert.deepEqual(browser.clock.pauses, [2_500, 1_250])
  assert.equal(browser.server.count(RENEWAL), 3)
})

test('a server that asks for a long pause is not waited for', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.clock.pass(15 * MINUTE)
  browser.server.answers.set(RENEWAL, [problem(429, 'too_many_requests', { 'Retry-After': '300' })])
  await assert.rejects(tab.token(), (error: Problem) => error.status === 429 && error.retryAfterSeconds === 300)
  assert.deepEqual(browser.clock.pauses, [])
})

test('a wrong password is a problem with its code, and changes nothing', async () => {
  const browser = new FakeBrowser()
  const tab = browser.tab()
  await assert.rejects(tab.signIn({ username: 'kim', password: 'wrong' }), (error: Problem) => {
    const { status, code, detail, requestId } = error
    assert.deepEqual([status, code, detail, requestId], [401, 'invalid_credentials', 'Not so.', 'r-1'])
    return error instanceof Problem
  })
  assert.equal(tab.state.status, 'unknown')
})

test('a code by mail signs in too', async () => {
  const browser = new FakeBrowser()
  const tab = browser.tab({ tenantId: 'acme' })
  const asked = await tab.askForCode({ email: 'kim@acme.example' })
  assert.deepEqual(asked, { challengeId: 'dwc1.x', expiresInSeconds: 600 })
  const { status } = await tab.signInByCode({ challengeId: asked.challengeId, code: '123456' })
  assert.equal(status, 'signed_in')
  const sent = browser.server.seen.map((request) => JSON.parse(request.body) as object)
  assert.deepEqual(sent, [
    { email: 'kim@acme.example', tenant_id: 'acme' },
    { challenge_id: 'dwc1.x', code: '123456', refresh: 'cookie' },
  ])
})

test('no token is in any storage, or in any URL', async () => {
  const browser = new FakeBrowser()
  const storage = new MemoryStore()
  const tab = await browser.signedIn({}, storage)
  const tokens = [await tab.token()]
  browser.clock.pass(15 * MINUTE)
  tokens.push(await tab.token())
  await tab.switchTenant('globex')
  tokens.push(await tab.token())
  await tab.session()
  await tab.openSocket()
  await tab.signOut()
  const kept = [...storage.texts.values(), ...browser.shared.texts.values(), ...browser.sockets.map(({ url }) => url)]
  for (const token of tokens) for (const text of kept) assert.ok(!text.includes(token))
  for (const request of browser.server.seen) assert.ok(!request.path.includes('h.'))
})
