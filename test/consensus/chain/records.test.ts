import { encode } from '@ipld/dag-cbor'
import { expect } from 'chai'
import { RemarkCache } from '../../../consensus/chain/adapters/substrate/remark-cache.ts'
import { RECORD_KINDS, RECORD_LIMIT_BYTES } from '../../../consensus/chain/constants.ts'
import { recordKind, recordPrefix } from '../../../consensus/chain/records.ts'

const RUN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const OTHER = `${RUN.slice(0, -1)}a`

describe('records on chain', () => {
  const shown = { value: { some: 'value' }, outcomes: [] }
  const records = {
    changes: { kind: RECORD_KINDS.changes, run: RUN, ...shown },
    renewal: { kind: RECORD_KINDS.renewal, run: RUN, ...shown },
    checkpoint: { kind: RECORD_KINDS.checkpoint, run: RUN, ...shown },
    speeds: { kind: RECORD_KINDS.speeds, run: RUN, epoch: 1, times: [] },
    claim: { kind: RECORD_KINDS.claim, run: RUN, stage: 1, holds: true, newest: shown },
  } as const

  it('are told by their first bytes, which are those of the whole map in DAG-CBOR', () => {
    for (const kind of ['changes', 'renewal', 'claim', 'checkpoint', 'speeds'] as const) {
      const record = encode(records[kind])
      expect(record.subarray(0, recordPrefix(RUN, kind).length)).to.deep.equal(recordPrefix(RUN, kind))
      expect(recordKind(record, RUN)).to.equal(kind)
      expect(recordKind(record, OTHER)).to.equal(null)
      expect(recordKind(record.subarray(0, 40), RUN)).to.equal(null)
    }
    expect(recordKind(encode({ kind: 'swarm-node/anchor/1', run: RUN, ...shown }), RUN)).to.equal(null)
    expect(recordKind(encode({ ...records.claim, more: 1 }), RUN)).to.equal(null)
    expect(recordKind(new Uint8Array(), RUN)).to.equal(null)
  })

  it('have a limit', () => {
    const record = new Uint8Array(RECORD_LIMIT_BYTES + 1)
    record.set(recordPrefix(RUN, 'changes'))
    expect(recordKind(record, RUN)).to.equal(null)
    expect(recordKind(record.subarray(0, RECORD_LIMIT_BYTES), RUN)).to.equal('changes')
  })
})

describe('the cache of remarks', () => {
  const remarks = (bytes: number) => [{ account: 'a', bytes: new Uint8Array(bytes) }]

  it('keeps to its blocks and bytes, and forgets what was read first', () => {
    const cache = new RemarkCache(3, 100)
    for (const height of [1, 2, 3, 4]) cache.set(height, remarks(10))
    expect([1, 2, 3, 4].map(height => cache.get(height) !== undefined)).to.deep.equal([false, true, true, true])
    cache.set(5, remarks(95))
    expect([2, 3, 4, 5].map(height => cache.get(height) !== undefined)).to.deep.equal([false, false, false, true])
    cache.set(5, remarks(20))
    expect(cache.bytes).to.equal(20)
    cache.set(6, remarks(101))
    expect(cache.bytes).to.equal(0)
  })
})
