import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { PostedAnchor } from '../../../consensus/chain/types.ts'
import { newEngine, readRounds } from '../../../node/export/history.ts'
import { assembleModel, openSources } from '../../../node/export/model.ts'
import { type RoundStore, SigningJournal } from '../../../node/journal/index.ts'
import { newestAnchors } from '../../../node/peer/anchor-pages.ts'
import { CatchUp } from '../../../node/peer/catch-up.ts'
import { digestOf } from '../../../node/peer/digest.ts'
import { History } from '../../../node/peer/history.ts'
import { stateSource } from '../../../node/peer/policies.ts'
import { restoreState } from '../../../node/peer/restore.ts'
import type { StageState } from '../../../node/peer/stage-state.ts'
import { readSeat } from '../../../node/run/folder.ts'
import { type Verified, verifyFolder } from '../../../node/verify/verify.ts'
import { State } from '../../../protocols/state/index.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { FakeNetwork } from '../../protocols/fake-streams.ts'
import { MemoryStorage } from '../journal/memory-storage.ts'
import { buildWorld, FakeChain, hashOf, openStore, ROUNDS, type World } from './world.ts'

const SIGNAL = AbortSignal.any([])
const STAGE = 0
/** Kept are this round, which is anchored, and those after it. */
const KEPT_FROM = 2

describe('a history whose beginning is no longer kept', () => {
  let scratch: string
  let world: World
  let copies = 0

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'swarm-pruned-'))
    world = await buildWorld(join(scratch, 'world'))
  })
  after(() => rmSync(scratch, { recursive: true }))

  /** A copy of the folder of a stage's first peer, which keeps snapshots, without the certificates before `from`. */
  async function pruned(stage: number, from = KEPT_FROM): Promise<string> {
    const folder = join(scratch, `copy-${copies++}`)
    cpSync(world.folders[stage]![0]!, folder, { recursive: true })
    const whole = await readRounds(folder, world.run, stage)
    const rounds = join(folder, 'rounds')
    for (const name of readdirSync(rounds)) if (name.startsWith('certificates-')) rmSync(join(rounds, name))
    const store = await openStore(folder, world.run, stage)
    for (let of = 0; of < world.run.manifest.stages; of++) {
      for (const { round, certificate } of await whole.certificates({ stage: of, from, to: ROUNDS }))
        await store.putCertificate(of, round, certificate)
    }
    await whole.close()
    await store.close()
    return folder
  }

  /** The world's chain with these anchors. */
  function chainWith(posted: readonly PostedAnchor[]): FakeChain {
    const chain = new FakeChain(
      world.seats.flat().map(({ peer }, index) => ({ peer, account: `account ${index}`, stake: 1000n })),
    )
    chain.run = world.run.id
    chain.posted = [...posted]
    return chain
  }

  describe('verified', () => {
    function verify(data: string, chain: FakeChain): Promise<Verified> {
      return verifyFolder({ data, connect: async () => chain, onReport: () => undefined, signal: SIGNAL })
    }

    function wrong({ reports }: Verified): string[] {
      return reports.filter(report => report.holds === false).map(report => report.check)
    }

    it('holds from the anchored round on, and says what vouches for the rounds before', async () => {
      const verified = await verify(await pruned(STAGE), world.chain)
      expect(wrong(verified)).to.deep.equal([])
      expect(verified.extent).to.deep.equal({ certified: ROUNDS, final: 4 })
      const chain = verified.reports.find(({ check }) => check === 'hash-chain')
      expect(chain?.detail).to.include('stage 0 5 from 2, before which the anchor on the chain vouches')
      expect(verified.reports.find(({ check }) => check === 'state')?.detail).to.match(/stage 0 to round 5/)
    })

    it('does not hold where no anchor is of a round that is kept', async () => {
      const verified = await verify(await pruned(STAGE), chainWith([]))
      expect(wrong(verified)).to.deep.equal(['hash-chain'])
      const faults = verified.reports.find(({ check }) => check === 'hash-chain')?.faults
      expect(faults?.map(({ what }) => what).join()).to.include('rounds before 2 are not held')
    })

    it('begins at the link that most members anchored, whatever one of them says', async () => {
      const [honest, liar, other] = world.seats[STAGE]!
      const [at2, at4] = world.chain.posted.filter(({ stage }) => stage === STAGE)
      const others = world.chain.posted.filter(({ stage }) => stage !== STAGE)
      const lie = { ...at2!, peer: liar!.peer, link: hashOf('a lie') }
      const posted = [lie, { ...at2!, peer: honest!.peer }, { ...at4!, peer: other!.peer }, ...others]
      const verified = await verify(await pruned(STAGE), chainWith(posted))
      expect(wrong(verified)).to.deep.equal(['anchors'])
      expect(verified.reports.find(({ check }) => check === 'anchors')?.faults[0]?.what).to.include(liar!.peer)
    })
  })

  it('gives the same model as the whole', async () => {
    const models = []
    for (const folders of [world.folders.map(own => own[1]!), [await pruned(0), await pruned(1)]]) {
      const sources = await openSources(folders, world.run, readSeat)
      models.push(await assembleModel(sources, world.run, SIGNAL))
      for (const { store } of sources) await store.close()
    }
    expect(models[1]).to.deep.equal(models[0])
  })

  /** A peer of the stage on this store, as it is after a start. */
  async function start(store: RoundStore): Promise<{ stageState: StageState; history: History }> {
    const { run, membership } = world
    const { key, peer } = world.seats[STAGE]![0]!
    const engine = await newEngine(run, STAGE)
    const journal = await SigningJournal.open({
      storage: new MemoryStorage(),
      signer: peer,
      seal: payload => seal(payload, key),
      expectExisting: false,
    })
    const history = new History(membership, run, STAGE)
    const init = {
      run,
      stage: STAGE,
      folder: 'the folder',
      engine,
      store,
      journal,
      history,
      membership,
      signal: SIGNAL,
    }
    return { stageState: await restoreState(init), history }
  }

  it('is where a peer goes on after a restart', async () => {
    const store = await openStore(await pruned(STAGE), world.run, STAGE)
    const { stageState } = await start(store)
    expect(stageState.tip).to.deep.equal(world.tips[STAGE]![ROUNDS])
    await store.close()
  })

  it('is refused where nothing says what the missing rounds led to', async () => {
    const store = await openStore(await pruned(STAGE, 5), world.run, STAGE)
    const failed = await start(store).catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(Error).with.property('message').that.includes('nothing says what the rounds before')
    await store.close()
  })

  describe('asked for by a newcomer', () => {
    const opened: RoundStore[] = []
    afterEach(() => Promise.all(opened.splice(0).map(store => store.close())))

    /** A newcomer with an empty disk and two siblings that keep only so much. */
    async function newcomer(chain: FakeChain) {
      const network = new FakeNetwork()
      const clock = new VirtualClock()
      const [self, ...siblings] = world.seats[STAGE]!.slice(0, 3).map(({ peer }) => peer)
      for (const sibling of siblings) {
        const store = await openStore(await pruned(STAGE), world.run, STAGE)
        opened.push(store)
        const { stageState } = await start(store)
        const source = stateSource({ store, stage: STAGE }, stageState)
        new State({ source, admit: () => null }, { clock, digest: digestOf, openStreams: network.streamsOf(sibling) })
      }
      const store = await openStore(join(scratch, `copy-${copies++}`), world.run, STAGE)
      opened.push(store)
      const { stageState, history } = await start(store)
      const engine = await newEngine(world.run, STAGE)
      const counts = ({ peer, block }: PostedAnchor) => world.membership.hadSeat(peer, STAGE, block.height)
      const catchUp = new CatchUp({
        stage: STAGE,
        partitions: engine.shape.partitions,
        stateBytes: (await engine.exportState()).length,
        state: new State(
          { source: stateSource({ store, stage: STAGE }, stageState), admit: () => null },
          { clock, digest: digestOf, openStreams: network.streamsOf(self!) },
        ),
        stageState,
        store,
        history,
        keepers: () => [],
        siblings: () => siblings,
        anchors: signal => newestAnchors(chain, { run: world.run.id, stage: STAGE, afterHeight: 0, counts }, signal),
        onCertificate: async () => undefined,
        onProgress: () => undefined,
        onTransfer: () => undefined,
      })
      return { catchUp, stageState, store }
    }

    it('lets it begin at an anchored round, by a snapshot, with the same history from there on', async () => {
      const { catchUp, stageState, store } = await newcomer(world.chain)
      expect(await catchUp.run(SIGNAL)).to.equal('snapshot')
      expect(stageState.tip).to.deep.equal(world.tips[STAGE]![ROUNDS])
      expect(store.oldest(STAGE)).to.equal(KEPT_FROM)
      await stageState.flush()
      const again = await start(store)
      expect(again.stageState.tip).to.deep.equal(world.tips[STAGE]![ROUNDS])
    })

    it('gives it nothing where the chain has no anchor: it does not take their word for the history', async () => {
      const { catchUp, stageState } = await newcomer(chainWith([]))
      expect(await catchUp.run(SIGNAL)).to.equal('nothing')
      expect(stageState.tip.round).to.equal(0)
    })
  })
})
