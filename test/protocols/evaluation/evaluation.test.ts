import { expect } from 'chai'
import { MAX_OPEN, MAX_PER_PEER_AND_ROUND } from '../../../protocols/evaluation/constants.ts'
import { Evaluation, type EvaluationHandlers, type EvaluationPolicy } from '../../../protocols/evaluation/index.ts'
import { contentId } from '../../../protocols/wire/cid.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { isRefusal, refuse } from '../../../protocols/wire/refusals.ts'
import { FakeNetwork, PEERS } from '../fake-streams.ts'
import { SCOPE } from '../wire/samples.ts'

const [SOURCE = '', HEAD = '', STRANGER = ''] = PEERS
const ACTIVATION = new Uint8Array(64).fill(7)
const BATCH = { round: 40, index: 0, count: 4 }

interface Parts {
  readonly evaluate?: EvaluationHandlers['evaluate']
  readonly admit?: EvaluationPolicy['admit']
}

interface World {
  readonly network: FakeNetwork
  readonly source: Evaluation
  readonly refused: { by: PeerName; reason: string; from: PeerName }[]
}

/** A source of stage 0 and a head of stage 1. */
function makeWorld({ evaluate = async () => 2_500_000, admit = () => null }: Parts = {}): World {
  const network = new FakeNetwork()
  const refused: World['refused'] = []
  const peerOf = (name: PeerName, stage: number): Evaluation =>
    new Evaluation(
      {
        run: SCOPE.run,
        stage,
        policy: { admit, activationBytes: ACTIVATION.length },
        handlers: { evaluate, refused: (reason, from) => refused.push({ by: name, reason, from }) },
      },
      { openStreams: network.streamsOf(name) },
    )
  peerOf(HEAD, 1)
  return { network, source: peerOf(SOURCE, 0), refused }
}

/** What the head answers to a request that only a liar sends. */
async function answerTo(world: World, header: unknown, body: Uint8Array = ACTIVATION): Promise<string> {
  const answer = await world.network.request(STRANGER, HEAD, header, body, {})
  return isRefusal(answer) ? answer.refused : 'answered'
}

const HEADER = { type: 'evaluate', run: SCOPE.run, stage: 1, ...BATCH }

describe('evaluation', () => {
  it('gives the loss that the next stage computes for the batch, state and activation that it is sent', async () => {
    const asked: unknown[] = []
    const { source } = makeWorld({
      evaluate: async (header, activation) => {
        asked.push(header, activation)
        return 2_512_345
      },
    })
    expect(await source.ask(HEAD, BATCH, ACTIVATION)).to.equal(2_512_345)
    expect(asked).to.deep.equal([HEADER, ACTIVATION])
  })

  it('passes on why the next stage has no answer', async () => {
    const { source } = makeWorld({ evaluate: async () => refuse('not-available', 'round 40 is over here') })
    expect(await source.ask(HEAD, BATCH, ACTIVATION)).to.include({ refused: 'not-available' })
    const { source: alone } = makeWorld()
    expect(await alone.ask(STRANGER, BATCH, ACTIVATION)).to.include({ refused: 'unreachable' })
  })

  it('takes no answer that is no loss', async () => {
    for (const lossMicronats of [-1, 1.5, 1_000_000_001, Number.MAX_SAFE_INTEGER]) {
      const { source, refused } = makeWorld({ evaluate: async () => lossMicronats })
      expect(await source.ask(HEAD, BATCH, ACTIVATION)).to.include({ refused: 'out-of-bounds' })
      expect(refused).to.deep.include({ by: SOURCE, reason: 'out-of-bounds', from: HEAD })
    }
  })

  it('is refused to peers that have no seat before this stage, before anything is looked at', async () => {
    const world = makeWorld({ admit: from => (from === STRANGER ? refuse('no-seat', from) : null) })
    expect(await answerTo(world, 'nonsense')).to.equal('no-seat')
    expect(world.network.barsBody(HEAD, STRANGER)).to.include({ refused: 'no-seat' })
    expect(await world.source.ask(HEAD, BATCH, ACTIVATION)).to.equal(2_500_000)
  })

  for (const [name, change, refusal] of [
    ['another run', { run: contentId(new Uint8Array(3), 'dag-cbor') }, 'wrong-run'],
    ['a run that is no content id', { run: 'bafy' }, 'out-of-bounds'],
    ['another stage', { stage: 2 }, 'wrong-stage'],
    ['stage 0, which has no stage before it', { stage: 0 }, 'out-of-bounds'],
    ['a batch beyond the count', { index: 4 }, 'out-of-bounds'],
    ['more batches than a measurement has', { count: 1025 }, 'out-of-bounds'],
    ['no batch', { count: 0 }, 'out-of-bounds'],
    ['a round below zero', { round: -1 }, 'out-of-bounds'],
    ['a field that is not known', { more: 1 }, 'out-of-bounds'],
    ['another type', { type: 'train' }, 'out-of-bounds'],
  ] as const) {
    it(`refuses a request for ${name}`, async () => {
      expect(await answerTo(makeWorld(), { ...HEADER, ...change })).to.equal(refusal)
    })
  }

  it('refuses what is no header, and an activation of another length', async () => {
    for (const header of [null, 7, 'x', [], {}]) expect(await answerTo(makeWorld(), header)).to.equal('out-of-bounds')
    for (const length of [0, 63, 65]) {
      expect(await answerTo(makeWorld(), HEADER, new Uint8Array(length))).to.equal('wrong-shape')
    }
  })

  it('computes a bounded number of requests at a time, and goes on when one is done, also when it failed', async () => {
    const gates: PromiseWithResolvers<number>[] = []
    const world = makeWorld({
      evaluate: () => {
        const gate = Promise.withResolvers<number>()
        gates.push(gate)
        return gate.promise
      },
    })
    const open = Array.from({ length: MAX_OPEN }, () => world.source.ask(HEAD, BATCH, ACTIVATION))
    expect(await world.source.ask(HEAD, BATCH, ACTIVATION)).to.include({ refused: 'overloaded' })
    expect(gates).to.have.length(MAX_OPEN)
    gates[0]?.reject(new Error('the engine died'))
    await open[0]?.catch(() => null)
    const next = world.source.ask(HEAD, BATCH, ACTIVATION)
    for (const gate of gates) gate.resolve(1)
    expect(await Promise.all(open.slice(1))).to.deep.equal([1, 1, 1])
    await Promise.resolve()
    gates.at(-1)?.resolve(1)
    expect(await next).to.equal(1)
  })

  it('answers one peer a bounded number of times a round; asking about older rounds does not help', async () => {
    const world = makeWorld()
    const ask = (round: number): Promise<string> => answerTo(world, { ...HEADER, round })
    for (let index = 0; index < MAX_PER_PEER_AND_ROUND; index++) expect(await ask(40)).to.equal('answered')
    expect(await ask(40)).to.equal('overloaded')
    expect(await ask(39)).to.equal('overloaded')
    expect(await world.source.ask(HEAD, BATCH, ACTIVATION)).to.equal(2_500_000)
    expect(await ask(41)).to.equal('answered')
  })
})
