import { expect } from 'chai'
import { cutModel, PartitionError } from '../../../node/engine/partition/index.ts'
import {
  checkManifest,
  codecOf,
  decodeManifest,
  ENCODINGS,
  encode,
  encodeManifest,
  hashHex,
  hexBytes,
  isRefusal,
  manifestId,
  RefusalCounters,
} from '../../../protocols/wire/index.ts'
import { MANIFEST } from './samples.ts'
import { vectors } from './vectors.ts'

/** The manifest with the field at a dotted path replaced. */
function withField(path: string, value: unknown): unknown {
  const [head = '', ...rest] = path.split('.')
  const outer = structuredClone(MANIFEST) as unknown
  const change = (container: unknown, key: string, keys: readonly string[]): void => {
    if (typeof container !== 'object' || container === null) throw new Error(`no ${path}`)
    const [next, ...further] = keys
    if (next === undefined) Reflect.set(container, key, value)
    else change(Reflect.get(container, key), next, further)
  }
  change(outer, head, rest)
  return outer
}

const BAD_FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  'model.preset': ['', 'UPPER', 'a'.repeat(65), 1],
  'model.layers': [0, 1_025, 1.5, '4'],
  'model.width': [0, 65_537],
  'model.heads': [0, 3],
  'model.vocabulary': [1, 255],
  'model.sequence': [0, 65_537],
  stages: [0, 65, 5],
  replicas: [0, 257],
  'corpus.cid': ['', 'bafy'],
  'corpus.tokenizer': ['bpe'],
  'corpus.heldOut': [-0.1, 0.6],
  'batch.sequences': [0],
  'batch.target': [0, 65_537],
  'batch.slack': [0.5, 17],
  'optimizer.name': ['sgd'],
  'optimizer.beta1': [1, -0.1],
  'optimizer.beta2': [1],
  'optimizer.epsilon': [0],
  'optimizer.learningRate': [0, 2],
  'optimizer.learningRateFloor': [0.01],
  'optimizer.secondMoment': ['both'],
  'optimizer.aggregateClip': [0],
  'aggregation.rule': ['krum'],
  'aggregation.f': [86, -1],
  'aggregation.bound': [0, 1e31],
  'stake.floor': [0],
  'stake.cap': [99],
  'encoding.gradient': ['f16'],
  'timeouts.roundMs': [0, 3_600_001, 0.5],
  'chain.genesis': [new Uint8Array(31)],
  'chain.epochBlocks': [0],
  'chain.beaconLag': [66],
  seed: [-1, 2 ** 32],
  delay: [-1, 17],
  auditRate: [1.1],
}

describe('the manifest', () => {
  it('keeps the vector in manifest.json, id included', () => {
    const { manifest, id } = vectors('manifest')
    expect(hashHex(encodeManifest(MANIFEST))).to.equal(manifest)
    expect(decodeManifest(hexBytes(manifest))).to.deep.equal(MANIFEST)
    expect(manifestId(MANIFEST)).to.equal(id)
  })

  it('is taken with as many stages as the model can be cut into, and refused with one more', () => {
    const { model, batch } = MANIFEST
    const most = { ...MANIFEST, stages: model.layers }
    expect(isRefusal(checkManifest(most))).to.equal(false)
    expect(cutModel(model, most.stages, batch.sequences)).to.have.length(model.layers)
    const more = checkManifest({ ...MANIFEST, stages: model.layers + 1 })
    expect(isRefusal(more) ? more.detail : null).to.match(/^manifest: stages must not exceed the model's layers/)
    expect(() => cutModel(model, model.layers + 1, batch.sequences)).to.throw(PartitionError)
  })

  it('has another id for any other content', () => {
    expect(manifestId({ ...MANIFEST, seed: 2 })).not.to.equal(manifestId(MANIFEST))
  })

  for (const [path, values] of Object.entries(BAD_FIELDS)) {
    it(`is refused for a bad ${path}, in one sentence that names it`, () => {
      for (const value of values) {
        const refusal = checkManifest(withField(path, value))
        if (!isRefusal(refusal)) throw new Error(`${path} = ${String(value)} was taken`)
        expect(refusal.refused).to.equal('out-of-bounds')
        expect(refusal.detail).to.include(path.split('.').at(-1))
        expect(refusal.detail).not.to.include('\n')
      }
    })
  }

  it('is refused with NaN or an infinity, with a field missing or one too many', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(isRefusal(checkManifest(withField('optimizer.learningRate', value)))).to.equal(true)
    }
    const { seed: _, ...rest } = MANIFEST
    expect(isRefusal(checkManifest(rest))).to.equal(true)
    expect(isRefusal(checkManifest({ ...MANIFEST, extra: 1 }))).to.equal(true)
    expect(isRefusal(checkManifest(null))).to.equal(true)
  })

  it('takes every encoding, and says so where its version or an encoding is not spoken', () => {
    const other = decodeManifest(encode({ ...MANIFEST, version: 2 }))
    expect(isRefusal(other) && other.refused).to.equal('wrong-version')
    for (const path of ['encoding.gradient', 'encoding.activation']) {
      for (const name of Object.keys(ENCODINGS)) expect(isRefusal(checkManifest(withField(path, name)))).to.equal(false)
      const refusal = checkManifest(withField(path, 'fp8'))
      expect(isRefusal(refusal) && refusal.refused).to.equal('out-of-bounds')
    }
  })

  it('is refused when longer than 16 KiB, and is not encoded when out of bounds', () => {
    const refusal = decodeManifest(new Uint8Array(16 * 1024 + 1))
    expect(isRefusal(refusal) && refusal.refused).to.equal('too-large')
    expect(() => encodeManifest({ ...MANIFEST, stages: 0 })).to.throw(RangeError, 'stages')
  })
})

describe('gradient encodings', () => {
  const f32 = codecOf('f32')

  it('give f32 back bit by bit, also from an unaligned place', () => {
    const values = Float32Array.of(1, -2.5, 1e-40, 3e38)
    const bytes = f32.encode(values)
    expect(bytes.byteLength).to.equal(f32.encodedBytes(4))
    const shifted = new Uint8Array(17)
    shifted.set(bytes, 1)
    expect(f32.decode(shifted.subarray(1), 4)).to.deep.equal(values)
    expect(hashHex(f32.encode(Float32Array.of(1)))).to.equal('0000803f')
  })

  it('check length, finiteness and bound', () => {
    const check = (values: readonly number[], count = values.length): string | undefined =>
      f32.check(f32.encode(Float32Array.from(values)), count, 10)?.refused
    expect(check([10, -10, 0])).to.equal(undefined)
    expect(check([1], 2)).to.equal('wrong-shape')
    expect(check([1, Number.NaN])).to.equal('not-finite')
    expect(check([Number.NEGATIVE_INFINITY])).to.equal('not-finite')
    expect(check([-10.5])).to.equal('out-of-bounds')
  })
})

describe('refusal counters', () => {
  it('count by reason and peer, and forget the longest silent peer when there are too many', () => {
    const counters = new RefusalCounters({ maxPeers: 2 })
    for (const peer of ['a', 'b', 'a', 'c']) counters.count('bad-signature', peer)
    counters.count('too-large')
    expect(counters.totals()).to.deep.equal({ 'bad-signature': 4, 'too-large': 1 })
    expect(counters.peers).to.equal(2)
    expect(counters.of('a')).to.deep.equal({ 'bad-signature': 2 })
    expect(counters.of('b')).to.deep.equal({})
    counters.forget('a')
    expect(counters.peers).to.equal(1)
  })
})
