import { expect } from 'chai'
import { NO_TEMPO, type Tempo, tempoOf } from '../../../consensus/round/index.ts'
import { missTempo, observeTempo, waitsOf } from '../../../consensus/round/tempo.ts'
import type { Hash, PeerName } from '../../../protocols/wire/messages.ts'
import { Bench } from './bench.ts'

const BASE = { proposeMs: 4_000, voteMs: 2_000, graceCapMs: 2_000, reduceMs: 5_000 }

describe('round: how long is waited', () => {
  it('waits as the manifest says before anything is measured', () => {
    expect(waitsOf(NO_TEMPO, BASE)).to.deep.equal({ scatterMs: 5_000, executeMs: 5_000 })
  })

  it('learns shorter waits, never below a quarter, never above the manifest', () => {
    let quick: Tempo = NO_TEMPO
    let slow: Tempo = NO_TEMPO
    for (let round = 0; round < 30; round++) {
      quick = observeTempo(quick, 'execute', 30, BASE)
      slow = observeTempo(slow, 'execute', 60_000, BASE)
    }
    expect(waitsOf(quick, BASE).executeMs).to.equal(1_250)
    expect(waitsOf(slow, BASE).executeMs).to.equal(5_000)
    expect(waitsOf(quick, BASE).scatterMs).to.equal(5_000)
  })

  it('takes a wait that passed for no measurement: the next one is longer, until something is measured again', () => {
    let tempo: Tempo = NO_TEMPO
    for (let round = 0; round < 5; round++) tempo = observeTempo(tempo, 'execute', 600, BASE)
    const { executeMs } = waitsOf(tempo, BASE)
    expect(executeMs).to.be.below(3_000)
    const missed = missTempo(tempo, 'execute')
    expect(waitsOf(missed, BASE).executeMs).to.equal(1.5 * executeMs)
    expect(waitsOf(observeTempo(missed, 'execute', 600, BASE), BASE).executeMs).to.be.at.most(executeMs)
  })

  it('takes who spoke in the round and repeats nothing for gone: the wait for its proposal is short', () => {
    const { others, context } = new Bench()
    const [leader = '', ...there] = others
    const { voteMs, proposeMs } = context.timeouts
    const play = (spokeMs: number): number[] => {
      const one = new Bench()
      one.nowMs = spokeMs
      one.deliver(leader, one.have([]))
      one.nowMs = 10 * voteMs
      for (const peer of [one.self, ...there]) one.deliver(peer, { kind: 'idle', scope: one.context.scope })
      return one
        .effects('timer')
        .filter(({ id }) => id === 'propose/0')
        .map(({ delayMs }) => delayMs)
    }
    expect(play(8.6 * voteMs)).to.deep.equal([proposeMs])
    expect(play(8.4 * voteMs)).to.deep.equal([proposeMs / 4])
  })

  it('leaves a view at once in which Q have voted nil', () => {
    const bench = new Bench({ n: 7 })
    const [leader = '', ...there] = bench.others
    for (const peer of [bench.self, ...there]) bench.deliver(peer, { kind: 'idle', scope: bench.context.scope })
    bench.deliver(leader, bench.have([]))
    const vote = (peer: PeerName, value: Hash | null) =>
      bench.deliver(peer, { kind: 'precommit', scope: bench.context.scope, view: 0, value, validView: -1 })
    const waits = () =>
      bench
        .effects('timer')
        .filter(({ id }) => id === 'precommit/0')
        .map(({ delayMs }) => delayMs)
    for (const peer of there.slice(0, 4)) vote(peer, null)
    expect(waits()).to.deep.equal([])
    vote(there[4]!, null)
    expect(waits(), 'five votes of seven, and two that are awake and have not voted').to.deep.equal([0])
  })

  describe('where one seat is away and another one has no work', () => {
    /** Q seats have closed their work: two with commitments, one with IDLE. The fourth is away. */
    function short(rank: number, makeAway: (bench: Bench, away: PeerName) => void): Bench {
      const away = new Bench({ rank }).others.at(-1)!
      // Unheard by the round before as well: that alone says nothing.
      const bench = new Bench({ rank, change: { tempo: { ...NO_TEMPO, silent: [away] } } })
      const [idle = ''] = bench.others
      makeAway(bench, away)
      for (const peer of bench.others) {
        if (peer === away) continue
        bench.deliver(peer, peer === idle ? { kind: 'idle', scope: bench.context.scope } : bench.commitOf(peer).payload)
      }
      bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
      return bench
    }
    const isGone = (bench: Bench, peer: PeerName) => bench.input({ type: 'reachable', peer, reachable: false })
    const nothing = () => {}

    it('votes nil at once in the views in which SKIP needs IDLEs', () => {
      const bench = short(3, isGone)
      expect(bench.signed('prevote')).to.deep.equal([
        { kind: 'prevote', scope: bench.context.scope, view: 0, value: null, validView: -1 },
      ])
    })

    it('waits for a seat that is connected, though the round before has not heard it either', () => {
      expect(short(3, nothing).signed('prevote')).to.deep.equal([])
      const back = short(3, (bench, peer) => {
        isGone(bench, peer)
        bench.input({ type: 'reachable', peer, reachable: true })
      })
      expect(back.signed('prevote')).to.deep.equal([])
    })

    it('votes nil once the seat that could have made it enough is gone', () => {
      const bench = short(3, nothing)
      isGone(bench, bench.others.at(-1)!)
      expect(bench.signed('prevote').map(({ value }) => value)).to.deep.equal([null])
    })

    it('proposes SKIP at once in the first view that may', () => {
      const bench = short(2, isGone)
      const { scope } = bench.context
      for (const view of [0, 1]) {
        expect(bench.state.view).to.equal(view)
        for (const kind of ['prevote', 'precommit'] as const)
          for (const peer of bench.others.slice(0, 2))
            bench.deliver(peer, { kind, scope, view, value: null, validView: -1 })
        bench.expire(`precommit/${view}`)
      }
      expect(bench.signed('propose').map(({ view, value }) => [view, value.commits])).to.deep.equal([[2, 'skip']])
    })
  })

  it('votes nil where who has spoken in the round fell silent', () => {
    const bench = new Bench()
    const [idle = '', other = '', away = ''] = bench.others
    bench.deliver(away, bench.have([]))
    bench.nowMs = 10 * bench.context.timeouts.voteMs
    bench.deliver(idle, { kind: 'idle', scope: bench.context.scope })
    bench.deliver(other, bench.commitOf(other).payload)
    bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
    expect(bench.signed('prevote').map(({ value }) => value)).to.deep.equal([null])
  })

  it('votes on what was proposed, also where enough cannot come any more', () => {
    const bench = new Bench()
    const [leader = '', other = '', away = ''] = bench.others
    bench.input({ type: 'reachable', peer: away, reachable: false })
    // What proves it is on its way.
    bench.propose(0, bench.value([bench.self]), -1, [])
    for (const peer of [leader, other]) bench.deliver(peer, bench.commitOf(peer).payload)
    bench.input({ type: 'own-idle' })
    expect(bench.signed('prevote')).to.deep.equal([])
  })

  it('waits hardly for the proposal of a leader whose connection goes, once a view, and not again when it comes back', () => {
    const bench = new Bench()
    const leader = bench.leader(0)
    const { proposeMs } = bench.context.timeouts
    for (const peer of bench.peers) bench.deliver(peer, bench.commitOf(peer).payload)
    for (const peer of bench.peers) bench.deliver(peer, bench.have())
    for (const reachable of [false, false, true, false, true])
      bench.input({ type: 'reachable', peer: leader, reachable })
    bench.input({ type: 'reachable', peer: 'a stranger', reachable: false })
    const waits = bench.effects('timer').flatMap(({ id, delayMs }) => (id === 'propose/0' ? [delayMs] : []))
    expect(waits).to.deep.equal([proposeMs, proposeMs / 16])
  })

  it('waits for no proposal once it is decided, whatever connection goes', () => {
    const bench = new Bench()
    for (const peer of bench.peers) bench.deliver(peer, bench.commitOf(peer).payload)
    for (const peer of bench.peers) bench.deliver(peer, bench.have())
    const value = bench.value()
    const polka = bench.others.map(peer => bench.prevoteOf(peer, 0, value))
    bench.precommits(3, 0, value, polka)
    expect(bench.state.decided).not.to.equal(null)
    expect(bench.effects('cancel').map(({ id }) => id)).to.include('propose/0')
    bench.clear()
    bench.input({ type: 'reachable', peer: bench.leader(0), reachable: false })
    expect(bench.effects('timer')).to.deep.equal([])
  })

  it('measures how long half of the candidates took to acknowledge, and who was silent', () => {
    const bench = new Bench()
    bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
    for (const [index, peer] of bench.others.entries()) {
      bench.nowMs = 40 * (index + 1)
      bench.deliver(peer, bench.have())
    }
    expect(tempoOf(bench.state).scatter.smoothedMs).to.be.within(40, 80)
    expect(tempoOf(bench.state).silent).to.deep.equal([])
  })

  it('names a seat silent that a quorum was heard without', () => {
    const bench = new Bench()
    const [gone = '', ...there] = bench.others
    bench.input({ type: 'own-idle' })
    for (const peer of [bench.self, ...there]) bench.deliver(peer, { kind: 'idle', scope: bench.context.scope })
    expect(tempoOf(bench.state).silent).to.deep.equal([gone])
  })

  it('does not wait for votes when all that are awake have voted', () => {
    const bench = new Bench()
    const [gone = '', ...there] = bench.others
    for (const peer of [bench.self, ...there]) bench.deliver(peer, { kind: 'idle', scope: bench.context.scope })
    expect(bench.state.heard.has(gone)).to.equal(false)
    bench.expire('propose/0')
    const waits = () =>
      bench
        .effects('timer')
        .filter(({ id }) => id === 'prevote/0')
        .map(({ delayMs }) => delayMs)
    bench.input({ type: 'message', signed: bench.prevoteOf(there[0]!, 0, bench.value()), attachments: [] })
    expect(waits()).to.deep.equal([])
    bench.input({ type: 'message', signed: bench.prevoteOf(there[1]!, 0, null), attachments: [] })
    expect(waits()).to.deep.equal([0])
  })

  it('sends partitions to candidates that are awake first', () => {
    const seats = new Bench({ n: 7 }).peers
    const silent = seats.slice(0, 2)
    const bench = new Bench({ n: 7, rank: 3, change: { tempo: { ...NO_TEMPO, silent } } })
    bench.input({ type: 'own-commit', commit: bench.commitOf(bench.self).payload })
    const sent = bench.effects('scatter')
    expect(sent).to.have.length.greaterThan(0)
    for (const { to, partition } of sent) {
      const awake = bench.state.candidates[partition]!.filter(peer => !silent.includes(peer))
      const first = awake.length >= 3 ? awake.slice(0, 3) : null
      if (first !== null) expect(to).to.deep.equal(first.filter(peer => peer !== bench.self))
    }
  })
})
