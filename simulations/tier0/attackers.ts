/** Gives dishonest peers their hands: their own key, their own network, what they hear, and each other. */

import type { PeerName } from '../../protocols/wire/messages.ts'
import type { Attack, Hands, Parameters } from '../attackers/types.ts'
import { RandomStream } from '../kernel/random.ts'
import type { SimPeer } from './peer.ts'
import type { World } from './world.ts'

export function scheduleAttackers(world: World, attacks: Readonly<Record<string, Attack>>): void {
  for (const { attack: name, peers, fromMs, with: parameters = {} } of world.scenario.attackers) {
    const attack = attacks[name]
    if (attack === undefined) throw new RangeError(`tier 0 has no attack ${name}`)
    const colluders: Hands[] = []
    for (const index of peers) {
      const peer = world.peers[index]
      if (peer === undefined) throw new RangeError(`no peer ${index}`)
      colluders.push(handsOf(world, peer, attack, colluders))
    }
    world.time.at(fromMs, () => begin(world, attack, colluders, parameters))
  }
}

function begin(world: World, attack: Attack, colluders: readonly Hands[], parameters: Parameters): void {
  for (const hands of colluders) {
    const peer = world.peers[hands.index]
    if (peer !== undefined) peer.behaviour = attack.start(hands, parameters)
  }
}

function handsOf(world: World, peer: SimPeer, attack: Attack, colluders: readonly Hands[]): Hands {
  const targets = (to: readonly PeerName[]): SimPeer[] => to.flatMap(name => world.peerOf(name) ?? [])
  return {
    index: peer.index,
    name: peer.name,
    stage: peer.stage,
    siblings: peer.siblings.map(other => other.name),
    random: new RandomStream(world.scenario.seed, `liar/${attack.name}/${peer.index}`),
    colluders,
    round: () => peer.inbox?.current?.state ?? null,
    sign: payload => peer.key.sign(payload),
    send: (to, signed, attachments) => peer.broadcast(targets(to), signed, attachments),
    acts: () => {
      const round = peer.inbox?.round ?? 0
      world.recorder.emit({ type: 'attacked', atMs: world.time.nowMs, peer: peer.index, attack: attack.name, round })
    },
    spread: certificate => world.gossip.certificate(peer, certificate),
    pretend: certificate => {
      peer.gives.pretended = certificate
    },
    sendMalformed: (to, bytes) => {
      for (const target of targets(to))
        world.send(peer, target, 'malformed', 0, Math.min(bytes, 1_000_000), 'control', () =>
          target.tell.refused(bytes > 1_000_000 ? 'too-large' : 'bad-encoding', peer.name, `a frame of ${bytes} bytes`),
        )
    },
    give: (to, root, partition, bytes) => {
      const round = peer.inbox?.round ?? 0
      for (const name of to) peer.scatters.give(name, { round, author: peer.name, root, partition }, bytes)
    },
    hear: (signed, attachments) => {
      const run = peer.inbox?.current
      peer.after(0, () => (run?.isDisposed === false ? run.hear(signed, attachments) : undefined))
    },
    after: (delayMs, run) => peer.after(delayMs, run),
  }
}
