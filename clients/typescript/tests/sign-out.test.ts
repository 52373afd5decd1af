import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NetworkError, SignedOut } from '../src/index.js'
import { FakeBrowser, MemoryStore } from './support/browser.js'
import { settle } from './support/clock.js'

const RENEWAL = '/auth/session/token'
const MINUTE = 60_000

test('signing out forgets the token at once, and ends the session', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const signingOut = tab.signOut({ everywhere: true })
  assert.equal(tab.state.status, 'signed_out')
  await assert.rejects(tab.token(), SignedOut)
  await signingOut
  assert.equal(browser.server.cookie, null)
  assert.equal(browser.server.seen.at(-1)?.credentials, 'include')
})

test('signing out tells the other tabs, in every tenant', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const other = browser.tab()
  await other.switchTenant('globex')
  const heard: string[] = []
  other.onChange(({ status }) => heard.push(status))
  await tab.signOut()
  await settle()
  assert.deepEqual(heard, ['signed_out'])
  await assert.rejects(other.token(), SignedOut)
})

test('a renewal that ends after a sign-out brings nobody back, whether or not it could be stopped', async () => {
  for (const ignoresAborts of [true, false]) {
    const browser = new FakeBrowser()
    browser.server.ignoresAborts = ignoresAborts
    const tab = await browser.signedIn()
    browser.clock.pass(15 * MINUTE)
    const open = browser.server.hold(RENEWAL)
    const waiting = Array.from({ length: 20 }, () => tab.token())
    await settle()
    await tab.signOut()
    open()
    for (const each of waiting) await assert.rejects(each, SignedOut)
    assert.equal(tab.state.status, 'signed_out')
  }
})

test('a refusal that comes after a new sign-in signs nobody out', async () => {
  const browser = new FakeBrowser()
  browser.server.ignoresAborts = true
  const tab = await browser.signedIn()
  browser.clock.pass(15 * MINUTE)
  browser.server.endAll()
  const open = browser.server.hold(RENEWAL)
  const renewing = tab.token()
  await settle()
  await tab.signIn({ username: 'lee', password: 'a long passphrase' })
  open()
  assert.equal(await renewing, await tab.token())
  assert.equal(tab.state.userId, 'lee')
})

test('a page whose session another tab ended lets nobody in, and says so at once', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const page = browser.tab({ sharedStorage: null })
  const open = browser.server.hold(RENEWAL)
  const restoring = page.restore()
  await settle()
  await tab.signOut()
  await settle()
  open()
  assert.equal((await restoring).status, 'signed_out')
})

test('a tab that is signed out begins in the tenant of the next sign-in', async () => {
  const browser = new FakeBrowser()
  const storage = new MemoryStore()
  const tab = await browser.signedIn({}, storage)
  await tab.switchTenant('globex')
  await tab.signOut()
  assert.deepEqual([...storage.texts], [])
})

test('a tab that does not know its session signs out no tab that does', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const open = browser.server.hold(RENEWAL)
  browser.server.cookie = null
  const page = browser.tab()
  const restoring = page.restore()
  await settle()
  open()
  assert.equal((await restoring).status, 'signed_out')
  await settle()
  assert.equal(tab.state.status, 'signed_in')
})

test('a renewal that another tab asked for before the sign-out brings nobody back, in either tab', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const other = browser.tab()
  await other.restore()
  browser.clock.pass(15 * MINUTE)
  browser.air.held = [] // the news takes longer than the answer
  const open = browser.server.hold(RENEWAL)
  const renewing = other.token()
  await settle()
  await tab.signOut()
  open()
  await renewing
  browser.air.arrive()
  await settle()
  assert.deepEqual([tab.state.status, other.state.status], ['signed_out', 'signed_out'])
})

test('a page that is loaded while the user signs out lets nobody in, whether the news or the token comes first', async () => {
  for (const newsFirst of [true, false]) {
    const browser = new FakeBrowser()
    const tab = await browser.signedIn()
    const open = browser.server.hold(RENEWAL)
    const page = browser.tab()
    const restoring = page.restore()
    await settle()
    await tab.signOut()
    if (newsFirst) await settle()
    open()
    await restoring
    await settle()
    assert.equal(page.state.status, 'signed_out')
  }
})

test('whoever signs out while a sign-in is under way stays out', async () => {
  const browser = new FakeBrowser()
  const tab = browser.tab()
  const open = browser.server.hold('/auth/login')
  const signingIn = tab.signIn({ username: 'kim', password: 'a long passphrase' })
  await settle()
  const signingOut = tab.signOut()
  open()
  await assert.rejects(signingIn, SignedOut)
  await signingOut
  assert.equal(browser.server.cookie, null)
  assert.equal(tab.state.status, 'signed_out')
})

test('a sign-out without a network is made good before anybody gets in again', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.answers.set('/auth/logout', [new TypeError('Failed to fetch'), new TypeError('Failed to fetch')])
  await assert.rejects(tab.signOut(), NetworkError)
  assert.equal(tab.state.status, 'signed_out')
  assert.notEqual(browser.server.cookie, null)
  const early = browser.tab()
  assert.equal((await early.restore()).status, 'signed_out')
  assert.notEqual(browser.server.cookie, null)
  const page = browser.tab()
  assert.equal((await page.restore()).status, 'signed_out')
  assert.equal(browser.server.cookie, null)
})

test('a sign-out that was not heard ends no later session', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.answers.set('/auth/logout', [new TypeError('Failed to fetch')])
  await assert.rejects(tab.signOut(), NetworkError)
  browser.server.signInElsewhere('lee')
  assert.equal((await browser.tab().restore()).userId, 'lee')
})

test('a session that is over signs out the tabs of that session alone', async () => {
  const browser = new FakeBrowser()
  const late = await browser.signedIn()
  browser.clock.pass(15 * MINUTE)
  browser.server.endAll()
  const open = browser.server.hold(RENEWAL)
  const renewing = late.token() // with the old cookie
  await settle()
  const other = browser.tab({ openChannel: null })
  await other.signIn({ username: 'lee', password: 'a long passphrase' })
  open()
  await assert.rejects(renewing, SignedOut)
  await settle()
  assert.equal(other.state.status, 'signed_in')
})

test('news that an old session is over signs out nobody of a new one', async () => {
  const browser = new FakeBrowser()
  const [tab, late] = [await browser.signedIn(), browser.tab()]
  await late.restore()
  browser.clock.pass(15 * MINUTE)
  browser.server.endAll()
  const open = browser.server.hold(RENEWAL)
  const renewing = late.token()
  await settle()
  browser.air.held = [] // what the two tell each other crosses
  await tab.signIn({ username: 'lee', password: 'a long passphrase' })
  open()
  await assert.rejects(renewing, SignedOut)
  browser.air.arrive()
  assert.deepEqual([tab.state.status, late.state.userId], ['signed_in', 'lee'])
})

test('whom nobody knows any more signs out all the same', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.cookie = null
  browser.server.refuseTokens()
  await tab.signOut()
  assert.equal(tab.state.status, 'signed_out')
})

test('a page that comes back from history looks whether anybody is still there', async () => {
  const browser = new FakeBrowser()
  const page = new EventTarget()
  const tab = await browser.signedIn({ page })
  browser.server.endAll()
  page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
  await settle()
  assert.equal(tab.state.status, 'signed_out')
})
