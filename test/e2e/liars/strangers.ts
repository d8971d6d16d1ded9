/** What a peer without a bond may say, and bytes that are no messages: refused, counted, and nobody stumbles over them. */
import { expect } from 'chai'
import { ACTIVATIONS_PROTOCOL } from '../../../protocols/activations/index.ts'
import { AGREEMENT_PROTOCOL } from '../../../protocols/agreement/index.ts'
import { REDUCE_PROTOCOL } from '../../../protocols/reduce/index.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { smallHash, ZERO_HASH } from '../../../protocols/wire/hash.ts'
import type { PeerName, Scope } from '../../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../../protocols/wire/refusals.ts'
import { expectOneHistory, type Swarm } from '../harness/index.ts'
import { Stranger } from './stranger.ts'

const FURTHER_ROUNDS = 2
/** Length prefix of a frame beyond every limit. */
const TOO_LONG = Uint8Array.of(0xff, 0xff, 0xff, 0xff)
/** A whole frame of a type that there is none of. */
const NO_FRAME = Uint8Array.of(9, 0, 0, 0, 77, 1, 2, 3, 4, 5, 6, 7, 8)

/** Tests of a running swarm. */
export function itRefusesStrangers(getSwarm: () => Swarm): void {
  let swarm: Swarm
  let stranger: Stranger
  /** Of stage 1: it is the one that takes activations. */
  let victim: number
  let peer: PeerName

  before(async () => {
    swarm = getSwarm()
    stranger = await Stranger.start()
    victim = swarm.replicasOf(1)[0]!
    peer = swarm.peers[victim]!.peer
    await stranger.dial(peer, swarm.address(victim))
  })
  after(() => stranger?.stop())

  /** The round that a stage works on. */
  function scope(stage: number): Promise<Scope> {
    const { round, epoch } = swarm.log.of('round.started').findLast(event => event.stage === stage)!
    return swarm.roles.scope({ stage, round, epoch }, AbortSignal.timeout(10_000))
  }

  /** Waits for the event by which the victim tells that it refused the stranger for this reason. */
  async function counted(reason: RefusalReason): Promise<void> {
    await swarm.waitFor(
      'refused',
      event => event.peerIndex === victim && event.reason === reason && event.peer === stranger.name,
      `'${reason}' to be counted`,
    )
  }

  it('takes no vote of it', async () => {
    const vote = { kind: 'prevote', scope: await scope(1), view: 0, value: null, validView: -1 } as const
    const { envelope } = await seal(vote, stranger.key)
    const header = { type: 'messages', fresh: true, parcels: [{ envelope, attachments: [] }] }
    expect(await stranger.request(peer, AGREEMENT_PROTOCOL, header)).to.include({ refused: 'no-seat' })
    await counted('no-seat')
  })

  it('takes no partition of it', async () => {
    const header = { type: 'scatter', scope: await scope(1), author: stranger.name, root: ZERO_HASH, partition: 0 }
    const reply = await stranger.request(peer, REDUCE_PROTOCOL, header, new Uint8Array(64))
    expect(reply).to.include({ refused: 'no-seat' })
  })

  it('takes no activation of it', async () => {
    const { model, batch } = swarm.run.manifest
    const shape = [batch.sequences, model.sequence, model.width]
    const tensor = new Uint8Array(4 * shape.reduce((product, side) => product * side))
    const boundary = {
      kind: 'boundary',
      scope: await scope(0),
      source: stranger.name,
      sequence: 0,
      direction: 'forward',
      parent: ZERO_HASH,
      content: smallHash(tensor),
    } as const
    const { envelope } = await seal(boundary, stranger.key)
    const header = { kind: 'forward', dtype: 'f32', shape, attachments: [envelope] }
    const frame = { tensor: header, lossMicronats: 0, settledBelow: 0 }
    expect(await stranger.request(peer, ACTIVATIONS_PROTOCOL, frame, tensor)).to.include({ refused: 'no-seat' })
  })

  it('ends a stream with a frame that is too long', async () => {
    await stranger.babble(peer, REDUCE_PROTOCOL, TOO_LONG)
    await counted('too-large')
  })

  it('ends a stream with a frame that is none', async () => {
    await stranger.babble(peer, AGREEMENT_PROTOCOL, NO_FRAME)
    await counted('bad-encoding')
  })

  it('goes on where it was talked to', async () => {
    const round = swarm.certifiedBy(victim) + FURTHER_ROUNDS
    await swarm.until(() => swarm.certifiedBy(victim) >= round, `round ${round} of the peer that was talked to`)
    expectOneHistory(swarm)
  })
}
