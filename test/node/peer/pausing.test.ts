import { expect } from 'chai'
import type { RoundContext } from '../../../consensus/round/types.ts'
import { PauseRequest } from '../../../node/peer/pause-request.ts'
import { Pausing } from '../../../node/peer/pausing.ts'
import { firstTip, type Tip } from '../../../node/peer/tip.ts'
import type { Change, PeerName } from '../../../protocols/wire/messages.ts'
import { makeContext, Signer } from '../../consensus/round/fixtures.ts'
import { Members } from '../../consensus/round/members.ts'
import { settle, VirtualClock } from '../../protocols/discovery/virtual-clock.ts'
import { hashOf } from '../../protocols/wire/samples.ts'
import { peer } from './messages.ts'

const SELF = peer(0)
const EPOCH_BLOCKS = 10

interface Scene {
  readonly pausing: Pausing
  readonly clock: VirtualClock
  readonly told: string[]
  tip: Tip
  /** Seats that said that they pause. */
  asking: number
  /** Enough siblings are connected. */
  canGoOn: boolean
  isOver(): Promise<boolean>
}

function open(): Scene {
  const told: string[] = []
  const clock = new VirtualClock()
  const start = { height: 1, hash: hashOf('block') }
  const stageState = { tip: { ...firstTip(hashOf('state'), start), round: 7, epoch: 3 } }
  const counts = { asking: 1, canGoOn: true }
  const pausing = new Pausing({
    self: SELF,
    clock,
    stageState,
    membership: { startOf: epoch => epoch * EPOCH_BLOCKS },
    wishes: { pausing: () => counts.asking },
    canGoOn: () => counts.canGoOn,
    reporter: {
      pausing: (_, round) => told.push(`pausing ${round}`),
      paused: (_, round, untilHeight) => told.push(`paused ${round} until ${untilHeight}`),
    },
  })
  let isOver = false
  void pausing.over.then(() => (isOver = true))
  return {
    pausing,
    clock,
    told,
    get tip() {
      return stageState.tip
    },
    set tip(tip) {
      stageState.tip = tip
    },
    set asking(count: number) {
      counts.asking = count
    },
    set canGoOn(canGoOn: boolean) {
      counts.canGoOn = canGoOn
    },
    async isOver() {
      await settle()
      return isOver
    },
  }
}

const stage = new Members(new Signer(), makeContext(null, [0, 1, 2, 3].map(peer), 1))
const context = contextOf()

function contextOf(paused: readonly PeerName[] = []): RoundContext {
  const base = stage.context({ paused: new Map(paused.map(name => [name, 3])) })
  return { ...base, scope: { ...base.scope, epoch: 3 } }
}

const run = (told: string[], of = context) => ({
  round: 8,
  context: of,
  pause: () => void told.push('work handed over'),
})
const decide = (scene: Scene, changes: readonly Change[], epoch = 3): void => {
  scene.tip = { ...scene.tip, round: scene.tip.round + 1, epoch, decided: changes }
  scene.pausing.roundEnded()
}

describe('a peer that was asked to pause', () => {
  it('hands its work over and ends with the round that decides it, its seat kept until two epochs on', async () => {
    const scene = open()
    scene.pausing.begin(run(scene.told))
    expect(scene.told).to.deep.equal(['pausing 8', 'work handed over'])
    expect(await scene.isOver()).to.equal(false)
    decide(scene, [{ peer: SELF, act: 'pause' }])
    expect(await scene.isOver()).to.equal(true)
    scene.pausing.tell()
    expect(scene.told.at(-1)).to.equal('paused 8 until 50')
  })

  it('ends after eight rounds that have not decided it, and says so', async () => {
    const scene = open()
    scene.pausing.begin(run(scene.told))
    for (let round = 0; round < 8; round++) {
      expect(await scene.isOver(), `${round} rounds`).to.equal(false)
      decide(scene, [{ peer: SELF, act: 'remove-left' }])
    }
    expect(await scene.isOver()).to.equal(true)
    scene.pausing.tell()
    expect(scene.told.at(-1)).to.equal('paused 15 until null')
  })

  it('ends with its round where no value may carry the pause', async () => {
    for (const paused of [peer(1), SELF]) {
      const scene = open()
      scene.pausing.begin(run(scene.told, contextOf([paused])))
      expect(await scene.isOver()).to.equal(false)
      decide(scene, [])
      expect(await scene.isOver()).to.equal(true)
    }
  })

  it('asked between two rounds, tells the next one, and ends with the one that decides it', async () => {
    const scene = open()
    const seated = run(scene.told, { ...context, self: SELF })
    scene.pausing.opened(seated)
    expect([scene.told, scene.pausing.isAsked]).to.deep.equal([[], false])
    scene.pausing.beginWithNext()
    scene.pausing.roundEnded()
    expect([await scene.isOver(), scene.pausing.isAsked]).to.deep.equal([false, true])
    scene.pausing.opened(seated)
    expect(scene.told).to.deep.equal(['pausing 8', 'work handed over'])
    decide(scene, [])
    scene.pausing.opened(seated)
    expect(scene.told.length, 'told once, handed over in every round').to.equal(3)
    decide(scene, [{ peer: SELF, act: 'pause' }])
    expect(await scene.isOver()).to.equal(true)
  })

  it('asked between two rounds, ends where no other begins, within a minute', async () => {
    const scene = open()
    scene.pausing.beginWithNext()
    scene.pausing.opened(null)
    expect(await scene.isOver()).to.equal(true)

    const unseated = open()
    unseated.pausing.beginWithNext()
    unseated.pausing.opened(run(unseated.told))
    expect([await unseated.isOver(), unseated.told]).to.deep.equal([true, []])

    const stuck = open()
    stuck.pausing.beginWithNext()
    await stuck.clock.advance(59_999)
    expect(await stuck.isOver()).to.equal(false)
    await stuck.clock.advance(1)
    expect(await stuck.isOver()).to.equal(true)
  })

  it('ends within a minute where no round ends', async () => {
    const scene = open()
    scene.pausing.begin(run(scene.told))
    await scene.clock.advance(59_999)
    expect(await scene.isOver()).to.equal(false)
    await scene.clock.advance(1)
    expect(await scene.isOver()).to.equal(true)
  })

  it('ends at once where it takes part in no round, where more than f pause, and where too few are there', async () => {
    const idle = open()
    idle.pausing.begin(null)
    expect(await idle.isOver()).to.equal(true)

    const scene = open()
    scene.asking = 2
    scene.pausing.look(context)
    expect(await scene.isOver(), 'it was not asked itself').to.equal(false)
    scene.asking = 1
    scene.pausing.begin(run(scene.told))
    scene.pausing.look(context)
    expect(await scene.isOver()).to.equal(false)
    scene.asking = 2
    scene.pausing.look(context)
    expect(await scene.isOver()).to.equal(true)

    const alone = open()
    alone.pausing.begin(run(alone.told))
    alone.canGoOn = false
    alone.pausing.look(context)
    expect(await alone.isOver()).to.equal(true)
  })
})

describe('the wish for a pause', () => {
  it('goes to the rounds while there are some, and else just stops the peer', async () => {
    for (const inRounds of [true, false]) {
      const asked = new AbortController()
      const request = new PauseRequest(asked.signal)
      let heard = 0
      const rounds = Promise.withResolvers<void>()
      const over = request.during(
        () => heard++,
        () => rounds.promise,
      )
      if (inRounds) asked.abort()
      rounds.resolve()
      await over
      if (!inRounds) asked.abort()
      expect(heard).to.equal(inRounds ? 1 : 0)
      expect(request.stop.aborted).to.equal(!inRounds)
      expect(request.isAsked).to.equal(true)
    }
  })

  it('from before the start stops the peer, and none does nothing', () => {
    expect(new PauseRequest(AbortSignal.abort()).stop.aborted).to.equal(true)
    const never = new PauseRequest(undefined)
    expect([never.isAsked, never.stop.aborted]).to.deep.equal([false, false])
  })
})
