import { expect } from 'chai'
import { type PartitionName, Reduce, type ReducePolicy } from '../../../protocols/reduce/index.ts'
import type { Clock } from '../../../protocols/wire/environment.ts'
import { equalBytes } from '../../../protocols/wire/hash.ts'
import type { PeerName, Scope } from '../../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../../protocols/wire/refusals.ts'
import { digest, FakeNetwork, PEERS, sha256 } from '../fake-streams.ts'

const [ALICE, BOB, CAROL, DAVE] = PEERS as readonly [string, string, string, string]
const SCOPE: Scope = {
  version: 1,
  genesis: new Uint8Array(32),
  run: 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  epoch: 0,
  group: new Uint8Array(32),
  stage: 0,
  round: 5,
}
/** Time stands still: nobody is silent for long. */
const CLOCK: Clock = { nowMs: () => 0, after: () => () => {} }
const ROOT = new Uint8Array(32).fill(7)
const PARTITIONS = [floats(1, 2, 3), floats(4, 5, 6)] as const

function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

interface Peer {
  readonly reduce: Reduce
  readonly stored: PartitionName[]
  readonly repeated: PartitionName[]
  readonly refused: string[]
  readonly commits: Map<PeerName, { root: Uint8Array; leaves: Uint8Array[] }>
  barred: Refusal | null
}

function join(network: FakeNetwork, self: PeerName, limits: { storeMaxBytes?: number } = {}): Peer {
  const stored: PartitionName[] = []
  const repeated: PartitionName[] = []
  const refused: string[] = []
  const commits: Peer['commits'] = new Map()
  const policy: ReducePolicy = {
    admitPeer: () => peer.barred,
    admit: () => peer.barred,
    isCandidate: (_, partition) => partition < 2,
    commitOf: (_, author) => commits.get(author) ?? null,
    admitAggregate: (_, from) => (from === DAVE ? refuse('not-allowed') : null),
    checkPartition: async (_, bytes) => {
      const values = new Float32Array(bytes.slice().buffer)
      return values.length === 3 && values.every(value => Math.abs(value) <= 100)
    },
  }
  const handlers = {
    stored: (name: PartitionName) => stored.push(name),
    repeated: (name: PartitionName) => repeated.push(name),
    refused: (reason: string) => refused.push(reason),
  }
  const reduce = new Reduce(
    { self, policy, handlers, ...limits },
    { clock: CLOCK, digest, openStreams: network.streamsOf(self) },
  )
  reduce.advance(5)
  const peer: Peer = { reduce, stored, repeated, refused, commits, barred: null }
  return peer
}

const LEAVES = PARTITIONS.map(sha256)

function nameOf(partition: number, round = SCOPE.round): PartitionName {
  return { scope: { ...SCOPE, round }, author: ALICE, root: ROOT, partition }
}

function aggregateOf(bytes: Uint8Array, round = SCOPE.round) {
  return { scope: { ...SCOPE, round }, value: ROOT, partition: 0, hash: sha256(bytes) }
}

describe('protocols/reduce', () => {
  it('acknowledges a partition that matches its COMMIT, and serves it', async () => {
    const network = new FakeNetwork()
    const [alice, bob, carol] = [join(network, ALICE), join(network, BOB), join(network, CAROL)]
    bob.commits.set(ALICE, { root: ROOT, leaves: LEAVES })
    expect(await alice.reduce.scatter(BOB, nameOf(0), PARTITIONS[0])).to.equal('stored')
    expect(bob.repeated).to.deep.equal([])
    expect(await alice.reduce.scatter(BOB, nameOf(0), PARTITIONS[0])).to.equal('stored')
    expect(bob.stored.map(name => name.partition)).to.deep.equal([0])
    expect(bob.repeated.map(name => name.partition)).to.deep.equal([0])
    expect(await carol.reduce.pull([BOB], nameOf(0), LEAVES[0]!)).to.deep.equal(PARTITIONS[0])
  })

  it('holds a partition that comes before its COMMIT and acknowledges it only after', async () => {
    const network = new FakeNetwork()
    const [alice, bob] = [join(network, ALICE), join(network, BOB)]
    expect(await alice.reduce.scatter(BOB, nameOf(0), PARTITIONS[0])).to.equal('held')
    expect(await alice.reduce.scatter(BOB, nameOf(1), PARTITIONS[0])).to.equal('held')
    expect(bob.stored).to.deep.equal([])
    expect(bob.reduce.partition(nameOf(0))).to.equal(null)
    bob.commits.set(ALICE, { root: ROOT, leaves: LEAVES })
    await bob.reduce.commitSeen(SCOPE, ALICE)
    expect(bob.stored.map(name => name.partition)).to.deep.equal([0])
    expect(bob.refused).to.deep.equal(['wrong-hash'])
  })

  const lies: readonly { claim: string; bytes: Uint8Array; leaf: Uint8Array; reason: string }[] = [
    {
      claim: 'bytes that do not match the committed leaf',
      bytes: floats(1, 2, 4),
      leaf: floats(1, 2, 3),
      reason: 'wrong-hash',
    },
    { claim: 'NaN', bytes: floats(1, Number.NaN, 3), leaf: floats(1, Number.NaN, 3), reason: 'not-finite' },
    { claim: '1e30', bytes: floats(1, 1e30, 3), leaf: floats(1, 1e30, 3), reason: 'not-finite' },
    { claim: 'a wrong length', bytes: floats(1, 2), leaf: floats(1, 2), reason: 'not-finite' },
    { claim: 'no bytes', bytes: new Uint8Array(0), leaf: new Uint8Array(0), reason: 'out-of-bounds' },
  ]
  for (const { claim, bytes, leaf, reason } of lies) {
    it(`refuses and counts ${claim}, and never acknowledges it`, async () => {
      const network = new FakeNetwork()
      const [alice, bob] = [join(network, ALICE), join(network, BOB)]
      bob.commits.set(ALICE, { root: ROOT, leaves: [sha256(leaf)] })
      expect(await alice.reduce.scatter(BOB, nameOf(0), bytes)).to.include({ refused: reason })
      expect(bob.refused).to.deep.equal([reason])
      expect(bob.stored).to.deep.equal([])
    })
  }

  it('refuses partitions of others, of a second commitment, of no candidate and of rounds outside its window', async () => {
    const network = new FakeNetwork()
    const [alice, bob, carol] = [join(network, ALICE), join(network, BOB), join(network, CAROL)]
    bob.commits.set(ALICE, { root: ROOT, leaves: LEAVES })
    const second = { ...nameOf(0), root: new Uint8Array(32).fill(8) }
    expect(await carol.reduce.scatter(BOB, nameOf(0), PARTITIONS[0])).to.include({ refused: 'not-allowed' })
    expect(await alice.reduce.scatter(BOB, second, PARTITIONS[0])).to.include({ refused: 'wrong-hash' })
    expect(await alice.reduce.scatter(BOB, nameOf(2), PARTITIONS[0])).to.include({ refused: 'not-allowed' })
    expect(await alice.reduce.scatter(BOB, nameOf(0, 2), PARTITIONS[0])).to.include({ refused: 'stale-round' })
    expect(await alice.reduce.scatter(BOB, nameOf(0, 7), PARTITIONS[0])).to.include({ refused: 'future-round' })
    bob.barred = refuse('wrong-epoch')
    expect(await alice.reduce.scatter(BOB, nameOf(0), PARTITIONS[0])).to.include({ refused: 'wrong-epoch' })
    expect(bob.refused).to.have.length(6)
    expect(network.barsBody(BOB, ALICE)).to.include({ refused: 'wrong-epoch' })
  })

  it('refuses headers that are none', async () => {
    const network = new FakeNetwork()
    const bob = join(network, BOB)
    const stranger = network.streamsOf(ALICE)({})
    const headers = [
      null,
      7,
      [],
      { type: 'scatter' },
      { type: 'constructor' },
      { type: 'pull', ...nameOf(0), more: 1 },
      { type: 'pull', ...nameOf(0), partition: -1 },
    ]
    for (const header of headers) {
      const answer = await stranger.request(BOB, header)
      expect(answer, JSON.stringify(header)).to.have.property('refused')
    }
    expect(bob.refused).to.have.length(headers.length)
  })

  it('goes on to the next holder after one that is silent, has nothing or lies', async () => {
    const network = new FakeNetwork()
    const [alice, bob, carol] = [join(network, ALICE), join(network, BOB), join(network, CAROL)]
    const liar = floats(9, 9, 9)
    network.handle(DAVE, { onRequest: async () => ({ header: { status: 'found' }, body: liar }) })
    network.silent.add(ALICE)
    carol.reduce.hold(nameOf(0), PARTITIONS[0])
    const pulled = await bob.reduce.pull([ALICE, DAVE, CAROL], nameOf(0), LEAVES[0]!)
    expect(pulled).to.deep.equal(PARTITIONS[0])
    expect(bob.refused).to.deep.equal(['wrong-hash'])
    expect(alice.refused).to.deep.equal([])
    expect(await bob.reduce.pull([DAVE], nameOf(1), LEAVES[1]!)).to.include({ refused: 'wrong-hash' })
  })

  it('asks once for what two want at the same time', async () => {
    const network = new FakeNetwork()
    const [alice, bob] = [join(network, ALICE), join(network, BOB)]
    bob.reduce.hold(nameOf(0), PARTITIONS[0])
    const pulls = await Promise.all([1, 2, 3].map(() => alice.reduce.pull([BOB], nameOf(0), LEAVES[0]!)))
    expect(pulls.every(bytes => bytes instanceof Uint8Array && equalBytes(bytes, PARTITIONS[0]))).to.equal(true)
    expect(network.log).to.have.length(1)
  })

  it('passes aggregates on by push and by pull, checked against their hash', async () => {
    const network = new FakeNetwork()
    const [alice, , carol] = [join(network, ALICE), join(network, BOB), join(network, CAROL)]
    const bytes = floats(2.5, 3.5, 4.5)
    const name = aggregateOf(bytes)
    expect(await alice.reduce.pushAggregate(BOB, name, bytes)).to.equal('stored')
    expect(await carol.reduce.pullAggregate([BOB], name)).to.deep.equal(bytes)
    expect(await carol.reduce.pullAggregate([], name)).to.deep.equal(bytes)
    const other = aggregateOf(floats(1))
    expect(await alice.reduce.pushAggregate(BOB, other, floats(1))).to.include({ refused: 'contradiction' })
    expect(await alice.reduce.pushAggregate(BOB, { ...name, partition: 1 }, floats(1))).to.include({
      refused: 'wrong-hash',
    })
    const dave = join(network, DAVE)
    expect(await dave.reduce.pushAggregate(BOB, name, bytes)).to.include({ refused: 'not-allowed' })
  })

  it('keeps a few rounds and stays within its memory', async () => {
    const network = new FakeNetwork()
    const [alice, bob] = [join(network, ALICE), join(network, BOB, { storeMaxBytes: 12 })]
    bob.commits.set(ALICE, { root: ROOT, leaves: LEAVES })
    expect(await alice.reduce.scatter(BOB, nameOf(0), PARTITIONS[0])).to.equal('stored')
    expect(await alice.reduce.scatter(BOB, nameOf(1), PARTITIONS[1])).to.include({ refused: 'overloaded' })
    expect(bob.reduce.heldBytes).to.equal(12)
    bob.reduce.advance(7)
    expect(bob.reduce.partition(nameOf(0))).to.not.equal(null)
    bob.reduce.advance(8)
    expect(bob.reduce.partition(nameOf(0))).to.equal(null)
    expect(bob.reduce.heldBytes).to.equal(0)
  })

  it('holds copies, in memory that is used again once a round is dropped and nothing of it is on its way', async () => {
    const network = new FakeNetwork()
    const alice = join(network, ALICE)
    const bytes = floats(1, 2, 3)
    for (const partition of [0, 1]) alice.reduce.hold(nameOf(partition), bytes)
    bytes.fill(0)
    const [first, second] = [0, 1].map(partition => alice.reduce.partition(nameOf(partition)))
    expect(first).to.deep.equal(PARTITIONS[0])
    // Nobody answers: what was sent of it may still wait somewhere.
    expect(await alice.reduce.scatter('nobody', nameOf(0), PARTITIONS[0])).to.have.property('refused')
    for (const partition of [0, 1]) alice.reduce.hold(nameOf(partition, 6), PARTITIONS[0])
    alice.reduce.advance(8)
    for (const partition of [0, 1]) alice.reduce.hold(nameOf(partition, 8), PARTITIONS[1])
    expect(first).to.deep.equal(PARTITIONS[0])
    expect(second).to.deep.equal(PARTITIONS[1])
    expect(alice.reduce.partition(nameOf(0, 8))).to.equal(second)
  })

  it('holds only so much of one author before its COMMIT', async () => {
    const network = new FakeNetwork()
    const [alice, bob] = [join(network, ALICE), join(network, BOB)]
    const big = new Uint8Array(1024 * 1024)
    const results: unknown[] = []
    for (let index = 0; index < 17; index++) {
      const name = { ...nameOf(0), root: new Uint8Array(32).fill(index) }
      results.push(await alice.reduce.scatter(BOB, name, big))
    }
    expect(results.slice(0, 16).every(result => result === 'held')).to.equal(true)
    expect(results[16]).to.include({ refused: 'overloaded' })
    expect(bob.reduce.heldBytes).to.equal(16 * big.length)
  })

  it('moves two partitions at a time with one peer', async () => {
    const network = new FakeNetwork()
    const [alice, bob] = [join(network, ALICE), join(network, BOB)]
    const names = Array.from({ length: 8 }, (_, index) => ({ ...nameOf(0), root: new Uint8Array(32).fill(index) }))
    for (const name of names) bob.reduce.hold(name, PARTITIONS[0])
    network.gate = () => new Promise(resolve => setImmediate(resolve))
    await Promise.all(names.map(name => alice.reduce.pull([BOB], name, LEAVES[0]!)))
    expect(network.mostRunning).to.equal(2)
  })

  it('does not send a partition again while it is under way to the same peer', async () => {
    const network = new FakeNetwork()
    const [alice, bob, carol] = [join(network, ALICE), join(network, BOB), join(network, CAROL)]
    for (const { commits } of [bob, carol]) commits.set(ALICE, { root: ROOT, leaves: LEAVES })
    const send = (to: PeerName, partition: 0 | 1) => alice.reduce.scatter(to, nameOf(partition), PARTITIONS[partition])
    const answers = await Promise.all([send(BOB, 0), send(BOB, 0), send(BOB, 1), send(CAROL, 0)])
    expect(answers).to.deep.equal(['stored', 'stored', 'stored', 'stored'])
    expect(network.log).to.have.length(3)
    await send(BOB, 0)
    expect(network.log).to.have.length(4)
  })

  it('does not ask on after it was cancelled', async () => {
    const network = new FakeNetwork()
    const alice = join(network, ALICE)
    const controller = new AbortController()
    controller.abort()
    const { signal } = controller
    expect(await alice.reduce.pull([BOB, CAROL], nameOf(0), LEAVES[0]!, { signal })).to.include({ refused: 'aborted' })
    expect(network.log).to.deep.equal([])
  })
})
