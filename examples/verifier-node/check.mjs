// Tests verifier.mjs with docs/feed/vectors.json. Another verifier can be tested the same way.
import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Feed, Verifier } from './verifier.mjs'

const file = process.argv[2] ?? new URL('../../docs/feed/vectors.json', import.meta.url)
const vectors = JSON.parse(await readFile(file))
const keys = new Map(
  vectors.jwks.keys.map((jwk) => [jwk.kid, { alg: jwk.alg, key: createPublicKey({ key: jwk, format: 'jwk' }) }]),
)
const feed = new Feed(vectors.issuer, (kid) => keys.get(kid), (name) => ({ text: vectors.parts[name] ?? '' }))
let wrong = 0

async function expect(what, reason, run) {
  const found = await run().then(() => null, (error) => error.reason ?? error.message)
  if (found !== reason) console.log(`${what}: ${found}, not ${reason}`)
  wrong += found !== reason
}

for (const read of vectors.reads) {
  await expect(read.why ?? 'a good head', read.reason, () => feed.take(read.head, read.now))
}
let now = 0
const head = vectors.reads.at(-1).head
const documents = { '/.well-known/jwks.json': JSON.stringify(vectors.jwks), '/.well-known/revocations': head }
const verifier = new Verifier({
  issuer: vectors.issuer,
  audience: vectors.audience,
  fetch: async (path) => ({ text: documents[path] ?? vectors.parts[path.split('/').at(-1)] }),
  now: () => now,
})
for (const { why, token, reason, now: time } of vectors.tokens) {
  now = time
  await expect(why, reason, () => verifier.verify(token))
}
console.log(`${vectors.reads.length} heads, ${vectors.tokens.length} tokens, ${wrong} wrong`)
process.exitCode = wrong ? 1 : 0
