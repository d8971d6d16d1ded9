/** What a liar of tier 1 holds: its key, its network, what its own round's machine knows, and each other. */
import { AGREEMENT_PROTOCOL } from '../../protocols/agreement/index.ts'
import { encodeCertificate } from '../../protocols/wire/certificate.ts'
import { open } from '../../protocols/wire/envelope.ts'
import type { PeerName, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Hands } from '../attackers/types.ts'
import { RandomStream } from '../kernel/random.ts'
import type { Life, SimPeer } from './peer.ts'
import { sealNow } from './seal.ts'
import type { World } from './world.ts'

/** Frames are refused by their length prefix; nobody needs all the bytes. */
const FRAME_MAX_BYTES = 1_000_000
const PATIENCE_MS = 5_000

export function handsOf(world: World, peer: SimPeer, attack: string, colluders: readonly Hands[]): Hands {
  const { index, name, stage } = peer
  const key = world.identities[index]!.key
  /** Runs for the liar while it is up; a liar that is down does nothing. */
  const live = (work: (life: Life) => void): void => {
    const { life } = peer
    if (life !== null) life.process.run(() => work(life))
  }
  return {
    index,
    name,
    stage,
    siblings: world.peers.filter(other => other.stage === stage && other !== peer).map(other => other.name),
    random: new RandomStream(world.scenario.seed, `liar/${attack}/${index}`),
    colluders,
    round: () => peer.life?.parts?.inbox.current?.state ?? null,
    sign: payload => sealNow(payload, key),
    send: (to, signed, attachments) =>
      live(({ parts }) => parts?.agreement.broadcast({ signed, attachments }, [...to])),
    acts: () => {
      const round = peer.life?.parts?.inbox.round ?? 0
      world.recorder.emit({ type: 'attacked', atMs: world.time.nowMs, peer: index, attack, round })
    },
    spread: certificate =>
      live(
        ({ parts }) =>
          void parts?.gossip.publish(certificate.value.scope.stage, 'certificate', encodeCertificate(certificate)),
      ),
    // Who catches up here asks the round store, which a liar has no hand on; gossip is how it is told.
    pretend: certificate =>
      live(
        ({ parts }) =>
          void parts?.gossip.publish(certificate.value.scope.stage, 'certificate', encodeCertificate(certificate)),
      ),
    sendMalformed: (to, bytes) => live(life => void babble(life, to, bytes)),
    give: (to, root, partition, bytes) =>
      live(({ parts }) => {
        const scope = parts?.inbox.current?.state.context.scope
        if (parts === null || scope === undefined) return
        for (const one of to) void parts.reduce.scatter(one, { scope, author: name, root, partition }, bytes)
      }),
    hear: (signed, attachments) => live(life => void hear(life, name, signed, attachments)),
    after: (delayMs, run) => live(({ process }) => process.after(delayMs, run)),
  }
}

async function hear(
  { parts }: Life,
  self: PeerName,
  signed: Signed,
  attachments: readonly Uint8Array[],
): Promise<void> {
  const opened = await Promise.all(attachments.map(envelope => open(envelope)))
  parts?.inbox.message(
    self,
    signed,
    opened.flatMap(one => (isRefusal(one) ? [] : [one])),
  )
}

/** Bytes that are no frame of the control protocol: too short a one of an unknown type, or one longer than allowed. */
async function babble({ network }: Life, to: readonly PeerName[], bytes: number): Promise<void> {
  const frame = new Uint8Array(8 + Math.min(bytes, FRAME_MAX_BYTES)).fill(77)
  new DataView(frame.buffer).setUint32(0, bytes, true)
  for (const peer of to) {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    try {
      const connection = await network?.dialPeer(peer, { signal })
      const stream = await connection?.newStream(AGREEMENT_PROTOCOL, { signal })
      stream?.send(frame)
    } catch {
      // The peer has hung up on it before, which is its right.
    }
  }
}
