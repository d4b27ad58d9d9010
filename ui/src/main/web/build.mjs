// Builds or tests the page for Maven, with nothing but Node itself:
//
//   node build.mjs <outDir>   installs packages if the lock changed, builds if an input changed
//   node build.mjs --test     runs the unit tests
//
// What a build was made from is kept as a hash in <outDir>/.mark.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const root = dirname(fileURLToPath(import.meta.url))
const argument = process.argv[2] ?? fail('usage: node build.mjs <outDir> | --test')

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old (expected: 20.19 or newer, or build with -Dui.skip)`)
}

install()
if (argument === '--test') {
  run(process.execPath, [tool('vitest', 'vitest.mjs'), 'run'])
} else {
  build(resolve(argument))
}

function install() {
  const mark = join(root, 'node_modules', '.mark')
  const wanted = `${hash(['package.json', 'package-lock.json', '.npmrc'])} ${process.platform} ${process.arch}`
  if (read(mark) === wanted) return
  run('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'])
  writeFileSync(mark, wanted)
}

function build(out) {
  const mark = join(out, '.mark')
  const wanted = hash(['src', 'public', 'index.html', 'build.mjs', 'vite.config.ts', 'tsconfig.json', 'package-lock.json'])
  if (existsSync(join(out, 'index.html')) && read(mark) === wanted) {
    console.log('[ui] up to date')
    return
  }
  rmSync(mark, { force: true })
  run(process.execPath, [tool('typescript', 'bin/tsc'), '--noEmit'])
  run(process.execPath, [tool('vite', 'bin/vite.js'), 'build', '--outDir', out, '--emptyOutDir', '--logLevel', 'warn'])
  weigh(out)
  writeFileSync(mark, wanted)
}

/** All that a reader of every page fetches, compressed. Beyond the limit, something came in that does not belong here. */
function weigh(out) {
  const limit = 300_000
  const files = readdirSync(out, { recursive: true }).filter(name => /\.(html|js|css|svg)$/.test(name))
  const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(out, name))).length, 0)
  console.log(`[ui] ${files.length} files, ${(bytes / 1000).toFixed(1)} kB compressed`)
  if (bytes > limit) fail(`${bytes} bytes compressed (expected: at most ${limit})`)
}

function tool(name, script) {
  return join(root, 'node_modules', name, script)
}

function run(command, args) {
  const started = Date.now()
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && command === 'npm',
    env: { ...process.env, CI: '1', npm_config_update_notifier: 'false' },
  })
  if (result.error) fail(`${command}: ${result.error.message}`)
  if (result.status !== 0) fail(`${command} ${args.join(' ')}: exit status ${result.status ?? result.signal} (expected: 0)`)
  console.log(`[ui] ${[command, ...args.slice(0, 2)].map(lastName).join(' ')}: ${Date.now() - started} ms`)
}

function lastName(path) {
  return path.split(/[\\/]/).at(-1)
}

function hash(paths) {
  const digest = createHash('sha256')
  const add = path => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name))
    } else {
      digest.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0')
    }
  }
  for (const path of paths) add(join(root, path))
  return digest.digest('hex')
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function fail(message) {
  console.error(`[ui] ${message}`)
  process.exit(1)
}
