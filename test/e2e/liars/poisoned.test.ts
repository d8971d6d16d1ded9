/**
 * Lies that look like honest values: outvoted, and the model learns nearly as well as without them. It says nothing about
 * clipping: a liar that lies from the first round on is the only one whose norms its lane knows, so it is never clipped.
 */
import { expect } from 'chai'
import { heldOutBatches, loadCorpus } from '../../../node/data/index.ts'
import { EmulatedSwarm } from '../../bench/learning/emulation.ts'
import { expectOneHistory, type TinyRun } from '../harness/index.ts'
import { tinyManifest } from '../harness/manifest.ts'
import { HELD_OUT_BATCHES, heldOutLoss } from './held-out.ts'
import { type Liar, LyingSwarm } from './lying-swarm.ts'

const ROUNDS = 10
/** Held-out loss beside a clean run's, at most. Two clean runs differ too, as it depends on who did the work. */
const FACTOR = 1.1
/** Learns enough in so few rounds. */
const SHORT_RUN: TinyRun = { optimizer: { learningRate: 4e-3, warmupRounds: 3 } }

const LIES: readonly (readonly [Liar | null, Liar | null])[] = [
  ['wrong-forward', null],
  [null, 'wrong-backward'],
  ['sign-flip', 'sign-flip'],
]

interface Trained {
  readonly before: number
  readonly after: number
  /** Training loss of the last round: what the heads say that they saw, of nonsense too. Null where it is not known. */
  readonly training: number | null
}

/** @returns held-out loss before the first round and after the last, in nats a byte */
async function train(liars: readonly (Liar | null)[]): Promise<Trained> {
  const lying = await LyingSwarm.start(SHORT_RUN)
  try {
    await lying.enter(liars)
    await lying.certified(ROUNDS)
    expectOneHistory(lying.swarm)
    const losses = lying.swarm.log.of('loss')
    for (const { train: loss } of losses) expect(loss).to.satisfy(Number.isFinite)
    return {
      training: losses.findLast(({ round }) => round === ROUNDS)?.train ?? null,
      before: await heldOutLoss(lying.swarm, lying.honest(), 0),
      after: await heldOutLoss(lying.swarm, lying.honest(), ROUNDS),
    }
  } finally {
    await lying.stop()
  }
}

describe(`${ROUNDS} rounds of training`, () => {
  let clean: Trained

  before(async () => {
    clean = await train([null, null])
  })

  it('learn where nobody lies', () => {
    print(clean)
    expect(clean.after).to.be.below(0.85 * clean.before)
  })

  for (const liars of LIES) {
    const names = liars.flatMap((liar, stage) => (liar === null ? [] : [`'${liar}' in stage ${stage}`]))
    it(`end within ${FACTOR} x the clean loss with ${names.join(' and ')}`, async () => {
      const lied = await train(liars)
      print(lied, clean)
      expect(lied.after).to.be.below(FACTOR * clean.after)
    })
  }

  it("unlearn by 'sign-flip' in both stages where the rule is the mean", async () => {
    const corpus = await loadCorpus('moby-dick')
    const manifest = (await tinyManifest({ ...SHORT_RUN, rule: 'mean' }))(new Uint8Array(32), 1)
    const { model, batch } = manifest
    const batches = heldOutBatches(corpus, HELD_OUT_BATCHES, { sequences: batch.sequences, sequence: model.sequence })
    const swarm = await EmulatedSwarm.create({ manifest, corpus, lie: -10 })
    try {
      const before = await swarm.evaluate(batches)
      for (let round = 1; round <= ROUNDS; round++) await swarm.round([2, 2, 2, 2])
      const after = await swarm.evaluate(batches)
      print({ before, after, training: null }, clean)
      expect(after).to.be.above(before)
    } finally {
      await swarm.dispose()
    }
  })
})

function print({ before, after, training }: Trained, clean?: Trained): void {
  const beside = clean === undefined ? '' : `, ${(after / clean.after).toFixed(3)} x the clean run's`
  console.log(
    `      held out ${before.toFixed(3)} -> ${after.toFixed(3)} nats a byte${beside}, training ${training?.toFixed(3) ?? 'not measured'}`,
  )
}
