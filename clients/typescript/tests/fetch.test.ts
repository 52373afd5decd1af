import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Changed, Doorward, Problem, readProblem, SignedOut } from '../src/index.js'
import { API, FakeBrowser, URL_OF_DOORWARD } from './support/browser.js'
import { settle } from './support/clock.js'
import { problem } from './support/server.js'

const RENEWAL = '/auth/session/token'
const ORDERS = `${API}/orders`

test('the token goes to Doorward and to the APIs that are named, and nowhere else', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const token = await tab.token()
  const places = [
    `${URL_OF_DOORWARD}/users/me`,
    ORDERS,
    'https://evil.example/orders',
    'http://api.example.com/orders',
    'https://api.example.com:444/orders',
    'https://api.example.com.evil.example/orders',
    'https://api.example.com@evil.example/orders',
  ]
  for (const place of places) await tab.fetch(place.replace('@', '.')).catch(() => {})
  const bearers = browser.server.seen.slice(1).map(({ bearer }) => bearer)
  assert.deepEqual(bearers, [token, token, null, null, null, null, null])
})

test('no redirect is followed with the token', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  await tab.fetch(ORDERS)
  await tab.fetch(ORDERS, { redirect: 'follow' })
  await tab.fetch(ORDERS, { redirect: 'manual' })
  assert.deepEqual(browser.server.seen.slice(1).map(({ redirect }) => redirect), ['error', 'error', 'manual'])
})

test('an Authorization header of the caller is left alone', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  await tab.fetch(ORDERS, { headers: { Authorization: 'Bearer mine' } })
  assert.equal(browser.server.seen.at(-1)?.bearer, 'mine')
})

test('a token that is refused is renewed, and the request is sent once more', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.refuseTokens()
  const response = await tab.fetch(ORDERS, { method: 'POST', body: '{"count":1}' })
  assert.equal(response.status, 200)
  const orders = browser.server.seen.filter(({ path }) => path === '/orders')
  assert.deepEqual(orders.map(({ method, body }) => [method, body]), [['POST', '{"count":1}'], ['POST', '{"count":1}']])
  assert.equal(browser.server.count(RENEWAL), 1)
})

test('a request is sent twice at most', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.answers.set('/orders', [problem(401, 'x'), problem(401, 'y'), problem(401, 'z')])
  assert.equal((await tab.fetch(ORDERS)).status, 401)
  assert.equal(browser.server.count('/orders'), 2)
})

test('twenty requests with a refused token are one renewal', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.refuseTokens()
  const answers = await Promise.all(Array.from({ length: 20 }, () => tab.fetch(ORDERS)))
  assert.ok(answers.every(({ status }) => status === 200))
  assert.equal(browser.server.count(RENEWAL), 1)
})

test('a Request with a body is sent once more too', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.refuseTokens()
  const response = await tab.fetch(new Request(ORDERS, { method: 'PUT', body: 'all of it' }))
  assert.equal(response.status, 200)
  assert.deepEqual(browser.server.seen.filter(({ path }) => path === '/orders').map(({ body }) => body), [
    'all of it',
    'all of it',
  ])
})

test('a body that is a stream is never sent twice, and the next request has a new token', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.refuseTokens()
  const body = new Blob(['all of it']).stream()
  const response = await tab.fetch(ORDERS, { method: 'POST', body, duplex: 'half' } as RequestInit)
  assert.equal(response.status, 401)
  assert.equal(browser.server.count('/orders'), 1)
  assert.equal((await tab.fetch(ORDERS)).status, 200)
})

test('signing out while a request is refused sends it no more', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.refuseTokens()
  const open = browser.server.hold('/orders')
  const ordering = tab.fetch(ORDERS)
  await settle()
  await tab.signOut()
  open()
  await assert.rejects(ordering, SignedOut)
  assert.equal(browser.server.count('/orders'), 1)
})

test('a request that waited for a token is not sent for another tenant', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.clock.pass(900_000)
  const open = browser.server.hold(RENEWAL)
  const ordering = tab.fetch(ORDERS, { method: 'POST', body: '{}' })
  await settle()
  const switching = tab.switchTenant('globex')
  await settle()
  open()
  await switching
  await assert.rejects(ordering, Changed)
  assert.equal(browser.server.count('/orders'), 0)
})

test('nobody who is signed out sends anything to an API', async () => {
  const browser = new FakeBrowser()
  const tab = browser.tab()
  await assert.rejects(tab.fetch(ORDERS), SignedOut)
  assert.equal(browser.server.count('/orders'), 0)
})

test('another status can mean a refused token', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn({ isRefusal: ({ status }) => status === 403 })
  browser.server.answers.set('/orders', [problem(403, 'x')])
  assert.equal((await tab.fetch(ORDERS)).status, 200)
})

test('who is signed in is what Doorward says', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  assert.equal((await tab.session()).username, 'kim')
  browser.server.answers.set('/users/me', [problem(403, 'password_change_required')])
  await assert.rejects(tab.session(), (error: Problem) => error.code === 'password_change_required')
  browser.server.answers.set('/users/me', [new TypeError('Failed to fetch')])
  await assert.rejects(tab.session(), { code: 'network_error' })
})

test('an answer that is no problem of Doorward is a problem all the same', async () => {
  const found = await readProblem(new Response('<h1>Bad Gateway</h1>', { status: 502, statusText: 'Bad Gateway' }))
  assert.deepEqual([found.status, found.code, found.detail], [502, 'unexpected_answer', 'Bad Gateway'])
})

test('no token leaves over a connection that is not encrypted', () => {
  for (const url of ['http://auth.example.com', 'ftp://localhost', 'auth.example.com', 'https://a@b.example']) {
    assert.throws(() => new Doorward({ url }), TypeError, url)
  }
  for (const api of ['http://api.example.com', 'https://api.example.com/v1', '*', 'null']) {
    assert.throws(() => new Doorward({ url: URL_OF_DOORWARD, apis: [api] }), TypeError, api)
  }
})
