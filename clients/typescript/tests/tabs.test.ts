import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Changed, Problem } from '../src/index.js'
import { FakeBrowser, MemoryStore } from './support/browser.js'
import { settle } from './support/clock.js'

const RENEWAL = '/auth/session/token'
const MINUTE = 60_000

test('of two tabs that need a token at once, one asks', async () => {
  const browser = new FakeBrowser()
  const tabs = [await browser.signedIn(), browser.tab(), browser.tab()]
  for (const tab of tabs) await tab.restore()
  const before = browser.server.count(RENEWAL)
  browser.clock.pass(15 * MINUTE)
  const tokens = await Promise.all(tabs.flatMap((tab) => [tab.token(), tab.token(), tab.token()]))
  assert.equal(new Set(tokens).size, 1)
  assert.equal(browser.server.count(RENEWAL), before + 1)
})

test('a tab uses what another tab renewed', async () => {
  const browser = new FakeBrowser()
  const [tab, other] = [await browser.signedIn(), browser.tab()]
  await other.restore()
  browser.clock.pass(15 * MINUTE)
  const token = await tab.token()
  await settle()
  const before = browser.server.count(RENEWAL)
  assert.equal(await other.token(), token)
  assert.equal(browser.server.count(RENEWAL), before)
})

test('a tab takes no token of another tenant, and none that was refused', async () => {
  const browser = new FakeBrowser()
  const [tab, other] = [await browser.signedIn(), browser.tab()]
  await other.switchTenant('globex')
  const token = await other.token()
  browser.clock.pass(14 * MINUTE + 30_000)
  await tab.token()
  await settle()
  browser.server.answers.set(RENEWAL, [new TypeError('Failed to fetch')])
  assert.equal(await other.token(), token)
  assert.equal(other.state.tenantId, 'globex')
})

test('a token that was refused in this tab is not taken from another one', async () => {
  const browser = new FakeBrowser()
  const [tab, other] = [await browser.signedIn(), browser.tab()]
  await other.restore()
  browser.clock.pass(15 * MINUTE)
  browser.air.held = []
  const refused = await tab.token()
  browser.air.arrive()
  assert.equal(await other.token(), refused)
  browser.server.refuseTokens()
  browser.server.answers.set(RENEWAL, [new TypeError('Failed to fetch')])
  await assert.rejects((other as { fetch: typeof fetch }).fetch('https://api.example.com/orders'))
  browser.air.repeat()
  assert.notEqual(await other.token(), refused)
})

test('without locks a tab asks once all the same', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn({ locks: null })
  browser.clock.pass(15 * MINUTE)
  const tokens = await Promise.all(Array.from({ length: 20 }, () => tab.token()))
  assert.equal(new Set(tokens).size, 1)
  assert.equal(browser.server.count(RENEWAL), 1)
})

test('without locks and without a channel every tab asks for itself', async () => {
  const browser = new FakeBrowser()
  const alone = { locks: null, openChannel: null, tabStorage: null, sharedStorage: null }
  const tabs = [await browser.signedIn(alone), browser.tab(alone)]
  browser.clock.pass(15 * MINUTE)
  const tokens = await Promise.all(tabs.map((tab) => tab.token()))
  assert.equal(new Set(tokens).size, 2)
  assert.equal(browser.server.count(RENEWAL), 2)
})

test('storage that is full or blocked is done without', async () => {
  const fails = (): never => {
    throw new DOMException('blocked', 'SecurityError')
  }
  const blocked = { getItem: fails, setItem: fails, removeItem: fails }
  const browser = new FakeBrowser()
  const tab = await browser.signedIn({ tabStorage: blocked, sharedStorage: blocked })
  await tab.switchTenant('globex')
  browser.clock.pass(15 * MINUTE)
  await tab.token()
  assert.equal(tab.state.tenantId, 'globex')
  await tab.signOut()
})

test('a switch brings one tab into the tenant, and leaves the others', async () => {
  const browser = new FakeBrowser()
  const [tab, other] = [await browser.signedIn(), browser.tab()]
  await other.restore()
  assert.equal((await tab.switchTenant('globex')).tenantId, 'globex')
  await settle()
  browser.clock.pass(15 * MINUTE)
  const tenants = await Promise.all([tab, other].map(async (each) => (await asked(each)).tenant))
  assert.deepEqual(tenants, ['globex', 'acme'])
})

test('a tab that is reloaded or duplicated stays in its tenant', async () => {
  const browser = new FakeBrowser()
  const storage = new MemoryStore()
  const tab = await browser.signedIn({}, storage)
  await tab.switchTenant('globex')
  const copy = new MemoryStore()
  for (const [name, text] of storage.texts) copy.setItem(name, text)
  assert.equal((await browser.tab({}, storage).restore()).tenantId, 'globex')
  assert.equal((await browser.tab({}, copy).restore()).tenantId, 'globex')
  assert.equal((await browser.tab().restore()).tenantId, 'acme')
})

test('a switch into a tenant that does not let the user in leaves the tab where it is', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const token = await tab.token()
  await assert.rejects(tab.switchTenant('north'), (error: Problem) => error.code === 'invalid_grant')
  assert.equal(tab.state.tenantId, 'acme')
  assert.equal(await tab.token(), token)
})

test('a tab whose tenant lets the user in no more is told so, and gets out with the tenant of the sign-in', async () => {
  const browser = new FakeBrowser()
  const storage = new MemoryStore()
  storage.setItem('doorward:https://auth.example.com:tenant', 'north')
  browser.server.signInElsewhere('kim')
  const tab = browser.tab({}, storage)
  await assert.rejects(tab.restore(), (error: Problem) => error.code === 'invalid_grant')
  assert.equal((await tab.switchTenant(null)).tenantId, 'acme')
})

test('a renewal of the old tenant that ends after a switch changes nothing, whether or not it could be stopped', async () => {
  for (const ignoresAborts of [true, false]) {
    const browser = new FakeBrowser()
    browser.server.ignoresAborts = ignoresAborts
    const tab = await browser.signedIn()
    browser.clock.pass(15 * MINUTE)
    const openFirst = browser.server.hold(RENEWAL)
    const renewing = tab.token()
    await settle()
    browser.server.hold(RENEWAL)()
    await tab.switchTenant('globex')
    openFirst()
    await renewing
    assert.equal(tab.state.tenantId, 'globex')
    assert.equal((await asked(tab)).tenant, 'globex')
  }
})

test('a switch that ends after somebody else signed in changes nothing', async () => {
  const browser = new FakeBrowser()
  browser.server.ignoresAborts = true
  const tab = await browser.signedIn()
  const openFirst = browser.server.hold(RENEWAL)
  const switching = tab.switchTenant('globex')
  await settle()
  browser.server.hold(RENEWAL)()
  browser.server.endAll()
  browser.server.signInElsewhere('lee')
  browser.clock.pass(15 * MINUTE)
  await tab.token()
  openFirst()
  await assert.rejects(switching, Changed)
  assert.deepEqual([tab.state.userId, tab.state.tenantId], ['lee', 'acme'])
})

test('of two switches the last one counts', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  await Promise.all([tab.switchTenant('globex'), tab.switchTenant('acme'), tab.switchTenant('globex')])
  assert.equal(tab.state.tenantId, 'globex')
})

test('signing out during a switch wins', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  const open = browser.server.hold(RENEWAL)
  const switching = tab.switchTenant('globex')
  await settle()
  await tab.signOut()
  open()
  await assert.rejects(switching, { code: 'signed_out' })
  assert.equal(tab.state.status, 'signed_out')
})

test('a new sign-in is for all tabs', async () => {
  const browser = new FakeBrowser()
  const [tab, other] = [await browser.signedIn(), browser.tab()]
  await other.restore()
  await tab.signOut()
  await settle()
  await tab.signIn({ username: 'lee', password: 'a long passphrase' })
  await settle()
  assert.deepEqual([other.state.status, other.state.userId], ['signed_in', 'lee'])
  assert.equal(await other.token(), await tab.token())
})

test('late news of a sign-in brings no tab of that session back into its tenant', async () => {
  const browser = new FakeBrowser()
  browser.air.held = []
  const other = browser.tab()
  await browser.signedIn()
  await other.switchTenant('globex')
  browser.air.arrive()
  assert.equal(other.state.tenantId, 'globex')
})

test('a tab notices when somebody signed in on other pages, and sends nothing of the one before for them', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  browser.server.endAll()
  browser.server.signInElsewhere('lee')
  const seen: (string | null)[] = []
  tab.onChange(({ userId }) => seen.push(userId))
  const order = tab.fetch('https://api.example.com/orders', { method: 'POST', body: '{}' })
  await assert.rejects(order, Changed)
  assert.deepEqual(seen, ['lee'])
  assert.equal(browser.server.count('/orders'), 1)
})

test('news that arrives late makes no token younger', async () => {
  const browser = new FakeBrowser()
  const [tab, other] = [await browser.signedIn(), browser.tab()]
  await other.restore()
  browser.clock.pass(15 * MINUTE)
  browser.air.held = []
  await tab.token()
  browser.clock.pass(15 * MINUTE) // the other tab was frozen
  browser.air.arrive()
  const before = browser.server.count(RENEWAL)
  await other.token()
  assert.equal(browser.server.count(RENEWAL), before + 1)
})

test('a tab that is closed hears no more', async () => {
  const browser = new FakeBrowser()
  const [tab, other] = [await browser.signedIn(), browser.tab()]
  await other.restore()
  other.close()
  await tab.signOut()
  await settle()
  assert.equal(other.state.status, 'signed_in')
})

async function asked(tab: { fetch: typeof fetch }): Promise<{ tenant: string }> {
  return (await (await tab.fetch('https://api.example.com/orders')).json()) as { tenant: string }
}
