import { expect } from 'chai'
import { type Corpus, heldOutBatches, loadCorpus } from '../../../node/data/index.ts'
import type { Manifest } from '../../../protocols/wire/manifest.ts'
import { findGradientAttack } from '../../../simulations/attackers/gradient/index.ts'
import { manifestOf } from '../../../simulations/attacks/settings.ts'
import {
  Conspiracy,
  chapterBatches,
  createRule,
  EmulatedSwarm,
  seededRandom,
  uniformBatches,
} from '../../../simulations/learning/index.ts'

const ROUNDS = 6

describe('the emulation of learning', () => {
  let corpus: Corpus

  before(async () => {
    corpus = await loadCorpus('moby-dick')
  })

  it('learns, in two stages as in one', async () => {
    for (const stages of [1, 2]) {
      const manifest = { ...tinyManifest(corpus), stages }
      const swarm = await EmulatedSwarm.create(manifest, honest(corpus, manifest))
      const first = await swarm.round(ONE_EACH)
      for (let round = 2; round <= ROUNDS; round++) await swarm.round(ONE_EACH)
      expect(await heldOutLoss(swarm, corpus, manifest)).to.be.below(first.loss - 0.3)
      await swarm.dispose()
    }
  })

  it('starts anew as if it had just been made', async () => {
    const manifest = tinyManifest(corpus)
    const swarm = await EmulatedSwarm.create(manifest, honest(corpus, manifest))
    const losses: number[] = []
    for (const _ of [1, 2]) {
      for (let round = 1; round <= ROUNDS; round++) await swarm.round(ONE_EACH)
      losses.push(await heldOutLoss(swarm, corpus, manifest))
      await swarm.restart(honest(corpus, manifest))
    }
    expect(losses[1]).to.equal(losses[0])
    await swarm.dispose()
  })

  it('refuses a commit with NaN at the door and goes on with the rest', async () => {
    const manifest = tinyManifest(corpus)
    const swarm = await EmulatedSwarm.create(manifest, lying(corpus, manifest, 'not-finite'))
    const report = await swarm.round(ONE_EACH)
    expect(report).to.include({ refused: 1 })
    expect(await heldOutLoss(swarm, corpus, manifest)).to.satisfy(Number.isFinite)
    await swarm.dispose()
  })

  it('liars are the first lanes, and see the honest commits of their stage alone', async () => {
    const seen: number[] = []
    const spy = {
      name: 'spy',
      about: 'tells the truth',
      source: 'here, 2026',
      parameters: {},
      forge: ({ own, honest: others }: { own: Float32Array; honest: readonly Float32Array[] }) => {
        seen.push(others.length, own.length - others[0]!.length)
        return own.slice()
      },
    }
    const manifest = { ...tinyManifest(corpus), stages: 2 }
    const shared = { attack: spy, parameters: {}, liars: 2, faults: 1, random: seededRandom(1), combine: null }
    const conspiracy = new Conspiracy(shared)
    const swarm = await EmulatedSwarm.create(manifest, { batches: uniformBatches(corpus, manifest), conspiracy })
    await swarm.round(ONE_EACH)
    expect([0, 1, 2, 3].map(lane => conspiracy.lies(lane))).to.deep.equal([true, true, false, false])
    expect(seen).to.deep.equal([2, 0, 2, 0, 2, 0, 2, 0])
    await swarm.dispose()
  })

  it('the rule that a liar may try is the one that the engine applies', async () => {
    for (const rule of ['mean', 'trimmed-mean', 'median'] as const) {
      const manifest = tinyManifest(corpus, rule)
      const random = seededRandom(7)
      const vectors = Array.from({ length: 4 }, () => Float32Array.from({ length: 37 }, () => random() - 0.5))
      const combined = createRule(manifest.aggregation, 4, 37)(vectors)
      for (const [at, value] of combined.entries()) {
        const sorted = vectors.map(vector => vector[at]!).toSorted((a, b) => a - b)
        const kept = rule === 'mean' ? sorted : sorted.slice(1, -1)
        expect(value).to.be.closeTo(kept.reduce((sum, each) => sum + each, 0) / kept.length, 1e-6)
      }
    }
  })

  it('with chapters, each lane reads its own and nothing else', () => {
    const manifest = tinyManifest(corpus)
    const batches = chapterBatches(corpus, manifest, 4)
    const text = Buffer.from(corpus.bytes).toString('latin1')
    const places = [0, 1, 2, 3].map(lane =>
      [1, 2, 3, 4, 5].map(round => {
        const { tokens } = batches({ round, lane, sequence: 0 })
        const row = Buffer.from(tokens.subarray(0, manifest.model.sequence)).toString('latin1')
        return text.slice(0, text.indexOf(row)).split('\n\nCHAPTER ').length
      }),
    )
    for (const chapters of places) expect(new Set(chapters).size).to.equal(1)
    expect(new Set(places.flat()).size).to.equal(4)
    expect(() => chapterBatches(corpus, manifest, 500)).to.throw(RangeError, 'for 500 lanes')
  })
})

const ONE_EACH = [1, 1, 1, 1]

function tinyManifest(corpus: Corpus, rule: Manifest['aggregation']['rule'] = 'trimmed-mean'): Manifest {
  const setting = { replicas: 4, faults: 1, data: 'i.i.d.', beta1: 0.9 } as const
  const manifest = manifestOf(corpus, setting, { rule, rounds: ROUNDS, seed: 1 })
  return { ...manifest, model: { ...manifest.model, layers: 2 } }
}

function honest(corpus: Corpus, manifest: Manifest) {
  return { batches: uniformBatches(corpus, manifest), conspiracy: null }
}

function lying(corpus: Corpus, manifest: Manifest, name: string) {
  const attack = findGradientAttack(name)!
  const { parameters } = attack
  const init = { attack, parameters, liars: 1, faults: 1, random: seededRandom(1), combine: null }
  return { batches: uniformBatches(corpus, manifest), conspiracy: new Conspiracy(init) }
}

function heldOutLoss(swarm: EmulatedSwarm, corpus: Corpus, { batch, model }: Manifest): Promise<number> {
  return swarm.evaluate(heldOutBatches(corpus, 8, { sequences: batch.sequences, sequence: model.sequence }))
}
