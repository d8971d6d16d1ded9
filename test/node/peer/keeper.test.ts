import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { keepersOf } from '../../../consensus/recovery/index.ts'
import { cutModel, stateBytes } from '../../../node/engine/partition/index.ts'
import { Checkpoints, type RoundStore } from '../../../node/journal/index.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { History } from '../../../node/peer/history.ts'
import { Keeper } from '../../../node/peer/keeper.ts'
import { stateSource } from '../../../node/peer/policies.ts'
import { makeSystem } from '../../../node/peer/system.ts'
import { State, type StateSource } from '../../../protocols/state/index.ts'
import type { VerifiedCertificate } from '../../../protocols/wire/certificate.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { FakeNetwork } from '../../protocols/fake-streams.ts'
import { MemoryStorage } from '../journal/memory-storage.ts'
import { buildWorld, openStore, ROUNDS, type World } from '../verify/world.ts'

const [KEPT, KEEPING] = [0, 1]
const SIGNAL = AbortSignal.any([])

describe('keeping checkpoints of the stage before', () => {
  let scratch: string
  let world: World
  let store: RoundStore
  let network: FakeNetwork
  let storage: MemoryStorage
  const certified: VerifiedCertificate[] = []

  before(async function () {
    this.timeout(60_000)
    scratch = mkdtempSync(join(tmpdir(), 'swarm-keeper-'))
    world = await buildWorld(join(scratch, 'world'))
    store = await openStore(world.folders[KEPT]![0]!, world.run, KEPT)
    const history = new History(world.membership, world.run, KEPT)
    for (let round = 1; round <= ROUNDS; round++) {
      const verified = await history.alone((await store.certificate(KEPT, round))!, Number.POSITIVE_INFINITY, SIGNAL)
      if (isRefusal(verified)) throw new Error(verified.refused)
      certified.push(verified)
    }
  })
  after(async () => {
    await store.close()
    rmSync(scratch, { recursive: true })
  })
  beforeEach(() => {
    network = new FakeNetwork()
    storage = new MemoryStorage()
  })

  function speak(name: PeerName, source: StateSource): State {
    return new State(
      { source, admit: () => null },
      { ...makeSystem(), digest: digestOf, openStreams: network.streamsOf(name) },
    )
  }

  /** The k-th seat of the kept stage, which gives what it has. */
  function giver(k = 0, change: (bytes: Uint8Array) => Uint8Array = bytes => bytes): PeerName {
    const source = stateSource({ store, stage: KEPT }, { tip: world.tips[KEPT]![ROUNDS]! })
    const name = world.seats[KEPT]![k]!.peer
    speak(name, {
      ...source,
      async snapshotPiece(round, offset, bytes) {
        const piece = await source.snapshotPiece(round, offset, bytes)
        return piece === null ? null : change(piece)
      },
    })
    return name
  }

  const keepers = (round: number): PeerName[] => {
    const epoch = world.membership.known(certified[round - 1]!.value.scope.epoch)!
    return keepersOf({ beacon: epoch.beacon, run: world.run.id, stage: KEPT, round }, epoch.groups[KEEPING]!)
  }

  /** @returns what it told, round by round, and an end to wait for */
  async function keeper(self: PeerName, sources: readonly PeerName[]) {
    const { run, membership } = world
    const checkpoints = await Checkpoints.open({ storage, stage: KEPT, digest: digestOf })
    const source = stateSource({ store, stage: KEEPING }, { tip: world.tips[KEEPING]![ROUNDS]! }, () => checkpoints)
    const told: number[] = []
    const cut = cutModel(run.manifest.model, run.manifest.stages, run.manifest.batch.sequences)[KEPT]!
    const next = { done: Promise.withResolvers<number>() }
    const made = new Keeper({
      ...{ run, self, stage: KEEPING, checkpoints, membership },
      stateBytes: stateBytes(run.manifest.model, cut),
      state: speak(self, source),
      sources: () => sources,
      bytesPerSecond: 1e9,
      onKept(round) {
        told.push(round)
        next.done.resolve(round)
      },
      onWarning: message => next.done.reject(new Error(message)),
    })
    return { made, checkpoints, told, next }
  }

  it('fetches what it is drawn for once the round after the next is certified, and gives it to who asks', async () => {
    const self = keepers(2)[0]!
    const { made, checkpoints, told, next } = await keeper(self, [giver()])
    for (const verified of certified.slice(0, 3)) made.certified(KEPT, verified)
    expect(network.log, 'its stage is still writing').to.deep.equal([])
    made.certified(KEPT, certified[3]!)
    expect(await next.done.promise).to.equal(2)
    await made.end()
    expect(told).to.deep.equal([2])
    expect(checkpoints.heads.map(({ round }) => round)).to.deep.equal([2])
    const truth = await store.snapshotPiece(2, 0, 1e9)
    expect(await checkpoints.piece(2, 0, 1e9)).to.deep.equal(truth)
    const asker = speak('12D3KooWasker', stateSource({ store, stage: KEPT }, { tip: world.tips[KEPT]![ROUNDS]! }))
    expect(await asker.checkpoints(self, KEPT)).to.deep.equal([2])
  })

  it('passes over what it is not drawn for, what has no full root, and other stages', async () => {
    const others = world.seats[KEEPING]!.map(({ peer }) => peer).filter(peer => !keepers(2).includes(peer))
    const { made } = await keeper(others[0]!, [giver()])
    for (const verified of certified.slice(0, 4)) made.certified(KEPT, verified)
    for (const verified of certified) made.certified(KEEPING, verified)
    await made.end()
    expect(network.log).to.deep.equal([])
  })

  it('keeps nothing of a liar, and takes it from the next', async () => {
    const liar = giver(1, bytes => bytes.map(byte => byte ^ 1))
    const self = keepers(2)[0]!
    const { made, checkpoints, next } = await keeper(self, [liar, giver()])
    for (const verified of certified.slice(0, 4)) made.certified(KEPT, verified)
    expect(await next.done.promise).to.equal(2)
    await made.end()
    expect(await checkpoints.piece(2, 0, 1e9)).to.deep.equal(await store.snapshotPiece(2, 0, 1e9))
  })

  it('lets go of one that nobody has any more', async () => {
    const self = keepers(2)[0]!
    const nobody = world.seats[KEPT]![2]!.peer
    const source = stateSource({ store, stage: KEPT }, { tip: world.tips[KEPT]![ROUNDS]! })
    speak(nobody, { ...source, snapshot: () => null })
    const { made, told } = await keeper(self, [nobody])
    for (const verified of certified.slice(0, 4)) made.certified(KEPT, verified)
    await made.idle
    await made.end()
    expect(told).to.deep.equal([])
    expect([...storage.files.keys()]).to.deep.equal(['stage'])
  })
})
