import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import fc from 'fast-check'
import { paidCounts, points } from '../../../consensus/contribution/index.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import type { Certificate, Commit, PeerName, Scope, Signed, TraceEntry } from '../../../protocols/wire/messages.ts'
import { hashOf, makeCommit, RUN } from '../round/fixtures.ts'

function scopeOf(stage: number, round = 1): Scope {
  return { version: 1, genesis: hashOf('genesis'), run: RUN, epoch: 0, group: hashOf(`group ${stage}`), stage, round }
}

function commitOf(author: PeerName, stage: number, trace: readonly TraceEntry[], round = 1): Signed<Commit> {
  const payload = { ...makeCommit(scopeOf(stage, round), author), trace }
  return { signer: author, payload, envelope: new Uint8Array() }
}

function entry(source: PeerName, sequence: number, ...path: PeerName[]): TraceEntry {
  return { source, sequence, path }
}

const THREE_STAGES = [
  commitOf('a', 0, [entry('a', 0, 'b', 'c'), entry('a', 1, 'b', 'd')]),
  commitOf('b', 1, [entry('a', 0), entry('a', 1)]),
  commitOf('c', 2, [entry('a', 0), entry('a', 1)]),
  commitOf('d', 2, []),
]

describe('contribution', () => {
  it('pays a micro-batch once a stage when source and every hop have claimed it', () => {
    expect([...paidCounts(THREE_STAGES, 3)]).to.deep.equal([
      ['a', [1, 0, 0]],
      ['b', [0, 1, 0]],
      ['c', [0, 0, 1]],
    ])
  })

  it('pays nothing for what the source alone, or a hop alone, has claimed', () => {
    expect(paidCounts([commitOf('a', 0, [entry('a', 0, 'b')])], 2).size).to.equal(0)
    expect(paidCounts([commitOf('b', 1, [entry('a', 0)])], 2).size).to.equal(0)
  })

  it("pays nothing for another source's micro-batch, a path of another length, or a claim of another round", () => {
    const claims = [commitOf('b', 1, [entry('a', 0), entry('x', 0)])]
    expect(paidCounts([commitOf('a', 0, [entry('x', 0, 'b')]), ...claims], 2).size).to.equal(0)
    expect(paidCounts([commitOf('a', 0, [entry('a', 0)]), ...claims], 2).size).to.equal(0)
    expect(paidCounts([commitOf('a', 0, [entry('a', 0, 'b', 'b')]), ...claims], 2).size).to.equal(0)
    expect(paidCounts([commitOf('a', 0, [entry('a', 0, 'b')], 2), ...claims], 2).size).to.equal(0)
  })

  it('pays a repeated claim, COMMIT or path once', () => {
    const twice = commitOf('a', 0, [entry('a', 0, 'b'), entry('a', 0, 'b'), entry('a', 0, 'c')])
    const claims = [commitOf('b', 1, [entry('a', 0)]), commitOf('c', 1, [entry('a', 0)])]
    expect([...paidCounts([twice, twice, ...claims], 2)]).to.deep.equal([
      ['a', [1, 0]],
      ['b', [0, 1]],
    ])
  })

  it('pays a run of one stage', () => {
    expect([...paidCounts([commitOf('a', 0, [entry('a', 0), entry('a', 1)])], 1)]).to.deep.equal([['a', [2]]])
  })

  it('does not depend on the order of COMMITs', () => {
    const sorted = (commits: readonly Signed<Commit>[]) => [...paidCounts(commits, 3)].sort()
    fc.assert(
      fc.property(fc.shuffledSubarray(THREE_STAGES, { minLength: 4 }), order => {
        expect(sorted(order)).to.deep.equal(sorted(THREE_STAGES))
      }),
    )
  })

  it('gives points from certificates alone: one a micro-batch in all, and none for COMMITs that no value seals', async () => {
    const keys = await Promise.all([1, 2, 3].map(() => generateKeyPair('Ed25519')))
    const [source = '', hop = '', idle = ''] = keys.map(key => peerIdFromPrivateKey(key).toString())
    const commits = await Promise.all([
      seal({ ...makeCommit(scopeOf(0), source), trace: [entry(source, 0, hop), entry(source, 1, idle)] }, keys[0]!),
      seal({ ...makeCommit(scopeOf(1), hop), trace: [entry(source, 0)] }, keys[1]!),
      seal({ ...makeCommit(scopeOf(1), idle), trace: [entry(source, 1)] }, keys[2]!),
    ])
    const certify = (
      stage: number,
      sealed: readonly Signed<Commit>[],
      shown: readonly Signed<Commit>[],
    ): Certificate => ({
      value: {
        scope: scopeOf(stage),
        parent: { value: hashOf(''), outcome: hashOf('') },
        reference: { height: 0, hash: hashOf('') },
        commits: sealed.map(({ signer, payload }) => ({ author: signer, root: payload.root })),
        changes: [],
      },
      outcomes: [],
      commits: [...shown.map(({ envelope }) => envelope), new Uint8Array([1])],
    })
    const [first, second] = [
      certify(0, commits.slice(0, 1), commits.slice(0, 1)),
      certify(1, commits.slice(1, 2), commits.slice(1)),
    ]
    const certificates = new Map([
      [0, [first, first]],
      [1, [second]],
    ])
    const paid = await points(certificates, [0.25, 0.75])
    expect([...paid].sort()).to.deep.equal([[source, 0.25] as const, [hop, 0.75] as const].sort())
  })
})
