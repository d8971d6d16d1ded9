import { expect } from 'chai'
import type { RoundContext } from '../../../consensus/round/index.ts'
import { nextState } from '../../../consensus/round/index.ts'
import { hashHex, hashValue, isZeroHash, smallHash } from '../../../protocols/wire/hash.ts'
import { merkleRoot } from '../../../protocols/wire/merkle.ts'
import type { Hash, Outcome, PeerName, Value } from '../../../protocols/wire/messages.ts'
import { Bench } from './bench.ts'
import { hashOf, NO_HASH, PARTITIONS } from './fixtures.ts'
import { aggregateHash } from './peer.ts'

/** A bench on which all commitments are decided. */
function decided(options: { n?: number; change?: Partial<RoundContext> } = {}): {
  bench: Bench
  value: Value
  id: Hash
} {
  const bench = new Bench(options)
  const value = bench.value()
  bench.propose(0, value)
  const votes = bench.prevotes(bench.others.length, 0, value)
  bench.precommits(bench.others.length, 0, value, votes)
  return { bench, value, id: hashValue(value) }
}

function resultOf(bench: Bench, partition: number): Hash {
  return aggregateHash(
    partition,
    bench.peers.map(peer => bench.commitOf(peer).payload.leaves[partition]!),
  )
}

/** The signed result of a candidate, true or false. */
function aggregate(bench: Bench, peer: PeerName, partition: number, id: Hash, hash = resultOf(bench, partition)): void {
  bench.deliver(peer, { kind: 'aggregate', scope: bench.context.scope, value: id, partition, hash })
}

function results(bench: Bench): Hash[] {
  return Array.from({ length: PARTITIONS }, (_, p) => resultOf(bench, p))
}

/** All candidates give their results, the bench fetches the bytes. */
function reduceAll(bench: Bench, id: Hash): void {
  for (const [p, peers] of bench.state.candidates.entries()) {
    for (const peer of peers) if (peer !== bench.self) aggregate(bench, peer, p, id)
    bench.input({ type: 'gathered', value: id, partition: p, hash: resultOf(bench, p) })
  }
}

function outcomeOf(bench: Bench, id: Hash, change: Partial<Outcome> = {}): Outcome {
  const aggregateRoot = merkleRoot(results(bench), smallHash)
  const { parentState, manifestHash, scope } = bench.context
  const state = nextState(parentState, aggregateRoot, manifestHash)
  return {
    kind: 'outcome',
    scope,
    value: id,
    aggregateRoot,
    state,
    fullRoot: null,
    heard: new Uint8Array([1]),
    ...change,
  }
}

describe('round: executing and certifying', () => {
  it('asks for a partition when it is one of the first f + 1 candidates, with the inputs in sealed order', () => {
    const { bench, value, id } = decided({ n: 7 })
    const asked = bench.effects('aggregate')
    const first = bench.state.candidates.flatMap((peers, p) => (peers.slice(0, 3).includes(bench.self) ? [p] : []))
    expect(asked.map(({ partition }) => partition)).to.deep.equal(first)
    for (const { inputs, partition } of asked) {
      expect(inputs.map(({ author }) => author)).to.deep.equal(
        value.commits === 'skip' ? [] : value.commits.map(({ author }) => author),
      )
      expect(inputs.map(({ leaf }) => leaf)).to.deep.equal(
        bench.peers.map(peer => bench.commitOf(peer).payload.leaves[partition]),
      )
      for (const { holders } of inputs) expect(holders).to.not.include(bench.self)
    }
    expect(asked.every(effect => hashHex(effect.value) === hashHex(id))).to.equal(true)
  })

  it('takes over from earlier candidates one by one, and in the end computes everything itself', () => {
    const { bench, id } = decided({ n: 7 })
    const ranks = bench.state.candidates.map(peers => peers.indexOf(bench.self))
    for (let level = 1; level <= 3; level++) {
      bench.expire('reduce')
      const asked = new Set(bench.effects('aggregate').map(({ partition }) => partition))
      for (const [p, rank] of ranks.entries())
        expect(asked.has(p), `partition ${p}, level ${level}`).to.equal(level > 2 || (rank >= 0 && rank <= 2 + level))
    }
    for (let p = 0; p < PARTITIONS; p++)
      bench.input({ type: 'aggregated', value: id, partition: p, hash: resultOf(bench, p) })
    expect(bench.effects('execute').map(({ hashes }) => hashes)).to.deep.equal([results(bench)])
  })

  it('takes a partition when f + 1 candidates signed one hash, and fetches its bytes from them first', () => {
    const { bench, id } = decided({ n: 7 })
    const p = bench.state.candidates.findIndex(peers => !peers.slice(0, 3).includes(bench.self))
    const [liar = '', ...honest] = bench.state.candidates[p]!.filter(peer => peer !== bench.self)
    aggregate(bench, liar, p, id, hashOf('lie'))
    for (const peer of honest.slice(0, 2)) aggregate(bench, peer, p, id)
    expect(bench.effects('gather')).to.deep.equal([])
    aggregate(bench, honest[2]!, p, id)
    expect(
      bench.effects('gather').map(({ partition, hash, from }) => [partition, hashHex(hash), from.slice(0, 3)]),
    ).to.deep.equal([
      [p, hashHex(resultOf(bench, p)), bench.state.candidates[p]!.filter(peer => honest.slice(0, 3).includes(peer))],
    ])
  })

  it('fetches them also from who signed the outcome: the candidates may have been restarted', () => {
    const { bench, id } = decided({ n: 7 })
    const isNoCandidate = (peer: PeerName, partition: number) => !bench.state.candidates[partition]!.includes(peer)
    const p = bench.state.candidates.findIndex((_, at) => bench.others.some(peer => isNoCandidate(peer, at)))
    const executor = bench.others.find(peer => isNoCandidate(peer, p))!
    bench.deliver(executor, outcomeOf(bench, id))
    const signers = bench.state.candidates[p]!.filter(peer => peer !== bench.self).slice(0, 3)
    for (const peer of signers) aggregate(bench, peer, p, id)
    const [gather] = bench.effects('gather').filter(({ partition }) => partition === p)
    expect(gather?.from.slice(0, 4)).to.deep.equal([...signers, executor])
  })

  it('executes, signs its outcome and certifies with Q equal ones, whoever was heard', () => {
    const { bench, id, value } = decided()
    reduceAll(bench, id)
    bench.input({ type: 'executed', value: id, accepted: true, fullRoot: null })
    const expected = outcomeOf(bench, id)
    expect(bench.signed('outcome').map(omitHeard)).to.deep.equal([omitHeard(expected)])
    // The decision came with the votes of all, and the bench spoke itself.
    expect(bench.signed('outcome')[0]?.heard).to.deep.equal(new Uint8Array([0b1111]))
    bench.deliver(bench.others[0]!, { ...expected, heard: new Uint8Array([2]) })
    bench.deliver(bench.others[1]!, { ...expected, state: hashOf('lie') })
    expect(bench.effects('certificate')).to.deep.equal([])
    bench.deliver(bench.others[2]!, expected)
    const [{ certificate, hashes } = { certificate: null, hashes: null }] = bench.effects('certificate')
    expect(certificate?.value).to.deep.equal(value)
    const signers = certificate?.outcomes.map(envelope => bench.signer.open(envelope).signer)
    expect(signers).to.deep.equal([bench.self, bench.others[0], bench.others[2]].sort())
    const authors = certificate?.commits.map(envelope => bench.signer.open(envelope).signer)
    expect(authors).to.deep.equal([...bench.peers].sort())
    expect(hashes).to.deep.equal(results(bench))
    expect(bench.effects('done').map(({ next }) => next)).to.deep.equal(['promote'])
  })

  it('keeps the state where f + 1 candidates say that the rule refused a partition', () => {
    const { bench, id } = decided()
    for (const peer of bench.state.candidates[1]!) if (peer !== bench.self) aggregate(bench, peer, 1, id, NO_HASH)
    const own = bench.state.candidates[1]!.includes(bench.self)
    if (own) bench.input({ type: 'aggregated', value: id, partition: 1, hash: null })
    expect(bench.effects('execute').map(({ hashes }) => hashes)).to.deep.equal([null])
    bench.input({ type: 'executed', value: id, accepted: false, fullRoot: null })
    const [outcome] = bench.signed('outcome')
    expect(outcome !== undefined && isZeroHash(outcome.aggregateRoot)).to.equal(true)
    expect(outcome?.state).to.deep.equal(bench.context.parentState)
  })

  it('keeps the state where the optimiser refuses', () => {
    const { bench, id } = decided()
    reduceAll(bench, id)
    bench.input({ type: 'executed', value: id, accepted: false, fullRoot: null })
    expect(bench.signed('outcome')[0]?.state).to.deep.equal(bench.context.parentState)
  })

  it('carries the full root in the rounds that want it', () => {
    const { bench, id } = decided({ change: { wantFullRoot: true } })
    reduceAll(bench, id)
    bench.input({ type: 'executed', value: id, accepted: true, fullRoot: hashOf('full') })
    expect(bench.signed('outcome')[0]?.fullRoot).to.deep.equal(hashOf('full'))
  })

  it('starts computing on its prevote, and drops the work when another value is decided', () => {
    const bench = new Bench({ n: 7 })
    bench.propose(0, bench.value())
    const before = bench.effects('aggregate').length
    expect(before).to.be.greaterThan(0)
    expect(bench.effects('gather')).to.deep.equal([])
    const other = bench.value([bench.peers[0]!])
    const proposal = bench.signer.sign(bench.leader(0), {
      kind: 'propose',
      scope: bench.context.scope,
      view: 0,
      validView: -1,
      value: other,
    } as const)
    const proof = bench.others.map(peer => bench.precommitOf(peer, 0, other))
    bench.deliver(bench.others[0]!, bench.have(), [proposal, ...proof])
    expect(hashHex(bench.state.execution?.known.id ?? NO_HASH)).to.equal(hashHex(hashValue(other)))
  })

  it('asks for a sealed COMMIT that it lacks, and goes on when it comes', () => {
    const bench = new Bench()
    const value = bench.value()
    bench.propose(0, value, -1, [])
    const polka = bench.prevotes(3, 0, value)
    bench.precommits(3, 0, value, polka)
    expect(bench.effects('fetch-commits').map(({ missing }) => missing.length)).to.deep.equal([4])
    expect(bench.effects('aggregate')).to.deep.equal([])
    for (const peer of bench.peers) bench.input({ type: 'message', signed: bench.commitOf(peer), attachments: [] })
    expect(bench.effects('aggregate').length).to.be.greaterThan(0)
  })

  it('says that it diverged when f + 1 outcomes differ from its own, and adopts the certified state', () => {
    const { bench, id } = decided()
    reduceAll(bench, id)
    bench.input({ type: 'executed', value: id, accepted: false, fullRoot: null })
    for (const peer of bench.others) bench.deliver(peer, outcomeOf(bench, id))
    expect(bench.effects('diverged').map(({ from }) => from.length)).to.deep.equal([2])
    expect(bench.effects('done').map(({ next }) => next)).to.deep.equal(['adopt'])
  })

  it('stops the run when no outcome can reach a quorum any more', () => {
    const { bench, id } = decided()
    reduceAll(bench, id)
    bench.input({ type: 'executed', value: id, accepted: true, fullRoot: null })
    bench.deliver(bench.others[0]!, outcomeOf(bench, id))
    bench.deliver(bench.others[1]!, outcomeOf(bench, id, { state: hashOf('other') }))
    expect(bench.effects('halt')).to.deep.equal([])
    bench.deliver(bench.others[2]!, outcomeOf(bench, id, { state: hashOf('other') }))
    expect(bench.effects('halt').map(({ reason }) => reason)).to.deep.equal(['nondeterminism'])
  })

  it('learns the decision from f + 1 outcomes', () => {
    const bench = new Bench()
    const value = bench.value()
    bench.propose(0, value)
    bench.deliver(bench.others[0]!, outcomeOf(bench, hashValue(value)))
    expect(bench.state.decided).to.equal(null)
    bench.deliver(bench.others[1]!, outcomeOf(bench, hashValue(value)))
    expect(bench.state.executing).to.equal(true)
  })

  it("catches up from a certificate with the partitions' hashes by fetching aggregates only", () => {
    const { bench, value } = decided()
    const follower = new Bench({ signer: bench.signer })
    const outcomes = follower.others
      .slice(0, 3)
      .map(peer => bench.signer.sign(peer, outcomeOf(bench, hashValue(value))))
    const commits = bench.peers.map(peer => bench.commitOf(peer))
    const certificate = {
      value,
      outcomes: outcomes.map(({ envelope }) => envelope),
      commits: commits.map(({ envelope }) => envelope),
    }
    follower.input({ type: 'certificate', certificate, outcomes: outcomes.slice(1), commits })
    expect(follower.effects('refused')).to.have.length(1)
    follower.input({ type: 'certificate', certificate, outcomes, commits, hashes: results(bench) })
    expect(follower.effects('certificate')).to.have.length(1)
    expect(follower.effects('aggregate')).to.deep.equal([])
    for (const { partition, hash, value: id } of follower.effects('gather'))
      follower.input({ type: 'gathered', value: id, partition, hash })
    follower.input({ type: 'executed', value: hashValue(value), accepted: true, fullRoot: null })
    expect(follower.effects('done').map(({ next }) => next)).to.deep.equal(['promote'])
  })

  /** A replica that has committed and is brought a certificate by gossip, without hashes. */
  function gossiped(): { follower: Bench; give: (hashes?: readonly Hash[]) => void; bench: Bench; id: Hash } {
    const { bench, value, id } = decided()
    const follower = new Bench({ signer: bench.signer })
    follower.input({ type: 'own-commit', commit: follower.commitOf(follower.self).payload })
    const outcomes = follower.others.slice(0, 3).map(peer => bench.signer.sign(peer, outcomeOf(bench, id)))
    const commits = bench.peers.map(peer => bench.commitOf(peer))
    const certificate = {
      value,
      outcomes: outcomes.map(({ envelope }) => envelope),
      commits: commits.map(({ envelope }) => envelope),
    }
    const give = (hashes?: readonly Hash[]): void =>
      follower.input({
        type: 'certificate',
        certificate,
        outcomes,
        commits,
        ...(hashes === undefined ? {} : { hashes }),
      })
    give()
    return { follower, give, bench, id }
  }

  it('speaks again where a certificate came without hashes, and takes them from the answer', () => {
    const { follower, give, bench } = gossiped()
    follower.clear()
    follower.expire('resend')
    expect(follower.effects('resend').map(({ signed }) => signed.payload.kind)).to.deep.equal(['commit'])
    give(results(bench))
    expect(
      follower
        .effects('gather')
        .map(({ partition }) => partition)
        .sort(),
    ).to.deep.equal([0, 1, 2])
    expect(follower.effects('certificate')).to.deep.equal([])
    follower.clear()
    follower.expire('resend')
    expect(follower.effects('resend')).to.deep.equal([])
  })

  it('asks all who signed a certificate for what it lacks, not only the candidates of a partition', () => {
    const { follower, give, bench } = gossiped()
    give(results(bench))
    const signers = follower.others.slice(0, 3)
    for (const { from } of follower.effects('gather')) expect(from).to.include.members(signers)
  })

  it('asks the candidates of a partition before other signers, and of these not one peer first for all', () => {
    const { follower, give, bench } = gossiped()
    give(results(bench))
    const signers = follower.others.slice(0, 3)
    const firsts = follower.effects('gather').map(({ partition, from }) => {
      const candidates = (follower.state.candidates[partition] ?? []).filter(peer => signers.includes(peer))
      expect(from.slice(0, candidates.length)).to.deep.equal(candidates)
      return from[0]
    })
    expect(new Set(firsts)).to.have.length.above(1)
  })

  it('computes for itself after one time-out where the others have a certificate', () => {
    const { follower, bench, id } = gossiped()
    follower.expire('reduce')
    for (let partition = 0; partition < PARTITIONS; partition++)
      follower.input({ type: 'aggregated', value: id, partition, hash: resultOf(bench, partition) })
    expect(follower.effects('execute')).to.have.length(1)
    follower.input({ type: 'executed', value: id, accepted: true, fullRoot: null })
    expect(follower.effects('done').map(({ next }) => next)).to.deep.equal(['promote'])
  })

  it('answers a peer that is stuck in a certified round: f + 1 seats first, once an interval', () => {
    const { bench, id } = decided({ n: 7 })
    reduceAll(bench, id)
    for (const [p] of bench.state.candidates.entries())
      bench.input({ type: 'aggregated', value: id, partition: p, hash: resultOf(bench, p) })
    bench.input({ type: 'executed', value: id, accepted: true, fullRoot: null })
    for (const peer of bench.others) bench.deliver(peer, outcomeOf(bench, id))
    expect(bench.effects('answer')).to.deep.equal([])
    const order = bench.context.group.seats.map(({ peer }) => peer)
    const answeredAt = bench.others.map(peer => {
      const distance = (order.indexOf(bench.self) - order.indexOf(peer) + 7) % 7
      const repeated = bench.commitOf(peer)
      for (let interval = 1; interval <= 3; interval++) {
        bench.clear()
        for (let i = 0; i < 5; i++) bench.input({ type: 'message', signed: repeated, attachments: [] })
        const answers = bench.effects('answer').length
        bench.expire('stuck')
        if (answers > 0) return [answers, interval, Math.ceil(distance / 3)]
      }
      return [0, 0, 0]
    })
    for (const [answers, interval, expected] of answeredAt) expect([answers, interval]).to.deep.equal([1, expected])
  })

  it('re-sends, with the proof of the decision, until the certificate', () => {
    const { bench, id } = decided()
    bench.clear()
    bench.expire('resend')
    const [bearer] = bench.effects('resend')
    const kinds = bearer?.attachments.map(envelope => bench.signer.open(envelope).payload.kind) ?? []
    expect(kinds.filter(kind => kind === 'precommit')).to.have.length(3)
    expect(kinds).to.include('propose')
    reduceAll(bench, id)
    bench.input({ type: 'executed', value: id, accepted: true, fullRoot: null })
    for (const peer of bench.others) bench.deliver(peer, outcomeOf(bench, id))
    expect(bench.state.timers.has('resend')).to.equal(false)
  })

  it('a follower signs nothing and gets to the end', () => {
    const { bench, value, id } = decided()
    const follower = new Bench({ signer: bench.signer, change: { self: null } })
    follower.propose(0, value)
    for (const peer of bench.others) follower.deliver(peer, outcomeOf(bench, id))
    for (const [p, peers] of bench.state.candidates.entries()) {
      for (const peer of peers) aggregate(follower, peer, p, id, resultOf(bench, p))
      follower.input({ type: 'gathered', value: id, partition: p, hash: resultOf(bench, p) })
    }
    follower.input({ type: 'executed', value: id, accepted: true, fullRoot: null })
    expect(follower.effects('sign')).to.deep.equal([])
    expect(follower.effects('done').map(({ next }) => next)).to.deep.equal(['promote'])
  })
})

function omitHeard({ heard: _, ...rest }: Outcome): Omit<Outcome, 'heard'> {
  return rest
}
