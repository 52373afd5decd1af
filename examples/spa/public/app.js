// A small application: who is signed in, in which tenant, what its API answers, and when its socket ends.
import { closingReason, Doorward, DoorwardError } from './doorward-client/index.js'
import { element, fill, onPress, onSubmit, show, tell } from './page.js'

const { doorward: url, api } = await (await fetch('config.json')).json()
const doorward = new Doorward({ url, apis: [new URL(api).origin] })

// Whatever happens in this tab, in another one or at Doorward: the page shows what is now.
doorward.onChange(() => attempt(showState))

onSubmit('sign-in', attempt, async ({ username, password }) => {
  await doorward.signIn({ username, password })
  element('sign-in').reset()
})

onSubmit('switch', attempt, async ({ tenant }) => {
  await doorward.switchTenant(tenant)
})

onPress('load', attempt, async () => {
  const response = await doorward.fetch(`${api}/orders`)
  fill('orders', response.ok ? JSON.stringify(await response.json(), null, 2) : `refused: ${response.status}`)
})

onPress('open', attempt, async () => {
  fill('socket', 'opening')
  const socket = await doorward.openSocket()
  let reason = 'closed'
  socket.addEventListener('open', () => fill('socket', 'open'))
  socket.addEventListener('message', (message) => (reason = closingReason(message) ?? reason))
  socket.addEventListener('close', () => fill('socket', `ended: ${reason}`))
})

onPress('sign-out', attempt, () => doorward.signOut())
onPress('everywhere', attempt, () => doorward.signOut({ everywhere: true }))

await attempt(restore)

/** Does what the user asked for; what is refused is told, and never thrown away. */
async function attempt(work) {
  tell('problem', '')
  try {
    await work()
  } catch (error) {
    if (!(error instanceof DoorwardError)) throw error
    if (error.code !== 'signed_out') tell('problem', `${error.message} (${error.code})`)
  }
}

/** Asks who is signed in. A tab whose tenant lets the user in no more goes to the tenant of the sign-in. */
async function restore() {
  try {
    await doorward.restore()
  } catch (error) {
    if (error.code !== 'invalid_grant') throw error
    await doorward.switchTenant(null)
  }
}

async function showState() {
  const { status } = doorward.state
  fill('orders', '')
  show('signed-out', status === 'signed_out')
  show('signed-in', status === 'signed_in')
  if (status === 'signed_out') {
    tell('status', 'Nobody is signed in.')
    element('sign-in-title').focus()
  }
  if (status === 'signed_in') await showUser(doorward.state)
}

async function showUser(state) {
  const user = await doorward.session()
  if (doorward.state !== state) return // somebody else, or another tenant, is shown by now
  const { tenantId } = state
  const here = user.tenants.find((membership) => membership.tenant_id === tenantId)
  tell('status', `${user.username} is signed in.`)
  fill('me-user', user.display_name ?? user.username)
  fill('me-tenant', tenantId ?? 'none')
  fill('me-roles', here?.roles.join(', ') ?? 'none')
  const choices = user.tenants.map(({ tenant_id: id }) => new Option(id, id, false, id === tenantId))
  element('tenant').replaceChildren(...choices)
}
