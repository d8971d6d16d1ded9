/** What must hold of every round in the {@link World}. */
import { assert } from 'chai'
import { DEFAULT_WORK_LIMITS } from '../../../consensus/routing/index.ts'
import type { PeerName } from '../../../protocols/wire/messages.ts'
import type { Replica, World } from './world.ts'

/** What must hold after any round, whatever happened. */
export function checkRound(world: World): void {
  const { plan, quota } = world
  const sources = new Map<PeerName, number>()
  for (const replica of world.alive()) {
    assert(replica.ready !== null)
    const entries = [...replica.ready.lane.trace, ...replica.ready.offLane.trace]
    assert.equal(entries.length, replica.ready.lane.count + replica.ready.offLane.count)
    const names = entries.map(entry => `${entry.source}/${entry.sequence}`)
    assert.equal(new Set(names).size, names.length, `${replica.name} counts a micro-batch twice`)
    for (const entry of entries) assert.isBelow(entry.sequence, quota)
    if (replica.stage === 0) {
      assert.equal(replica.settled, entries.length)
      assert.isAtMost(replica.settled, quota)
      sources.set(replica.name, replica.settled)
      for (const entry of entries) checkPaid(world, entry)
    }
    for (const entry of replica.ready.lane.trace) {
      if (replica.stage === 0) assertOnLane(world, replica, [replica.name, ...entry.path])
    }
    const { held, window, queue, parked } = { ...DEFAULT_WORK_LIMITS, ...plan.limits }
    assert.isAtMost(replica.mostTensors, 3 * (held + window + queue) + parked, `${replica.name} keeps too much`)
    assert.isAtMost(replica.state.jobs.size, plan.replicas * quota)
  }
}

/** Whoever is named on the path of a settled micro-batch has it in its own commitment. */
function checkPaid(world: World, entry: { source: PeerName; sequence: number; path: readonly PeerName[] }): void {
  assert.equal(entry.path.length, world.plan.stages - 1)
  for (const holder of entry.path) {
    const { ready, alive } = world.replica(holder)
    if (!alive || ready === null) continue
    const has = [...ready.lane.trace, ...ready.offLane.trace].some(
      other => other.source === entry.source && other.sequence === entry.sequence,
    )
    assert(has, `${holder} is paid for ${entry.source}/${entry.sequence} without having it`)
  }
}

function assertOnLane(world: World, replica: Replica, path: readonly PeerName[]): void {
  const lanes = path.map((peer, stage) => (world.lanes.rankings[stage] ?? []).indexOf(peer) % world.lanes.count)
  assert.equal(new Set(lanes).size, 1, `${replica.name} has ${path.join(' ')} in its lane's accumulator`)
}

/** After the round nothing is kept but what waits for the next. */
export function checkForgotten(world: World): void {
  for (const replica of world.alive()) {
    assert.equal(replica.tensors.size, replica.state.parked.length, `${replica.name} still keeps tensors`)
    assert.equal(replica.timers.size, 0, `${replica.name} still has timers`)
  }
}

export function totalSettled(world: World): number {
  return [...world.replicas.values()].reduce((sum, replica) => sum + replica.settled, 0)
}
