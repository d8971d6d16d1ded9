/** What a fault of the scenario does to real processes, disks and connections: one row a kind, begun and ended by the clock. */
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
  /** What must be done so many milliseconds before. */
  readonly prepare?: { leadMs(fault: Fault): number; run(fault: Fault, room: Room): void }
}

/** Age of a copy that is put back, where the fault does not say. */
const STALE_MS = 5_000
/** A slow processor works for a part of each period. */
const SLOW_PERIOD_MS = 200
const FLAP_MS = 2_000

export const FAULTS: Readonly<Record<string, FaultHand>> = {
  crash: restarts(() => undefined),
  'disk-empty': restarts(emptyDisk),
  'disk-torn': restarts(tearDisk),
  'disk-stale': {
    ...restarts((folder, copy) => restoreDisk(copy, folder)),
    prepare: {
      leadMs: fault => numberOf(fault, 'ageMs', STALE_MS),
      run({ peers }, { machines }) {
        for (const peer of peers) {
          machines.freeze(peer)
          copyDisk(machines.peers[peer]?.folder ?? '', machines.copyFolder(peer))
          machines.thaw(peer)
        }
      },
    },
  },
  leave: {
    async begin({ peers }, { machines }) {
      await Promise.all(peers.map(peer => machines.stop(peer)))
      return () => startAll(peers, machines)
    },
  },
  pause: {
    begin({ peers }, { machines }) {
      for (const peer of peers) machines.freeze(peer)
      return () => {
        for (const peer of peers) machines.thaw(peer)
      }
    },
  },
  'slow-cpu': {
    begin(fault, { machines }) {
      const share = Math.min(1, 1 / Math.max(1, numberOf(fault, 'factor', 4)))
      const thaw = () => {
        for (const peer of fault.peers) machines.thaw(peer)
      }
      let rest: NodeJS.Timeout | null = null
      const timer = setInterval(() => {
        for (const peer of fault.peers) machines.freeze(peer)
        rest = setTimeout(thaw, SLOW_PERIOD_MS * (1 - share))
      }, SLOW_PERIOD_MS)
      return () => {
        clearInterval(timer)
        if (rest !== null) clearTimeout(rest)
        thaw()
      }
    },
  },
  loss: links(fault => ({ loss: numberOf(fault, 'loss', 0.05) })),
  delay: links(fault => ({ delayMs: numberOf(fault, 'delayMs', 300) })),
  jitter: links(fault => ({ jitterMs: numberOf(fault, 'jitterMs', 200) })),
  bandwidth: links(fault => ({ rate: numberOf(fault, 'factor', 0.1) })),
  reset: {
    begin({ peers }, { machines }) {
      for (const peer of peers) machines.resetConnections(peer)
      return () => undefined
    },
  },
  /** The peers of the fault on one side, all others on the other; the chain is reached from both. */
  partition: links(({ peers }) => ({ from: null, to: null, across: new Set(peers), isCut: () => true }), true),
  /** What these peers send does not arrive; what is sent to them does. */
  'asymmetric-partition': links(({ peers }) => ({ from: new Set(peers), isCut: () => true }), true),
  flapping: {
    begin(fault, room) {
      const periodMs = numberOf(fault, 'periodMs', FLAP_MS)
      const beganMs = performance.now()
      const isDown = () => Math.floor((performance.now() - beganMs) / periodMs) % 2 === 0
      const heal = links(({ peers }) => ({ across: new Set(peers), isCut: isDown }), true).begin(fault, room)
      const timer = setInterval(() => room.links.changed(), periodMs)
      return async () => {
        clearInterval(timer)
        await (await heal)()
      }
    },
  },
  'chain-hang': {
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
  'chain-cut': {
    begin({ peers }, room) {
      const isCut = () => true
      const of = new Set(peers)
      const chain = new Set([CHAIN])
      return added(room, [ruleOf(room, { from: of, to: chain, isCut }), ruleOf(room, { from: chain, to: of, isCut })])
    },
  },
  'chain-delay': {
    begin(fault, room) {
      const delayMs = numberOf(fault, 'delayMs', 2_000)
      return added(room, [ruleOf(room, { from: new Set([CHAIN]), delayMs })])
    },
  },
}

/** Killed at once, its disk changed, and started again when the fault is over. */
function restarts(change: (folder: string, copy: string) => void): FaultHand {
  return {
    async begin({ peers }, { machines }) {
      await Promise.all(peers.map(peer => machines.kill(peer)))
      for (const peer of peers) change(machines.peers[peer]?.folder ?? '', machines.copyFolder(peer))
      return () => startAll(peers, machines)
    },
  }
}

/** One that another fault has started already, or keeps away for longer, is left to it. */
function startAll(peers: readonly number[], machines: Machines): void {
  for (const peer of peers) if (!machines.isRunning(peer)) machines.start(peer)
}

/** A rule for what these peers send and, one after the other, for what they are sent; `once`: as the rule itself says. */
function links(make: (fault: Fault) => Partial<LinkRule>, once = false): FaultHand {
  return {
    begin(fault, room) {
      const peers = new Set(fault.peers)
      const rule = make(fault)
      const rules = once
        ? [rule]
        : [
            { from: peers, ...rule },
            { to: peers, ...rule },
          ]
      return added(
        room,
        rules.map(one => ruleOf(room, one)),
      )
    },
  }
}

function added({ links: all }: Room, rules: readonly LinkRule[]): Heal {
  for (const rule of rules) all.add(rule)
  return () => {
    for (const rule of rules) all.remove(rule)
  }
}

/** The chain is no side of a partition: it has faults of its own. */
function ruleOf({ seed }: Room, rule: Partial<LinkRule>): LinkRule {
  return { from: null, to: null, random: new RandomStream(seed, 'tier2/rule'), ...rule }
}

function numberOf({ with: parameters = {} }: Fault, name: string, otherwise: number): number {
  const value = parameters[name]
  return typeof value === 'number' ? value : otherwise
}
