/** A peer of a run from its start to its end: finds its place, holds it, and looks for the next one when it is gone. */
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { useSmallHash } from '../../protocols/wire/hash.ts'
import { nativeHash } from '../engine/runtime/hashing.ts'
import { Around } from './around.ts'
import { ChainWatch } from './chain-watch.ts'
import { holdStage, type Timed } from './compose-stage.ts'
import type { PeerDisk } from './disk.ts'
import type { PeerEnvironment, PeerInit, WatchedEnvironment } from './environment.ts'
import { EpochFactsReader } from './epoch-facts.ts'
import { Membership } from './membership.ts'
import { PauseRequest } from './pause-request.ts'
import { PlaceTeller } from './place-teller.ts'
import { Places } from './places.ts'
import { Presence } from './presence.ts'
import { networkOf } from './profile.ts'

/** Told to stop, its seat is kept for it while it pauses, or given up as it wished. */
export type PeerEnd = 'stopped' | 'paused' | 'left'

/** Runs a peer until the signal of `init` fires, or it has left. Rejects where it cannot take part, or cannot go on. */
export async function composePeer(init: PeerInit, environment: PeerEnvironment): Promise<PeerEnd> {
  useSmallHash(nativeHash)
  const chain = new ChainWatch({
    chain: environment.chain,
    clock: environment.clock,
    signal: init.signal,
    onAway: reason => init.bus.emit('chain.away', { reason }),
    onBack: height => init.bus.emit('chain.back', { height }),
  })
  try {
    return await runPeer(init, { ...environment, chain })
  } finally {
    await chain.close()
  }
}

async function runPeer(init: PeerInit, environment: WatchedEnvironment): Promise<PeerEnd> {
  const { run, bus, folder } = init
  const pausing = new PauseRequest(init.pause)
  const signal = AbortSignal.any([init.signal, pausing.stop])
  const { chain, clock, privateKey } = environment
  const self = peerIdFromPrivateKey(privateKey).toString()
  const timed: Timed = async (phase, work) => {
    const beganMs = clock.nowMs()
    const result = await work()
    bus.emit('start.phase', { phase, ms: clock.nowMs() - beganMs })
    return result
  }
  let beganMs = clock.nowMs()
  const disk = environment.openDisk(folder)
  const warn = (message: string): void => bus.emit('warning', { message })
  const kept = { openStorage: () => disk.openEpochs(), onWarning: warn }
  const facts = await EpochFactsReader.open({ chain, run, kept }, signal)
  const membership = await Membership.load(chain, run, signal, facts).catch(async error => {
    await facts.close()
    throw error
  })
  const teller = new PlaceTeller({ run, self, membership, bus })
  const { threads, memoryBytes = null } = init
  const places = new Places({ run, self, membership, chain, disk, bus, memoryBytes, threads })
  const stopWatching = chain.onFinalized(head => {
    membership.foresee(head.height, signal).then(
      () => {
        teller.at(head.height)
        places.at(head.height)
      },
      error => {
        if (!signal.aborted) warn(`the epoch of block ${head.height} could not be read: ${String(error)}`)
      },
    )
  })
  try {
    for (;;) {
      const presence = presenceOf(init, environment, membership, disk)
      const stage = await places.next(signal, () => presence.open()).finally(() => presence.close())
      if (stage === null) return 'left'
      if (disk.moving().seat() === stage) disk.takeMoved()
      const place = { self, stage, disk, membership }
      const end = await holdStage({ init, environment, place, timed, beganMs, pausing, places, signal })
      if (end !== 'moved') return end
      beganMs = clock.nowMs()
    }
  } finally {
    stopWatching()
    pausing.end()
    await facts.close()
  }
}

/** For as long as it waits for a place. */
function presenceOf(init: PeerInit, environment: PeerEnvironment, membership: Membership, disk: PeerDisk): Presence {
  const { run, bus } = init
  const { clock, random, createNetwork } = environment
  const { stages } = run.manifest
  return new Presence({
    run: run.id,
    stages,
    seats: new Around(membership, stages, () => membership.newest.epoch),
    network: networkOf(init, environment),
    createNetwork,
    storage: disk.records,
    clock,
    random,
    onWarning: message => bus.emit('warning', { message }),
  })
}
