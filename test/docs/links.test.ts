import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SKIPPED = new Set(['node_modules', 'dist', 'coverage', 'swarm-data', 'swarm-sim-runs', 'shared'])
const pages = pagesIn(root)

describe('the pages of the repository', () => {
  it('link only to files that exist', () => {
    expect(pages.length).to.be.greaterThan(10)
    expect(pages.flatMap(page => targetsOf(page).flatMap(target => fileFault(page, target)))).to.deep.equal([])
  })

  it('link only to headings that exist', () => {
    expect(pages.flatMap(page => targetsOf(page).flatMap(target => headingFault(page, target)))).to.deep.equal([])
  })
})

function pagesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : pagesIn(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** Relative targets of links and pictures; what stands in code is not a link. */
function targetsOf(page: string): string[] {
  const text = withoutCode(readFileSync(page, 'utf8'))
  const inline = [...text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)]
  const html = [...text.matchAll(/(?:src|href)="([^"]+)"/g)]
  return [...inline, ...html].map(([, target = '']) => target).filter(target => !/^[a-z][a-z+.-]*:/i.test(target))
}

function withoutCode(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, '')
}

function fileOf(page: string, target: string): string {
  const path = decodeURI(target.split('#')[0] ?? '')
  return path === '' ? page : resolve(dirname(page), path)
}

function fileFault(page: string, target: string): string[] {
  return existsSync(fileOf(page, target)) ? [] : [`${relative(root, page)} -> ${target}`]
}

function headingFault(page: string, target: string): string[] {
  const heading = target.split('#')[1]
  const file = fileOf(page, target)
  if (heading === undefined || !file.endsWith('.md') || !existsSync(file) || !statSync(file).isFile()) return []
  return headingsOf(file).includes(heading) ? [] : [`${relative(root, page)} -> ${target}`]
}

/** As GitHub names them. */
function headingsOf(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^ *```[\s\S]*?^ *```/gm, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
