/** A round that lasts is a reason to ask whether others are further (node/peer/watchdog, without promises). */
import { askedIn, askedOthers, isOvertaken } from '../../node/peer/watchdog.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { WATCH_ASKED, WATCH_INTERVAL_MS } from './constants.ts'
import type { SimPeer } from './peer.ts'
import type { SimReplica } from './replica.ts'
import { spawn, type Task, until } from './task.ts'

export function watch(peer: SimPeer, replica: SimReplica): void {
  const { life } = peer
  spawn(look(peer, replica), () => peer.life === life)
}

function* look(peer: SimPeer, replica: SimReplica): Task<void> {
  let looks = 0
  for (let last = -1; ; ) {
    yield* until<void>(resume => peer.after(WATCH_INTERVAL_MS, resume))
    const { round } = replica.inbox
    if (round === last && !replica.isCatchingUp) {
      const at = looks++
      yield* askSiblings(peer, replica, round, askedIn(at, peer.siblings, WATCH_ASKED))
      yield* fillOthers(peer, replica, round, at)
    }
    last = round
  }
}

function* askSiblings(peer: SimPeer, replica: SimReplica, round: number, siblings: readonly SimPeer[]): Task<void> {
  for (const { name } of siblings) {
    const found = yield* peer.ask(name, 'certificates', 4_000, target => {
      const [certificate] = target.gives.certificates(round, round)
      return certificate === undefined ? null : { certificate, newest: target.gives.claimedRound }
    })
    if (found === null || isRefusal(peer.world.verify(found.certificate))) continue
    const { inbox } = replica
    const inProgress = { round: inbox.round, state: inbox.current?.state ?? null }
    if (isOvertaken(inProgress, round, found.newest > round)) replica.fallBehind()
    else replica.onCertificate(name, found.certificate, null)
    return
  }
}

/** Certificates of other stages that gossip did not bring. */
function* fillOthers(peer: SimPeer, replica: SimReplica, round: number, at: number): Task<void> {
  const { world, tips } = peer
  const own = { stage: peer.stage, stages: world.stages.length }
  for (const stage of askedOthers(at, round, own, tips.known(peer.stage))) {
    const up = world.stages[stage]?.filter(other => other.isUp) ?? []
    for (const { name } of askedIn(at, up, WATCH_ASKED)) {
      const newest = yield* peer.ask(
        name,
        'certificates',
        4_000,
        target => target.journal.rounds.get(target.replica?.tip.round ?? 0) ?? null,
      )
      if (newest === null || isRefusal(world.verify(newest.certificate))) continue
      replica.noteOther(stage, newest.certified.tip.round)
      break
    }
  }
}
