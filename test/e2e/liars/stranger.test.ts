/** A peer without a bond, and bytes that are no messages: refused, counted, and nobody stumbles over them. */
import { expect } from 'chai'
import { ACTIVATIONS_PROTOCOL } from '../../../protocols/activations/index.ts'
import { AGREEMENT_PROTOCOL } from '../../../protocols/agreement/index.ts'
import { REDUCE_PROTOCOL } from '../../../protocols/reduce/index.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import { smallHash, ZERO_HASH } from '../../../protocols/wire/hash.ts'
import type { Scope } from '../../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../../protocols/wire/refusals.ts'
import { expectOneHistory, Swarm } from '../harness/index.ts'
import { Stranger } from './stranger.ts'

const FURTHER_ROUNDS = 2
const FRAME_BYTES_MAX = 0xff_ff_ff_ff

describe('a peer without a bond among those that have one', () => {
  let swarm: Swarm
  let stranger: Stranger
  /** Of stage 1: it is the one that takes activations. */
  let victim: number
  let peer: string

  before(async () => {
    swarm = await Swarm.create()
    await swarm.startAndTrain()
    stranger = await Stranger.start()
    victim = swarm.replicasOf(1)[0]!
    peer = swarm.peers[victim]!.peer
    await stranger.dial(peer, swarm.address(victim))
  })
  after(async () => {
    await stranger?.stop()
    await swarm?.stopAll()
  })

  /** The round that the victim's stage, or the one before it, works on. */
  function scope(stage: number): Promise<Scope> {
    const { round, epoch } = swarm.log.of('round.started').findLast(event => event.stage === stage)!
    return swarm.roles.scope({ stage, round, epoch }, AbortSignal.timeout(10_000))
  }

  /** The event by which the victim tells that it refused the stranger for this reason. */
  async function counted(reason: RefusalReason, since: number): Promise<void> {
    await swarm.waitFor(
      'refused',
      event => event.peerIndex === victim && event.reason === reason && event.peer === stranger.name,
      `'${reason}' to be counted`,
      { since },
    )
  }

  it('has no vote', async () => {
    const since = swarm.log.mark
    const vote = { kind: 'prevote', scope: await scope(1), view: 0, value: null, validView: -1 } as const
    const { envelope } = await seal(vote, stranger.key)
    const header = { type: 'messages', fresh: true, parcels: [{ envelope, attachments: [] }] }
    expect(await stranger.request(peer, AGREEMENT_PROTOCOL, header)).to.include({ refused: 'no-seat' })
    await counted('no-seat', since)
  })

  it('scatters no partitions', async () => {
    const header = { type: 'scatter', scope: await scope(1), author: stranger.name, root: ZERO_HASH, partition: 0 }
    const reply = await stranger.request(peer, REDUCE_PROTOCOL, header, new Uint8Array(64))
    expect(reply).to.include({ refused: 'no-seat' })
  })

  it('sends no activations', async () => {
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
    const frame = {
      tensor: { kind: 'forward', dtype: 'f32', shape, attachments: [envelope] },
      lossMicronats: 0,
      settledBelow: 0,
    }
    expect(await stranger.request(peer, ACTIVATIONS_PROTOCOL, frame, tensor)).to.include({ refused: 'no-seat' })
  })

  it('ends its stream with a frame that is too long', async () => {
    const since = swarm.log.mark
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, FRAME_BYTES_MAX, true)
    await stranger.babble(peer, REDUCE_PROTOCOL, length)
    await counted('too-large', since)
  })

  it('ends its stream with a frame that is none', async () => {
    const since = swarm.log.mark
    await stranger.babble(peer, AGREEMENT_PROTOCOL, Uint8Array.of(9, 0, 0, 0, 77, 1, 2, 3, 4, 5, 6, 7, 8))
    await counted('bad-encoding', since)
  })

  it('hinders nobody', async () => {
    const rounds = swarm.certifiedBy(victim) + FURTHER_ROUNDS
    await swarm.until(() => swarm.certifiedBy(victim) >= rounds, `round ${rounds} of the peer that was talked to`)
    expectOneHistory(swarm)
  })
})
