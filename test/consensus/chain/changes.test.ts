import { encode } from '@ipld/dag-cbor'
import { expect } from 'chai'
import { RemarkCache } from '../../../consensus/chain/adapters/substrate/remark-cache.ts'
import { changesPrefix, claimsChanges } from '../../../consensus/chain/changes.ts'
import { CHANGES_KIND, CHANGES_LIMIT_BYTES } from '../../../consensus/chain/constants.ts'

const RUN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const OTHER = `${RUN.slice(0, -1)}a`

describe('records of changes on chain', () => {
  it('are told by their first bytes, which are those of the whole map in DAG-CBOR', () => {
    const record = encode({ kind: CHANGES_KIND, run: RUN, value: { some: 'value' }, outcomes: [] })
    expect(record.subarray(0, changesPrefix(RUN).length)).to.deep.equal(changesPrefix(RUN))
    expect(claimsChanges(record, RUN)).to.equal(true)
    expect(claimsChanges(record, OTHER)).to.equal(false)
    expect(claimsChanges(record.subarray(0, 40), RUN)).to.equal(false)
    expect(claimsChanges(encode({ kind: 'swarm-node/anchor/1', run: RUN, value: 1, outcomes: [] }), RUN)).to.equal(
      false,
    )
    expect(claimsChanges(new Uint8Array(), RUN)).to.equal(false)
  })

  it('have a limit', () => {
    const record = new Uint8Array(CHANGES_LIMIT_BYTES + 1)
    record.set(changesPrefix(RUN))
    expect(claimsChanges(record, RUN)).to.equal(false)
    expect(claimsChanges(record.subarray(0, CHANGES_LIMIT_BYTES), RUN)).to.equal(true)
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
