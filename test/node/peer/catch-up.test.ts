import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { StageEngine } from '../../../node/engine/runtime/index.ts'
import { newEngine } from '../../../node/export/history.ts'
import { type RoundStore, SigningJournal } from '../../../node/journal/index.ts'
import { CatchUp } from '../../../node/peer/catch-up.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { History } from '../../../node/peer/history.ts'
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
    readonly store: RoundStore
    readonly stageState: StageState
    readonly catchUp: CatchUp
    readonly told: TransferProgress[]
    readonly refused: [string, PeerName][]
    /** What a restart finds on the disk. */
    restarted(): Promise<StageState>
  }

  async function newcomer(siblings: readonly PeerName[]): Promise<Newcomer> {
    const { run, membership } = world
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
    const catchUp = new CatchUp({
      stage: STAGE,
      partitions: engine.shape.partitions,
      stateBytes: (await engine.exportState()).length,
      state: speak(peer, stateSource({ store, stage: STAGE }, stageState), refused),
      stageState,
      store,
      history,
      siblings: () => siblings,
      anchors: async () => ({ posted: [], headHeight: 0 }),
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
    return { store, stageState, catchUp, told, refused, restarted }
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
    const { store, stageState, catchUp, told, restarted } = await newcomer([await sibling(0)])
    expect(await catchUp.run(SIGNAL)).to.equal('snapshot')
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
})
