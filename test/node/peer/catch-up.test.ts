import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Recovery } from '../../../consensus/recovery/index.ts'
import type { StageEngine } from '../../../node/engine/runtime/index.ts'
import { newEngine } from '../../../node/export/history.ts'
import { type RoundStore, SigningJournal } from '../../../node/journal/index.ts'
import { CatchUp } from '../../../node/peer/catch-up.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { History } from '../../../node/peer/history.ts'
import type { Membership } from '../../../node/peer/membership.ts'
import { stateSource } from '../../../node/peer/policies.ts'
import { restoreState } from '../../../node/peer/restore.ts'
import { StageState } from '../../../node/peer/stage-state.ts'
import { makeSystem } from '../../../node/peer/system.ts'
import { State, type StateSource, type TransferProgress } from '../../../protocols/state/index.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import { FakeNetwork } from '../../protocols/fake-streams.ts'
import { MemoryStorage } from '../journal/memory-storage.ts'
import { buildWorld, openStore, ROUNDS, type World } from '../verify/world.ts'

const STAGE = 0
const SIGNAL = AbortSignal.any([])

describe('catching up', () => {
  let scratch: string
  let world: World
  let network: FakeNetwork
  let engine: StageEngine
  let stores: RoundStore[]

  before(async function () {
    this.timeout(60_000)
    scratch = mkdtempSync(join(tmpdir(), 'swarm-catch-up-'))
    world = await buildWorld(join(scratch, 'world'))
    engine = await newEngine(world.run, STAGE)
  })
  after(async () => {
    await engine.dispose()
    rmSync(scratch, { recursive: true })
  })
  beforeEach(() => {
    network = new FakeNetwork()
    stores = []
  })
  afterEach(() => Promise.all(stores.map(store => store.close())))

  async function open(folder: string): Promise<RoundStore> {
    const store = await openStore(folder, world.run, STAGE)
    stores.push(store)
    return store
  }

  /** A sibling that holds what the first seat of the stage does: the snapshots of rounds 2 and 4, the aggregates after 2. */
  async function sibling(
    k: number,
    change: (bytes: Uint8Array) => Uint8Array = bytes => bytes,
    holds: (round: number) => boolean = () => true,
  ): Promise<PeerName> {
    const store = stores[0] ?? (await open(world.folders[STAGE]![0]!))
    const source = stateSource({ store, stage: STAGE }, { tip: world.tips[STAGE]![ROUNDS]! })
    const name = world.seats[STAGE]![k]!.peer
    const snapshotPiece: StateSource['snapshotPiece'] = async (round, offset, bytes) => {
      const piece = await source.snapshotPiece(round, offset, bytes)
      return piece === null ? null : change(piece)
    }
    const snapshot: StateSource['snapshot'] = round => (holds(round) ? source.snapshot(round) : null)
    speak(name, { ...source, snapshot, snapshotPiece }, [])
    return name
  }

  function speak(name: PeerName, source: StateSource, refused: [string, PeerName][]): State {
    const handlers = { refused: (reason: string, from: PeerName) => void refused.push([reason, from]) }
    const parts = { ...makeSystem(), digest: digestOf, openStreams: network.streamsOf(name) }
    return new State({ source, admit: () => null, handlers }, parts)
  }

  interface Newcomer {
    /** Rounds whose certificates it was told of. */
    readonly learned: number[]
    readonly store: RoundStore
    readonly stageState: StageState
    readonly catchUp: CatchUp
    readonly told: TransferProgress[]
    readonly refused: [string, PeerName][]
    /** What a restart finds on the disk. */
    restarted(): Promise<StageState>
  }

  interface Reformed {
    readonly recoveries: readonly Recovery[]
    readonly keepers: readonly PeerName[]
    readonly anchored: readonly number[]
  }

  async function newcomer(
    siblings: readonly PeerName[],
    { recoveries, keepers, anchored }: Reformed = { recoveries: [], keepers: [], anchored: [] },
  ): Promise<Newcomer> {
    const { run, chain } = world
    const membership = recoveries.length === 0 ? world.membership : reformedBy(recoveries)
    const { key, peer } = world.seats[STAGE]![3]!
    const folder = mkdtempSync(join(scratch, 'newcomer-'))
    const store = await open(folder)
    const journal = await SigningJournal.open({
      storage: new MemoryStorage(),
      signer: peer,
      seal: payload => seal(payload, key),
      expectExisting: false,
    })
    const history = new History(membership, run, STAGE)
    const start = world.tips[STAGE]![0]!
    const initial = await newEngine(run, STAGE)
    await engine.importState(await initial.exportState())
    await initial.dispose()
    const stageState = new StageState({ run: run.id, stage: STAGE, engine, store, journal, start, tip: start })
    const [told, refused]: [TransferProgress[], [string, PeerName][]] = [[], []]
    const learned: number[] = []
    const catchUp = new CatchUp({
      stage: STAGE,
      partitions: engine.shape.partitions,
      stateBytes: (await engine.exportState()).length,
      state: speak(peer, stateSource({ store, stage: STAGE }, stageState), refused),
      stageState,
      store,
      history,
      siblings: () => siblings,
      keepers: () => keepers,
      anchors: async () => ({
        posted: chain.posted.filter(({ stage, toRound }) => stage === STAGE && anchored.includes(toRound)),
        headHeight: chain.head,
      }),
      onCertificate: async ({ value }) => void learned.push(value.scope.round),
      onProgress: () => undefined,
      onTransfer: progress => told.push(progress),
    })
    const restarted = async (): Promise<StageState> => {
      await stageState.flush()
      await store.close()
      stores.splice(stores.indexOf(store), 1)
      const again = await open(folder)
      const second = await newEngine(run, STAGE)
      const restored = { run, stage: STAGE, folder, engine: second, store: again, journal, history, membership }
      const result = await restoreState({ ...restored, signal: SIGNAL })
      await second.dispose()
      return result
    }
    return { store, stageState, catchUp, learned, told, refused, restarted }
  }

  /** The seats as they are, but the stage was re-formed. */
  function reformedBy(recoveries: readonly Recovery[]): Membership {
    return new Proxy(world.membership, {
      get(target, name) {
        if (name === 'recoveries') return () => recoveries
        const found: unknown = Reflect.get(target, name, target)
        return typeof found === 'function' ? found.bind(target) : found
      },
    })
  }

  const manifests = (): unknown[] =>
    network.log.flatMap(({ header }) =>
      typeof header === 'object' &&
      header !== null &&
      'type' in header &&
      header.type === 'manifest' &&
      'round' in header
        ? [header.round]
        : [],
    )

  it('takes a snapshot where the aggregates are gone, replays what follows, and keeps both over a restart', async () => {
    const { store, stageState, catchUp, learned, told, restarted } = await newcomer([await sibling(0)])
    expect(await catchUp.run(SIGNAL)).to.equal('snapshot')
    // Each is looked through for what the own key signed, also those before the snapshot.
    expect([...new Set(learned)]).to.deep.equal(Array.from({ length: ROUNDS }, (_, index) => index + 1))
    expect(stageState.tip).to.deep.equal(world.tips[STAGE]![ROUNDS])
    expect(store.snapshots.map(({ round }) => round)).to.deep.equal([4])
    expect(store.unfinished).to.equal(null)
    expect(told.map(({ bytes, of }) => bytes / of)).to.deep.equal([0, 1])
    expect((await restarted()).tip).to.deep.equal(world.tips[STAGE]![ROUNDS])
  })

  it('goes on with what an interrupted transfer has left, though a newer snapshot is there', async () => {
    const { store, stageState, catchUp } = await newcomer([await sibling(0)])
    const head = stores[0]!.snapshots.find(({ round }) => round === 2)!
    await (await store.incoming({ ...head, fullRoot: head.fullRoot! })).close()
    expect(await catchUp.run(SIGNAL)).to.equal('snapshot')
    expect(manifests()).to.deep.equal([2])
    expect(stageState.tip).to.deep.equal(world.tips[STAGE]![ROUNDS])
  })

  it('frees a state that it exported once its snapshot is on the disk', async () => {
    const { store, stageState, catchUp } = await newcomer([await sibling(0)])
    const head = stores[0]!.snapshots.find(({ round }) => round === 2)!
    await (await store.incoming({ ...head, fullRoot: head.fullRoot! })).close()
    const exported: Uint8Array[] = []
    const exportState = engine.exportState.bind(engine)
    engine.exportState = async options => {
      const state = await exportState(options)
      exported.push(state)
      return state
    }
    try {
      await catchUp.run(SIGNAL)
      await stageState.flush()
    } finally {
      engine.exportState = exportState
    }
    expect(store.snapshots.map(({ round }) => round)).to.deep.equal([4, 2])
    expect(exported.map(({ byteLength }) => byteLength)).to.deep.equal([0])
  })

  it('takes the newest where nobody has the rest of an interrupted one any more, and drops that', async () => {
    const forgetful = await sibling(0, undefined, round => round !== 2)
    const { store, stageState, catchUp } = await newcomer([forgetful])
    const head = stores[0]!.snapshots.find(({ round }) => round === 2)!
    await (await store.incoming({ ...head, fullRoot: head.fullRoot! })).close()
    expect(await catchUp.run(SIGNAL)).to.equal('snapshot')
    expect(manifests()).to.deep.equal([2, 4])
    expect(store.unfinished).to.equal(null)
    expect(stageState.tip).to.deep.equal(world.tips[STAGE]![ROUNDS])
  })

  it('tells a sibling that gives a wrong chunk by name, and goes on with another', async () => {
    const liar = await sibling(1, bytes => bytes.map(byte => byte ^ 1))
    const { stageState, catchUp, refused } = await newcomer([liar, await sibling(0)])
    expect(await catchUp.run(SIGNAL)).to.equal('snapshot')
    expect(refused).to.deep.equal([['wrong-hash', liar]])
    expect(stageState.tip).to.deep.equal(world.tips[STAGE]![ROUNDS])
  })

  describe('a stage that nobody is left of, re-formed from the checkpoint of round 2', () => {
    const BASE = 2
    const recovered = (): Recovery => ({
      ...{ stage: STAGE, epoch: 2, resume: 9, seats: [], claimants: [], isAttested: false },
      base: { round: BASE, ...world.tips[STAGE]![BASE]!.parent },
      keepers: world.seats[1]!.map(({ peer }) => peer),
    })

    /** A seat of the next stage that keeps what the first seat of this one has had. @param from - first round of which it has the certificate */
    async function keeper(k: number, from = 1): Promise<PeerName> {
      const store = stores[0] ?? (await open(world.folders[STAGE]![0]!))
      const heads = store.snapshots.filter(({ round }) => round === BASE)
      const kept = { stage: STAGE, heads, piece: store.snapshotPiece.bind(store) }
      const source = stateSource({ store, stage: 1 }, { tip: world.tips[1]![ROUNDS]! }, () => kept)
      const name = world.seats[1]![k]!.peer
      speak(
        name,
        {
          ...source,
          oldest: () => from,
          certificates: async range => (range.from < from ? [] : source.certificates(range)),
        },
        [],
      )
      return name
    }

    it('takes it from a keeper, with the certificates that lead to it, and goes on from there', async () => {
      const reformed = { recoveries: [recovered()], keepers: [await keeper(0)], anchored: [] }
      const { stageState, catchUp, store } = await newcomer([], reformed)
      expect(await catchUp.run(SIGNAL)).to.equal('snapshot')
      const { round, epoch, state, parent } = stageState.tip
      expect([round, epoch]).to.deep.equal([8, 2])
      expect([state, parent]).to.deep.equal([world.tips[STAGE]![BASE]!.state, world.tips[STAGE]![BASE]!.parent])
      expect(store.snapshots.map(head => head.round)).to.deep.equal([BASE])
      expect(await engine.fullRoot()).to.deep.equal(store.snapshots[0]!.fullRoot)
    })

    it('begins at an anchored round where keepers have no certificates before it', async () => {
      const reformed = { recoveries: [recovered()], keepers: [await keeper(0, BASE)], anchored: [BASE] }
      const { stageState, catchUp } = await newcomer([], reformed)
      expect(await catchUp.run(SIGNAL)).to.equal('snapshot')
      expect(stageState.tip.link).to.deep.equal(world.tips[STAGE]![BASE]!.link)
      expect(stageState.tip.round).to.equal(8)
    })

    it('waits where no keeper has it, and asks nobody where its members have what it goes on from', async () => {
      const without = await newcomer([], {
        recoveries: [recovered()],
        keepers: [world.seats[1]![3]!.peer],
        anchored: [],
      })
      expect(await without.catchUp.run(SIGNAL)).to.equal('nothing')
      expect(without.stageState.tip.round).to.equal(0)
      const asked = network.log.length
      const byClaims = { recoveries: [{ ...recovered(), keepers: [] }], keepers: [await keeper(0)], anchored: [] }
      expect(await (await newcomer([], byClaims)).catchUp.run(SIGNAL)).to.equal('nothing')
      expect(network.log).to.have.length(asked)
    })
  })
})
