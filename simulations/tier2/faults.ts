/** What each kind of fault (faults/) does to real processes, disks and connections: begun and ended by the clock. */
import { FAULTS as KINDS } from '../faults/index.ts'
import type { LinkRule } from '../kernel/network.ts'
import { RandomStream } from '../kernel/random.ts'
import type { Fault } from '../scenario/types.ts'
import { copyDisk, emptyDisk, restoreDisk, tearDisk } from './disks.ts'
import { CHAIN, type Links } from './links.ts'
import type { Machines } from './machines.ts'

export interface Room {
  readonly machines: Machines
  readonly links: Links
  readonly seed: number
}

/** Ends the fault. */
export type Heal = () => void | Promise<void>

export interface FaultHand {
  begin(fault: Fault, room: Room): Heal | Promise<Heal>
  /** It ends by starting processes, which may wait for each other. */
  readonly starts?: true
  /** What must be done so many milliseconds before. */
  readonly prepare?: { leadMs(fault: Fault): number; run(fault: Fault, room: Room): void }
}

/** A slow processor works for a part of each period. */
const SLOW_PERIOD_MS = 200

const crash = restarts(() => undefined)

const leave: FaultHand = {
  starts: true,
  async begin({ peers }, { machines }) {
    await Promise.all(peers.map(peer => machines.stop(peer)))
    return () => startAll(peers, machines)
  },
}

export const HANDS: Readonly<Record<string, FaultHand>> = {
  crash,
  'region-failure': crash,
  'restart-empty': restarts(emptyDisk),
  'restart-torn': restarts(tearDisk),
  'restart-stale': {
    ...restarts((folder, copy) => restoreDisk(copy, folder)),
    prepare: { leadMs: fault => numberOf(fault, 'backMs'), run: copyWhileFrozen },
  },
  leave,
  'mass-exit': leave,
  'flash-crowd': leave,
  pause: {
    begin({ peers }, { machines }) {
      for (const peer of peers) machines.freeze(peer)
      return () => {
        for (const peer of peers) machines.thaw(peer)
      }
    },
  },
  slow: { begin: slow },
  loss: onLinksOf(fault => ({ loss: numberOf(fault, 'loss') })),
  delay: onLinksOf(fault => ({ delayMs: numberOf(fault, 'delayMs') })),
  jitter: onLinksOf(fault => ({ jitterMs: numberOf(fault, 'jitterMs') })),
  bandwidth: onLinksOf(fault => ({ rate: numberOf(fault, 'rate') })),
  'connection-reset': {
    begin({ peers }, { machines }) {
      for (const peer of peers) machines.resetConnections(peer)
      return () => undefined
    },
  },
  // The chain is on neither side: it has faults of its own.
  partition: cuts((peers, all) => [{ from: all, to: all, across: peers }]),
  'partition-one-way': cuts((peers, all) => [{ from: peers, to: all }]),
  'partition-partial': cuts(peers => [{ from: peers, to: peers }]),
  flapping: { begin: flap },
  'chain-stall': {
    begin(_, { machines }) {
      machines.freezeChain()
      return () => machines.thawChain()
    },
  },
  'chain-restart': {
    async begin(_, { machines }) {
      await machines.killChain()
      return () => machines.startChain()
    },
  },
  'rpc-hang': cuts(peers => [
    { from: peers, to: new Set([CHAIN]) },
    { from: new Set([CHAIN]), to: peers },
  ]),
  'rpc-slow': {
    begin: (fault, room) =>
      added(room, [{ from: new Set([CHAIN]), to: new Set(fault.peers), delayMs: numberOf(fault, 'delayMs') }]),
  },
}

/** Killed at once, its disk changed, and started again when the fault is over. */
function restarts(change: (folder: string, copy: string) => void): FaultHand {
  return {
    starts: true,
    async begin({ peers }, { machines }) {
      await Promise.all(peers.map(peer => machines.kill(peer)))
      for (const peer of peers) change(machines.peers[peer]?.folder ?? '', machines.copyFolder(peer))
      return () => startAll(peers, machines)
    },
  }
}

/** One that another fault has started already is left as it is. */
function startAll(peers: readonly number[], machines: Machines): void {
  for (const peer of peers) if (!machines.isRunning(peer)) machines.start(peer)
}

function copyWhileFrozen({ peers }: Fault, { machines }: Room): void {
  for (const peer of peers) {
    machines.freeze(peer)
    copyDisk(machines.peers[peer]?.folder ?? '', machines.copyFolder(peer))
    machines.thaw(peer)
  }
}

function slow(fault: Fault, { machines }: Room): Heal {
  const restMs = SLOW_PERIOD_MS * (1 - 1 / numberOf(fault, 'factor'))
  const thaw = () => {
    for (const peer of fault.peers) machines.thaw(peer)
  }
  let rest: NodeJS.Timeout | null = null
  const timer = setInterval(() => {
    for (const peer of fault.peers) machines.freeze(peer)
    rest = setTimeout(thaw, restMs)
  }, SLOW_PERIOD_MS)
  return () => {
    clearInterval(timer)
    if (rest !== null) clearTimeout(rest)
    thaw()
  }
}

/** Cut for the first half of each period. */
function flap(fault: Fault, room: Room): Heal {
  const halfMs = numberOf(fault, 'periodMs') / 2
  const all = allPeers(room)
  let isDown = true
  const heal = added(room, [{ from: all, to: all, across: new Set(fault.peers), isCut: () => isDown }])
  const timer = setInterval(() => {
    isDown = !isDown
    room.links.changed()
  }, halfMs)
  return () => {
    clearInterval(timer)
    return heal()
  }
}

/** For what these peers send and for what they are sent. */
function onLinksOf(make: (fault: Fault) => Partial<LinkRule>): FaultHand {
  return {
    begin(fault, room) {
      const peers = new Set(fault.peers)
      return added(room, [
        { from: peers, ...make(fault) },
        { to: peers, ...make(fault) },
      ])
    },
  }
}

function cuts(make: (peers: ReadonlySet<number>, all: ReadonlySet<number>) => readonly Partial<LinkRule>[]): FaultHand {
  return {
    begin: (fault, room) =>
      added(
        room,
        make(new Set(fault.peers), allPeers(room)).map(rule => ({ ...rule, isCut: () => true })),
      ),
  }
}

function added({ links, seed }: Room, differs: readonly Partial<LinkRule>[]): Heal {
  const random = new RandomStream(seed, 'tier2/rule')
  const rules = differs.map((rule): LinkRule => ({ from: null, to: null, random, ...rule }))
  for (const rule of rules) links.add(rule)
  return () => {
    for (const rule of rules) links.remove(rule)
  }
}

function allPeers({ machines }: Room): ReadonlySet<number> {
  return new Set(machines.peers.keys())
}

function numberOf({ kind, with: parameters }: Fault, name: string): number {
  const value = parameters?.[name]
  return typeof value === 'number' ? value : (KINDS[kind]?.parameters[name]?.default ?? 0)
}
