import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { isNodeEvent } from '../../node/events/types.ts'

const source = readFileSync(new URL('../../node/events/types.ts', import.meta.url), 'utf8')
const page = readFileSync(new URL('../../docs/reference/events.md', import.meta.url), 'utf8')

/** Every event of the source, with the names of its fields. */
const declared = new Map(
  membersOf(interfaceBody('NodeEvents')).map(({ name, type }) => [name, fieldsOf(type).toSorted()]),
)

/** Every heading `## \`name\`` of the page, with the text below it. */
const documented = new Map(
  [...page.matchAll(/^## `([^`]+)`\n([\s\S]*?)(?=^## |(?![\s\S]))/gm)].map(([, name = '', text = '']) => [name, text]),
)

describe('docs/reference/events.md', () => {
  it('has one heading for every event of the source, and no other', () => {
    expect(declared.size).to.be.greaterThan(10)
    expect([...documented.keys()].toSorted()).to.deep.equal([...declared.keys()].toSorted())
  })

  for (const [name, text] of documented) {
    it(`lists the fields of ${name}`, () => {
      const rows = [...text.matchAll(/^\| `([A-Za-z]+)` +\|/gm)].map(([, field = '']) => field)
      expect(rows.toSorted()).to.deep.equal(declared.get(name))
    })

    it(`shows ${name} as one line with exactly these fields`, () => {
      const lines = [...text.matchAll(/^```json\n([^\n]+)\n```$/gm)].map(([, line = '']) => line)
      expect(lines).to.have.length(1)
      const example: unknown = JSON.parse(lines[0] ?? '')
      if (typeof example !== 'object' || example === null || !isNodeEvent(example)) throw new Error('it is no event')
      const { event, timeMs, ...fields } = example
      expect(event).to.equal(name)
      expect(timeMs).to.be.a('number')
      expect(Object.keys(fields).toSorted()).to.deep.equal(declared.get(name))
    })
  }
})

interface Member {
  readonly name: string
  readonly type: string
}

function interfaceBody(name: string): string {
  const start = source.indexOf(`export interface ${name} {`)
  const end = source.indexOf('\n}\n', start)
  if (start < 0 || end < 0) throw new Error(`node/events/types.ts has no interface ${name}`)
  return source.slice(source.indexOf('{', start) + 1, end)
}

/** The fields of a type that stands in braces, or of the interface that it names. */
function fieldsOf(type: string): string[] {
  const body = type.startsWith('{') ? type.slice(1, -1) : interfaceBody(type)
  return membersOf(body).map(({ name }) => name)
}

/** Members on the top level of a body: `name: type`, ended by a semicolon or a line's end. */
function membersOf(body: string): Member[] {
  const members: Member[] = []
  let depth = 0
  let member = ''
  const end = () => {
    const [, name, type] = /^(?:readonly )?'?([A-Za-z.]+)'?: ([\s\S]+)$/.exec(member.trim()) ?? []
    if (name !== undefined && type !== undefined) members.push({ name, type })
    member = ''
  }
  for (const character of body.replace(/\/\*\*[\s\S]*?\*\//g, '')) {
    if ('{<'.includes(character)) depth++
    if ('}>'.includes(character)) depth--
    if (depth === 0 && (character === ';' || character === '\n')) end()
    else member += character
  }
  end()
  return members
}
