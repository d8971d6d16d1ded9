import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { LogFile } from '../../../node/peer/log-file.ts'

describe('the log of a peer', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'swarm-log-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('keeps the newest lines in two files of bounded size, over restarts too', () => {
    const path = join(folder, 'events.log')
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index} é\n`)
    for (const half of [lines.slice(0, 50), lines.slice(50)]) {
      const log = new LogFile(path, 200)
      for (const line of half) log.write(line)
      log.close()
    }
    expect(readdirSync(folder).sort()).to.deep.equal(['events.log', 'events.log.old'])
    const [old, now] = [`${path}.old`, path].map(file => readFileSync(file, 'utf8'))
    expect(lines.join('').endsWith(`${old}${now}`)).to.equal(true)
    for (const text of [old!, now!]) expect(Buffer.byteLength(text)).to.be.within(1, 200)
  })

  it('takes a line that is longer than the file may be', () => {
    const path = join(folder, 'events.log')
    const log = new LogFile(path, 10)
    log.write(`${'x'.repeat(20)}\n`)
    log.write('y\n')
    log.close()
    expect(readFileSync(path, 'utf8')).to.equal('y\n')
  })
})
