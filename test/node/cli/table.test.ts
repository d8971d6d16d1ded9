import { expect } from 'chai'
import { type Output, project } from '../../../node/cli/projections/index.ts'
import { EventBus } from '../../../node/events/bus.ts'
import type { NodeEvent } from '../../../node/events/types.ts'
import { wallClockMs } from '../../../node/events/wall-clock.ts'
import { event, PEER, wholeRound } from './events.ts'

const ESCAPE = String.fromCharCode(27)
const PIECES = new RegExp(`(${ESCAPE}\\[\\d*[A-Za-z]|\\n)`)
const UP = new RegExp(`^${ESCAPE}\\[(\\d+)A$`)
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`)

/** Interprets what a terminal would: text, line ends, cursor up, erase to the end. Scrolls never. */
class FakeTerminal implements Output {
  readonly isTTY = true
  readonly columns: number
  readonly rows: number
  readonly screen: string[] = ['']
  raw = ''

  constructor(columns = 100, rows = 30) {
    this.columns = columns
    this.rows = rows
  }

  write(text: string): void {
    this.raw += text
    for (const piece of text.split(PIECES)) this.#take(piece)
  }

  /** Without the empty line on which the cursor stands. */
  lines(): string[] {
    return this.screen.slice(0, -1)
  }

  #take(piece: string): void {
    const up = UP.exec(piece)?.[1]
    if (piece === '\n') this.screen.push('')
    else if (up !== undefined) this.screen.length = Math.max(1, this.screen.length - Number(up))
    else if (piece === `${ESCAPE}[J`) this.screen[this.screen.length - 1] = ''
    else if (!piece.startsWith(ESCAPE)) this.screen[this.screen.length - 1] += piece
  }
}

interface Shown {
  readonly terminal: FakeTerminal
  readonly finish: () => void
  emit(...events: readonly NodeEvent[]): void
}

const shown: Shown[] = []

function show(terminal = new FakeTerminal(), targetRounds: number | null = 4, environment = {}): Shown {
  const bus = new EventBus(() => 0)
  const choice = { json: false, targetRounds, stages: 2, peers: 8, begins: 'the embedded chain starts' }
  const { finish } = project(bus, choice, terminal, environment)
  // The first drawing was just now, on the real clock: what happens after it happens later.
  const baseMs = wallClockMs()
  const emit = (...events: readonly NodeEvent[]): void => {
    for (const each of events) bus.forward({ ...each, timeMs: baseMs + each.timeMs })
  }
  const one = { terminal, finish, emit }
  shown.push(one)
  return one
}

describe('live table', () => {
  afterEach(() => {
    for (const { finish } of shown.splice(0)) finish()
  })

  it('says what it waits for before anything has happened, and at each step of the start', () => {
    const { terminal, emit } = show()
    expect(terminal.lines().join('\n')).to.include('starting: the embedded chain starts')
    emit(event('start.phase', 1000, { phase: 'chain', ms: 1000 }))
    expect(terminal.lines().join('\n')).to.include('starting: stakes and bonds are put on the chain')
    emit(event('start.phase', 2000, { phase: 'bond', ms: 9200 }))
    emit(event('peer.ready', 3000, { peer: PEER, stage: 0, pid: 1, addresses: [] }))
    expect(terminal.lines().join('\n')).to.include('starting: 1 of 8 peers are ready')
    emit(event('waiting', 4000, { stage: 1, for: 'stage 1 needs 2 more replicas' }))
    expect(terminal.lines().join('\n')).to.include('starting: stage 1 needs 2 more replicas')
    expect(terminal.lines().at(-1)).to.equal('chain 1.0 s, bond 9.2 s')
  })

  it('redraws in place: the screen holds one table, with the newest round of each stage', () => {
    const { terminal, emit } = show()
    for (const round of [1, 2, 3]) emit(...wholeRound(round, round * 1000))
    const lines = terminal.lines()
    expect(lines.filter(line => line.startsWith('stage'))).to.have.length(1)
    expect(lines.filter(line => /^[01] +3 /.test(line))).to.have.length(2)
    expect(lines.at(-2)).to.match(/^loss 4\.700 {2}held-out - nats a byte {2}4,000 tokens\/s$/)
    expect(lines.at(-1)).to.match(/^#{24}\.{8} 3\/4 rounds, 1 s left$/)
  })

  it('says how others reach a peer that runs without end', () => {
    const { terminal, emit } = show(new FakeTerminal(), null)
    emit(event('reachability', 500, { state: 'relayed', via: PEER }), ...wholeRound(1, 1000))
    expect(terminal.lines().at(-1)).to.match(/^1 rounds .*; others reach this peer over relay abcdef$/)
  })

  it('shows a snapshot on its way as a bar, with the time that is left, until it is there', () => {
    const { terminal, emit } = show(new FakeTerminal(), null)
    emit(event('sync.progress', 1000, { stage: 0, bytes: 0, of: 120e6, sources: 0 }))
    emit(event('sync.progress', 3000, { stage: 0, bytes: 30e6, of: 120e6, sources: 3 }))
    expect(terminal.lines().at(-1)).to.equal(
      `${'#'.repeat(8)}${'.'.repeat(24)} 30 of 120 MB of the state are here from 3 siblings, 6 s left`,
    )
    emit(event('synced', 9000, { stage: 0, round: 16, by: 'snapshot' }))
    expect(terminal.lines().join('\n')).to.not.include('of the state')
  })

  it('keeps notices above the table', () => {
    const { terminal, emit } = show()
    emit(...wholeRound(1, 1000), event('warning', 1100, { message: 'something' }), ...wholeRound(2, 2000))
    expect(terminal.lines()[0]).to.equal('warning  something')
    expect(terminal.lines().filter(line => line.startsWith('stage'))).to.have.length(1)
  })

  it('shows a stage that waits, contradictions and refusals', () => {
    const { terminal, emit } = show()
    emit(...wholeRound(1, 1000), event('waiting', 2000, { stage: 0, for: 'stage 0 needs 1 more replica' }))
    expect(terminal.lines().find(line => line.startsWith('0'))).to.match(/stage 0 needs 1 more replica$/)
    emit(event('evidence', 3000, { kind: 'double-commit', peer: PEER }))
    for (const at of [4000, 5000]) emit(event('refused', at, { reason: 'bad-signature', peer: PEER }))
    expect(terminal.lines().join('\n')).to.include('1 contradiction, 2 refusals')
  })

  it('says that it comes to an end after the last round', () => {
    const { terminal, emit } = show()
    for (const round of [1, 2, 3, 4]) emit(...wholeRound(round, round * 1000))
    expect(terminal.lines().at(-1)).to.match(/^ending /)
  })

  it('draws no more once it has been finished', () => {
    const { terminal, emit, finish } = show()
    emit(...wholeRound(1, 1000))
    finish()
    const before = terminal.raw
    emit(...wholeRound(2, 2000))
    expect(terminal.raw).to.equal(before)
  })

  it('cuts lines that would wrap, whatever their colours', () => {
    const { terminal, emit } = show(new FakeTerminal(24))
    emit(
      ...wholeRound(1, 1000),
      event('warning', 2000, { message: 'a sentence that is longer than the screen is wide' }),
    )
    for (const line of terminal.lines()) expect(line.length).to.be.below(24)
    expect(terminal.raw).to.include(`${ESCAPE}[1m`)
  })

  it('is never higher than the screen', () => {
    const { terminal, emit } = show(new FakeTerminal(100, 12))
    for (let stage = 0; stage < 64; stage++) emit(event('waiting', stage * 1000, { stage, for: '' }))
    emit(...wholeRound(1, 100_000))
    expect(terminal.lines().length).to.be.below(12)
    expect(terminal.lines().join('\n')).to.include('and 59 more stages')
  })

  it('takes a terminal that does not tell its size for one of 80 by 24', () => {
    const { terminal, emit } = show(new FakeTerminal(0, 0))
    emit(...wholeRound(1, 1000))
    expect(terminal.lines().join('\n')).to.include('certificate')
  })

  it('has no colours with NO_COLOR', () => {
    const { terminal, emit } = show(new FakeTerminal(), 4, { NO_COLOR: '1' })
    emit(...wholeRound(1, 1000))
    expect(terminal.raw).to.not.match(COLOUR)
  })
})

describe('where events go', () => {
  const choice = { targetRounds: 4, stages: 2, peers: 8, begins: 'it starts' }

  function written(json: boolean, output: Partial<Output>, environment = {}): { text: () => string; bus: EventBus } {
    let text = ''
    const bus = new EventBus(() => 5)
    const sink = { write: (piece: string) => (text += piece), ...output }
    shown.push({
      terminal: new FakeTerminal(),
      emit: () => undefined,
      ...project(bus, { ...choice, json }, sink, environment),
    })
    return { text: () => text, bus }
  }

  it('with --json: one event a line and nothing else, on a terminal too', () => {
    const { text, bus } = written(true, { isTTY: true })
    bus.emit('run.finished', { round: 3 })
    bus.emit('warning', { message: 'two\nlines' })
    const lines = text().split('\n')
    expect(lines.pop()).to.equal('')
    expect(lines.map(line => JSON.parse(line))).to.deep.equal([
      { event: 'run.finished', timeMs: 5, round: 3 },
      { event: 'warning', timeMs: 5, message: 'two\nlines' },
    ])
  })

  it('in a pipe, and on a terminal that cannot move its cursor: plain lines without escape codes', () => {
    for (const { text, bus } of [written(false, {}), written(false, { isTTY: true }, { TERM: 'dumb' })]) {
      for (const one of wholeRound(1, 0)) bus.forward(one)
      expect(text()).to.match(/^start {4}it starts\nround {4}1 .*\n$/)
      expect(text()).to.not.include(ESCAPE)
    }
  })
})
