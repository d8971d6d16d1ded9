import { expect } from 'chai'
import { Notices, plainLines } from '../../../node/cli/projections/plain.ts'
import { Progress } from '../../../node/cli/projections/progress.ts'
import { summaryLines } from '../../../node/cli/projections/summary.ts'
import type { NodeEvent, Summary } from '../../../node/events/types.ts'
import { event, PEER, wholeRound } from './events.ts'

function lines(events: readonly NodeEvent[], targetRounds: number | null = 2): string[] {
  const progress = new Progress({ targetRounds, stages: 2, peers: 8 })
  const notices = new Notices()
  return events.flatMap(one => plainLines(one, progress, progress.apply(one), notices))
}

const SUMMARY: Summary = {
  run: 'bafy',
  rounds: { certified: 12, final: 8 },
  heldOut: { first: 5.2641, last: 3.4419 },
  tokens: 49_152,
  tokensPerSecond: 1_814,
  seconds: 27.1,
  bytesSent: { gossip: 4_200_000, reduce: 170_000_000, dht: 140_000 },
  points: { [PEER]: 6.25, [`${PEER.slice(0, -1)}z`]: 8.5 },
  files: [`${process.cwd()}/swarm-data/loss.svg`, '/elsewhere/model.onnx'],
}

describe('plain lines', () => {
  it('say which step of the start took how long, and what goes on now', () => {
    expect(lines([event('start.phase', 0, { phase: 'chain', ms: 1040 })])).to.deep.equal([
      'start    chain took 1.0 s; now stakes and bonds are put on the chain',
    ])
    expect(lines([event('start.phase', 0, { phase: 'round', ms: 2500 })])).to.deep.equal(['start    round took 2.5 s'])
  })

  it('say that another machine signs with the key, and what to do about it', () => {
    expect(lines([event('suspended', 0, { stage: 3, reason: 'second-machine' })])).to.deep.equal([
      "follows  stage 3 without signing for now: another machine signs with this peer's key; end one of the two with Ctrl-C or swarm-node pause: this one signs again once the other is gone",
    ])
  })

  it('are one a round, with loss, speed, leaders, views, certificate, anchor and time left', () => {
    const anchor = event('round.anchored', 900, { stage: 0, from: 1, to: 1, block: 17, link: 'aa' })
    const [first, second, ending, ...more] = lines([...wholeRound(1, 0), anchor, ...wholeRound(2, 1000)])
    expect(first).to.equal(
      'round    1  loss 4.900  held-out -  - tokens/s  leaders abcdef abcdef  views 0 0  certificate 00000000  anchor -  left -',
    )
    expect(second).to.match(/^round {4}2 {2}loss 4\.800 .* 4,000 tokens\/s .* anchor block 17 {2}left 0 s$/)
    expect(ending).to.match(/^ending /)
    expect(more).to.deep.equal([])
  })

  it('name no time left where there is no end', () => {
    expect(lines(wholeRound(1, 0), null)).to.have.length(1)
    expect(lines(wholeRound(1, 0), null)[0]).to.not.include('left')
  })

  it('tell what a reader would want to know, and nothing of what only programs need', () => {
    const told = lines([
      event('chain.ready', 0, { url: 'ws://127.0.0.1:1', genesis: '0x' }),
      event('waiting', 0, { stage: 0, for: `the proposal of ${PEER}` }),
      event('waiting', 0, { stage: 0, for: '' }),
      event('peer.ready', 0, { peer: PEER, stage: 1, pid: 7, addresses: [] }),
      event('peer.stopped', 0, { peer: PEER, stage: 1, reason: 'no bond', exitCode: 77 }),
      event('synced', 0, { stage: 0, round: 4, by: 'local' }),
      event('synced', 0, { stage: 0, round: 6, by: 'replay' }),
      event('evidence', 0, { kind: 'double-commit', peer: PEER }),
      event('refused', 0, { reason: 'bad-signature', peer: PEER }),
      event('round.started', 0, { stage: 0, round: 1, epoch: 0 }),
      event('traffic', 0, { peer: PEER, sentBytes: {} }),
      event('run.finished', 0, { round: 1 }),
    ])
    expect(told).to.deep.equal([
      'chain    ws://127.0.0.1:1',
      'waiting  the proposal of abcdef',
      'peer     abcdef of stage 1 is ready (pid 7)',
      'peer     abcdef of stage 1 ended with code 77: no bond',
      'synced   stage 0 to round 6 (replay)',
      'evidence abcdef signed a contradiction: double-commit',
      'refused  from abcdef: the signature does not match the signer and payload',
    ])
  })

  it('tell how far a snapshot is at its start, now and then, and at its end', () => {
    const at = (ms: number, bytes: number) =>
      event('sync.progress', ms, { stage: 0, bytes, of: 120e6, sources: bytes === 0 ? 0 : 1 })
    expect(lines([at(0, 0), at(500, 3e6), at(10_000, 60e6), at(10_500, 63e6), at(11_000, 120e6)])).to.deep.equal([
      'state    0.0 of 120 MB of the state are here',
      'state    60 of 120 MB of the state are here from 1 sibling',
      'state    120 of 120 MB of the state are here from 1 sibling',
    ])
  })

  it('tell a warning that eight peers raise once', () => {
    const warnings = [1, 2, 3, 4, 5, 6, 7, 8].map(index =>
      event('warning', index, { message: `micro-batch ${index} of ${PEER} was sent to another replica` }),
    )
    expect(lines(warnings)).to.deep.equal(['warning  micro-batch 1 of abcdef was sent to another replica'])
  })
})

describe('summary', () => {
  it('says how far the run is, how good, how fast, what it cost, who earned what, where it lies and how to go on', () => {
    expect(summaryLines(SUMMARY, 'npm start')).to.deep.equal([
      '',
      'rounds    12 certified, 8 final on the chain',
      'held-out  5.264 -> 3.442 nats a byte (the corpus by unigrams 3.10, bigrams 2.40, trigrams 1.96)',
      'speed     1,814 tokens/s, 49,152 tokens in 27 s',
      'sent      174 MB: reduce 170, gossip 4.2, dht 0.1',
      'points    abcdez 8.5, abcdef 6.3',
      'files     swarm-data/loss.svg  /elsewhere/model.onnx',
      'continue  npm start',
    ])
  })

  it('of a run that was stopped before its first round says only that, and how to go on', () => {
    const nothing = { ...SUMMARY, rounds: { certified: 0, final: 0 } }
    const text = summaryLines(nothing, 'npm start').join('\n')
    expect(text).to.match(/stopped .*before the first round/)
    expect(text).to.match(/continue {2}npm start$/)
    expect(text).to.not.include('NaN')
    const unmeasured = summaryLines({ ...SUMMARY, heldOut: { first: null, last: null } }, 'npm start')
    expect(unmeasured[2]).to.match(/^held-out {2}not measured yet \(/)
  })
})
