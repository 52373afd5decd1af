// What the application does to the page. Text is set as text alone, so no name of anybody becomes markup.

export const element = (id) => document.getElementById(id)

export function fill(id, text) {
  element(id).textContent = text
}

/** Fills a place that screen readers read out; the same text again is not news. */
export function tell(id, text) {
  if (element(id).textContent !== text) fill(id, text)
}

export function show(id, visible) {
  element(id).hidden = !visible
}

/** Calls `work` within `attempt` with the fields of a form that is sent. The page stays. */
export function onSubmit(id, attempt, work) {
  const form = element(id)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    await whileBusy(form.querySelector('button'), () => attempt(() => work(Object.fromEntries(new FormData(form)))))
  })
}

/** Calls `work` within `attempt` when a button is pressed. */
export function onPress(id, attempt, work) {
  const button = element(id)
  button.addEventListener('click', () => whileBusy(button, () => attempt(work)))
}

/** A second press while the first is under way does nothing. The button keeps the focus, which `disabled` takes. */
async function whileBusy(button, work) {
  if (button.getAttribute('aria-disabled') === 'true') return
  button.setAttribute('aria-disabled', 'true')
  try {
    await work()
  } finally {
    button.removeAttribute('aria-disabled')
  }
}
