import { encode } from '@ipld/dag-cbor'
import { expect } from 'chai'
import { RECORD_KINDS } from '../../../consensus/chain/constants.ts'
import { recordKind } from '../../../consensus/chain/records.ts'
import { REPORT_ENTRIES, REPORT_LIMIT_BYTES } from '../../../consensus/routing/constants.ts'
import { decodeSpeeds, encodeSpeeds } from '../../../consensus/routing/index.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'

const RUN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const peer = (index: number): string => `12D3KooW${ALPHABET[index % ALPHABET.length]!.repeat(44)}`

function refusal(record: unknown, run = RUN): string | null {
  const decoded = decodeSpeeds(record instanceof Uint8Array ? record : encode(record), run)
  return isRefusal(decoded) ? decoded.refused : null
}

describe('reports of speeds', () => {
  const times = [
    { ms: 5, peer: peer(1), isAtLeast: false },
    { ms: 2 ** 32, peer: peer(2), isAtLeast: true },
  ]
  const fields = { kind: RECORD_KINDS.speeds, run: RUN, epoch: 3, times }

  it('are records of the chain that say what they were made of', () => {
    const told = new Map([
      [peer(2), { ms: 2 ** 32, isAtLeast: true }],
      [peer(1), { ms: 5, isAtLeast: false }],
    ])
    const record = encodeSpeeds(RUN, { epoch: 3, times: told })
    expect(record).to.deep.equal(new Uint8Array(encode(fields)))
    expect(recordKind(record, RUN)).to.equal('speeds')
    expect(decodeSpeeds(record, RUN)).to.deep.equal({ epoch: 3, times: told })
  })

  it('are bounded: of more neighbours the first by name are told, and the longest fits', () => {
    const many = new Map(
      Array.from({ length: 33 }, (_, index) => [peer(32 - index), { ms: 2 ** 40, isAtLeast: false }]),
    )
    const record = encodeSpeeds(RUN, { epoch: Number.MAX_SAFE_INTEGER, times: many })
    expect(record.length).to.be.at.most(REPORT_LIMIT_BYTES)
    const decoded = decodeSpeeds(record, RUN)
    if (isRefusal(decoded)) expect.fail(decoded.refused)
    else
      expect([...decoded.times]).to.deep.equal(
        Array.from({ length: REPORT_ENTRIES }, (_, at) => [peer(at), { ms: 2 ** 32, isAtLeast: false }]),
      )
  })

  it('are refused where they are of another run, too long, not sorted, or no report', () => {
    expect(refusal(fields)).to.equal(null)
    expect(refusal(fields, `${RUN.slice(0, -1)}a`)).to.equal('wrong-run')
    expect(refusal(new Uint8Array(REPORT_LIMIT_BYTES + 1))).to.equal('too-large')
    expect(refusal(Uint8Array.of(0xa4, 1))).to.equal('bad-encoding')
    const wrong: readonly object[] = [
      { ...fields, times: [] },
      { ...fields, times: [...times].reverse() },
      { ...fields, times: [times[0], times[0]] },
      {
        ...fields,
        times: Array.from({ length: REPORT_ENTRIES + 1 }, (_, at) => ({ ms: 1, peer: peer(at), isAtLeast: true })),
      },
      { ...fields, times: [{ ms: 0, peer: peer(1), isAtLeast: true }] },
      { ...fields, times: [{ ms: 1.5, peer: peer(1), isAtLeast: true }] },
      { ...fields, times: [{ ms: 2 ** 32 + 1, peer: peer(1), isAtLeast: true }] },
      { ...fields, times: [{ ms: 1, peer: 'somebody', isAtLeast: true }] },
      { ...fields, times: [{ ms: 1, peer: peer(1) }] },
      { ...fields, epoch: -1 },
      { ...fields, more: 1 },
    ]
    for (const record of wrong) expect(refusal(record), JSON.stringify(record)).to.equal('out-of-bounds')
  })
})
