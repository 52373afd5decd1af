import assert from 'node:assert/strict'
import { test } from 'node:test'

import { closingReason } from '../src/index.js'
import { FakeBrowser } from './support/browser.js'
import { settle } from './support/clock.js'

test('a socket opens with a ticket, and with no token', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  await tab.openSocket()
  assert.equal(browser.sockets[0]?.url, 'wss://sockets.example.com?ticket=t%201')
})

test('a socket that is closed because the session is over signs the tab out', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  await tab.openSocket()
  browser.server.endAll()
  browser.sockets[0]?.say('{"type":"news"}')
  await settle()
  assert.equal(tab.state.status, 'signed_in')
  browser.sockets[0]?.say('{"type":"closed","reason":"signed_out"}')
  await settle()
  assert.equal(tab.state.status, 'signed_out')
})

test('a socket that is closed while the session lives signs nobody out', async () => {
  const browser = new FakeBrowser()
  const tab = await browser.signedIn()
  await tab.openSocket()
  browser.sockets[0]?.say('{"type":"closed","reason":"access_changed"}')
  await settle()
  assert.equal(tab.state.status, 'signed_in')
})

test('only a message of Doorward says why a socket closes', () => {
  const reason = (data: unknown): string | null => closingReason(new MessageEvent('message', { data }))
  assert.equal(reason('{"type":"closed","reason":"expired"}'), 'expired')
  for (const data of ['', 'null', '[]', '{"type":"closed"}', '{"reason":"expired"}', new ArrayBuffer(2)]) {
    assert.equal(reason(data), null)
  }
})
