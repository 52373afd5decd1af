// Builds the package when npm installs it from a folder. npm links the folder, and leaves out what building needs.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
if (!existsSync(`${folder}/node_modules/typescript`)) npm('ci', '--ignore-scripts', '--no-audit', '--no-fund')
npm('run', 'build')

function npm(...words) {
  const { status } = spawnSync('npm', words, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) process.exit(status ?? 1)
}
