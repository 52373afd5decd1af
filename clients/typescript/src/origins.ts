const HERE = /^(localhost|127\.0\.0\.1|\[::1\]|.+\.localhost)$/

/**
 * Returns a base URL without a slash at its end.
 *
 * @throws TypeError if it is not encrypted and not on this machine: a token would pass in clear.
 */
export function checkedUrl(text: string): string {
  const url = new URL(text)
  const safe = url.protocol === 'https:' || (url.protocol === 'http:' && HERE.test(url.hostname))
  if (!safe || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new TypeError(`${url.origin}: https is needed, and neither query nor fragment nor user`)
  }
  return url.href.replace(/\/$/, '')
}

/** Returns an origin, such as `https://api.example.com`. @throws TypeError if the text says more than that, or less. */
export function checkedOrigin(text: string): string {
  const url = checkedUrl(text)
  if (url !== new URL(url).origin) throw new TypeError(`${url}: an origin has no path`)
  return url
}
