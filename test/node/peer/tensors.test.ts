import { expect } from 'chai'
import fc from 'fast-check'
import { makeGroup } from '../../../consensus/election/index.ts'
import { makeLanes } from '../../../consensus/routing/lanes.ts'
import { Candidates } from '../../../node/peer/candidates.ts'
import type { Epoch } from '../../../node/peer/epoch.ts'
import type { Membership } from '../../../node/peer/membership.ts'
import { normOf, scaled, TensorStore } from '../../../node/peer/tensors.ts'
import { hashOf, SCOPE } from '../../protocols/wire/samples.ts'
import { peer } from './messages.ts'

describe('tensor store', () => {
  const tensor = { bytes: new Uint8Array(4), from: null, chain: null, outgoing: null }

  it('keeps a tensor under a handle of its own until it is released', () => {
    const store = new TensorStore()
    const handles = [store.add(tensor), store.add(tensor), store.add(tensor)]
    expect(new Set(handles).size).to.equal(3)
    expect(store.get(handles[1] ?? '')).to.deep.equal(tensor)
    expect(store.get(handles[1] ?? '')).to.equal(store.get(handles[1] ?? ''))
    store.release(handles[1] ?? '')
    store.release('nobody')
    expect(store.size).to.equal(2)
    expect(() => store.get(handles[1] ?? '')).to.throw('was released')
  })

  it('uses the memory of a released tensor again, but not of one that is lent or on its way', () => {
    const store = new TensorStore()
    const [free, lent, sent] = [1, 2, 3].map(fill => store.add({ ...tensor, bytes: new Uint8Array(4).fill(fill) }))
    const { bytes } = store.get(free ?? '')
    const loan = store.lend(lent ?? '')
    const transfer = store.lend(sent ?? '')
    for (const handle of [free, lent, sent]) store.release(handle ?? '')
    transfer.end(false)
    const added = [4, 5, 6].map(fill => store.get(store.add({ ...tensor, bytes: new Uint8Array(4).fill(fill) })).bytes)
    expect(added[0]).to.equal(bytes)
    expect([...loan.tensor.bytes]).to.deep.equal([2, 2, 2, 2])
    expect([...transfer.tensor.bytes]).to.deep.equal([3, 3, 3, 3])
    loan.end(true)
    expect(store.get(store.add(tensor)).bytes).to.equal(loan.tensor.bytes)
  })
})

describe('f32 tensors as bytes', () => {
  const values = fc.float32Array({ minLength: 1, maxLength: 50, noNaN: true, min: -1000, max: 1000 })

  /** The same bytes at an offset that no f32 view could start at. */
  function shifted(bytes: Uint8Array): Uint8Array {
    const moved = new Uint8Array(bytes.length + 1)
    moved.set(bytes, 1)
    return moved.subarray(1)
  }

  it('have the norm of their values, wherever they lie in memory', () => {
    fc.assert(
      fc.property(values, floats => {
        const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)
        const expected = Math.hypot(...floats)
        expect(normOf(bytes, 'f32')).to.be.closeTo(expected, 1e-9 * (1 + expected))
        expect(normOf(shifted(bytes), 'f32')).to.equal(normOf(bytes, 'f32'))
      }),
    )
  })

  it('are scaled in a copy; the original stays', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.25, 2), (floats, factor) => {
        const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength).slice()
        const before = bytes.slice()
        const result = scaled(shifted(bytes), factor, 'f32')
        expect([...new Float32Array(result.buffer)]).to.deep.equal(
          [...floats].map(value => Math.fround(value * factor)),
        )
        expect(bytes).to.deep.equal(before)
      }),
    )
  })
})

describe('candidates', () => {
  function epochOf(number: number): Epoch {
    const beacon = hashOf(`beacon ${number}`)
    const scope = { genesis: SCOPE.genesis, run: SCOPE.run, epoch: number }
    const seats = [0, 1, 2, 3].map(index => ({ peer: peer(index), stake: 1n }))
    const group = makeGroup({ ...scope, stage: 0 }, seats)
    const stageOf = new Map(seats.map(seat => [seat.peer, 0]))
    const roster = {
      epoch: number,
      stageOf,
      departing: new Map(),
      barred: new Set<string>(),
      paused: new Map(),
      shortSince: new Map(),
      moves: [],
      candidates: new Map(),
      spares: [],
    }
    return { number, beacon, roster, groups: [group], lanes: makeLanes([seats.map(seat => seat.peer)]) }
  }

  function candidates(): { candidates: Candidates; asked: number[] } {
    const asked: number[] = []
    const known: Membership['known'] = number => {
      asked.push(number)
      return number > 3 ? null : epochOf(number)
    }
    return { candidates: new Candidates({ known }, 5), asked }
  }

  const scope = { ...SCOPE, stage: 0, epoch: 3 }

  it('are 2f + 1 different seats for each partition, the same for everybody', () => {
    const one = candidates().candidates
    const other = candidates().candidates
    for (let partition = 0; partition < 5; partition++) {
      const found = one.of(scope, partition)
      expect(found).to.have.length(3)
      expect(new Set(found).size).to.equal(3)
      expect(other.of(scope, partition)).to.deep.equal(found)
    }
  })

  it('are nobody where the partition, the stage or the epoch is not known', () => {
    const { of } = { of: (...args: Parameters<Candidates['of']>) => candidates().candidates.of(...args) }
    expect(of(scope, 5)).to.deep.equal([])
    expect(of({ ...scope, stage: 1 }, 0)).to.deep.equal([])
    expect(of({ ...scope, epoch: 4 }, 0)).to.deep.equal([])
  })

  it('are drawn once for a round in use, and a bounded number of rounds is remembered', () => {
    const { candidates: kept, asked } = candidates()
    for (let round = 1; round <= 4; round++) for (const at of [0, 1, 2]) kept.of({ ...scope, round }, at)
    expect(asked).to.have.length(4)
    kept.of({ ...scope, round: 5 }, 0)
    kept.of({ ...scope, round: 1 }, 0)
    expect(asked).to.have.length(6)
  })
})
