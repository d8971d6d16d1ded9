import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import {
  BROWSER_FOLDERS,
  EVERYWHERE_BANS,
  IMPORT_RULES,
  MAX_LINES,
  PACKAGE_RULES,
  PROTOCOL_FILES,
  PURE_BANS,
  PURE_EXCEPTIONS,
  PURE_FOLDERS,
} from './rules.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Source {
  readonly path: string
  readonly text: string
  /** Module specifiers, with whether the import is of types only. */
  readonly imports: readonly { readonly specifier: string; readonly typeOnly: boolean }[]
}

const sources = ['node', 'protocols', 'consensus', 'simulations', 'test', 'docs/research/examples'].flatMap(folder =>
  readSources(join(root, folder)),
)

describe('tidy', () => {
  it('keeps the import directions of the house', () => {
    expect(sources.flatMap(directionFaults)).to.deep.equal([])
  })

  it('lets only the named places import the heavy packages', () => {
    const faults = sources.flatMap(source =>
      PACKAGE_RULES.filter(rule => !startsWithAny(source.path, rule.only)).flatMap(rule =>
        source.imports
          .filter(({ specifier }) => rule.pattern.test(specifier))
          .map(({ specifier }) => `${source.path} imports ${specifier}`),
      ),
    )
    expect(faults).to.deep.equal([])
  })

  it('keeps Node, clocks and randomness out of what decides and speaks', () => {
    const pure = sources.filter(
      ({ path }) => startsWithAny(path, PURE_FOLDERS) && !startsWithAny(path, PURE_EXCEPTIONS),
    )
    expect(pure.flatMap(source => banFaults(source, PURE_BANS))).to.deep.equal([])
  })

  it('has no silenced checks, swallowed errors or unfinished marks', () => {
    const others = sources.filter(({ path }) => !path.startsWith('test/tidy/'))
    expect(others.flatMap(source => banFaults(source, EVERYWHERE_BANS))).to.deep.equal([])
  })

  it(`keeps every source file within ${MAX_LINES} lines`, () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MAX_LINES)
    expect(long).to.deep.equal([])
  })

  it('gives every protocol its specification, constants and index', () => {
    const folders = readdirSync(join(root, 'protocols'), { withFileTypes: true }).filter(entry => entry.isDirectory())
    const missing = folders.flatMap(folder =>
      PROTOCOL_FILES.filter(file => !exists(join(root, 'protocols', folder.name, file))).map(
        file => `protocols/${folder.name}/${file}`,
      ),
    )
    expect(missing).to.deep.equal([])
  })

  it('bundles what a browser is to run without polyfills', async () => {
    const result = await build({
      absWorkingDir: root,
      entryPoints: BROWSER_FOLDERS.map(folder => `${folder}/index.ts`),
      bundle: true,
      platform: 'browser',
      format: 'esm',
      target: 'es2024',
      write: false,
      outdir: 'browser',
      logLevel: 'silent',
    })
    expect(result.errors).to.deep.equal([])
    expect(result.outputFiles.length).to.equal(BROWSER_FOLDERS.length)
  })
})

function directionFaults({ path, imports }: Source): string[] {
  const rule = IMPORT_RULES.find(candidate => path.startsWith(candidate.from))
  if (rule === undefined) return [`${path} is in no room of the house`]
  const own = `${path.split('/').slice(0, 2).join('/')}/`
  return imports.flatMap(({ specifier, typeOnly }) => {
    if (!specifier.startsWith('.')) return []
    const target = posix.normalize(posix.join(posix.dirname(path), specifier))
    if (target.startsWith('dist/') || target === 'package.json') return []
    const sibling = typeOnly && target.startsWith('protocols/') && path.startsWith('protocols/')
    if (target.startsWith(own) || startsWithAny(target, rule.may) || sibling) return []
    return [`${path} imports ${target}`]
  })
}

function banFaults({ path, text }: Source, bans: typeof PURE_BANS): string[] {
  const lines = text.split('\n').map(line => (/^\s*(\*|\/\/|\/\*)/.test(line) ? '' : line.replace(/\s\/\/.*$/, '')))
  return bans.flatMap(({ pattern, instead }) =>
    lines.flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()} (instead: ${instead})`] : [])),
  )
}

function readSources(folder: string): Source[] {
  if (!exists(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.(ts|mjs)$/.test(name) && !name.endsWith('.d.ts'))
    .map(name => {
      const file = join(folder, name)
      const text = readFileSync(file, 'utf8')
      return { path: relative(root, file).split(sep).join('/'), text, imports: importsOf(text) }
    })
}

function importsOf(text: string): Source['imports'] {
  const found = text.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...found].map(match => ({ specifier: match[2] ?? match[3] ?? '', typeOnly: match[1] !== undefined }))
}

function startsWithAny(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some(prefix => path.startsWith(prefix))
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined && dirname(path) !== path
}
