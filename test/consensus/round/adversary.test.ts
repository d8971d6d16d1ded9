import { expect } from 'chai'
import type { SwarmOptions } from './peer.ts'
import { Swarm } from './swarm.ts'

/** Seeds that every test runs; SEEDS=10000 in the environment for a longer hunt. */
const SEEDS: Readonly<Record<number, number>> = { 4: 120, 7: 30 }

/** Runs the seeds; a failure names its seed. */
function hunt(
  seats: number,
  options: (seed: number) => Omit<SwarmOptions, 'seed' | 'seats'>,
  check?: (swarm: Swarm) => void,
): void {
  const seeds = Number(process.env['SEEDS'] ?? SEEDS[seats])
  for (let seed = 1; seed <= seeds; seed++) {
    const swarm = new Swarm({ ...options(seed), seed, seats })
    try {
      expectLive(swarm, swarm.run(30_000))
      check?.(swarm)
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
}

/**
 * Everybody honest is done, having decided within f + 1 views of the first whole view after the network healed. Where there
 * is too little work, SKIP is allowed from view f + 1 on, and f leaders may be silent then.
 */
function expectLive(swarm: Swarm, isOver: boolean): void {
  const stuck = swarm.honest.filter(peer => peer.done === null).map(peer => `${peer.name}: ${peer.state.status}`)
  if (!isOver) throw new Error(`not over at ${swarm.time.nowMs} ms\n${stuck.join('\n')}`)
  // Over before the network healed: there is nothing to count from.
  if (swarm.hostile) return
  const views = swarm.honest.map(peer => peer.decidedIn ?? -1)
  const faults = swarm.peers[0]?.context.group.faults ?? 0
  const firstView = Math.max(swarm.viewAtHeal + 1, swarm.options.idle === undefined ? 0 : faults + 1)
  expect(Math.max(...views), `views ${views}`).to.be.at.most(firstView + faults + 1)
}

describe('round: adversary', () => {
  for (const seats of [4, 7]) {
    const f = Math.floor((seats - 1) / 3)
    it(`n = ${seats}: one decision everywhere, in view 0, when all goes well`, () => {
      hunt(
        seats,
        () => ({ liars: 0, healAtMs: 0 }),
        swarm => {
          expect(swarm.honest.map(peer => peer.decidedIn)).to.deep.equal(Array(seats).fill(0))
          expect(swarm.honest.map(peer => peer.done)).to.deep.equal(Array(seats).fill('promote'))
        },
      )
    })
    it(`n = ${seats}: one decision under delay, loss, reorder, partition, crash and replay, soon after the network heals`, () => {
      hunt(seats, seed => ({ liars: 0, healAtMs: 300 + (seed % 10) * 200 }))
    })
    for (const strategy of ['random', 'split', 'silent'] as const) {
      it(`n = ${seats}: one decision with f = ${f} liars, ${strategy}`, () => {
        hunt(seats, seed => ({ liars: f, strategy, healAtMs: 0, late: seed % 3 === 0 ? f : 0 }))
      })
      it(`n = ${seats}: one decision with f = ${f} liars in a hostile network, ${strategy}`, () => {
        hunt(seats, seed => ({ liars: f, strategy, healAtMs: 300 + (seed % 10) * 200, loss: (seed % 4) * 0.1 }))
      })
    }
    it(`n = ${seats}: the same where replicas are told who is connected, also when it is so no more`, () => {
      hunt(seats, seed => ({
        ...{ liars: seed % 2 === 0 ? f : 0, strategy: 'split', tellsReachable: true },
        ...{ healAtMs: 300 + (seed % 10) * 200, loss: (seed % 4) * 0.1, ...(seed % 3 === 0 ? { idle: 1 } : {}) },
      }))
    })
    it(`n = ${seats}: a round without enough work is skipped`, () => {
      hunt(
        seats,
        seed => ({ liars: seed % 2 === 0 ? f : 0, healAtMs: 0, idle: f + 1 + (seed % (seats - f)) }),
        swarm => {
          expect(new Set(swarm.honest.map(peer => peer.done))).to.deep.equal(new Set(['keep']))
        },
      )
    })
  }
  it('is the same twice', () => {
    const [a, b] = [1, 2].map(() => {
      const swarm = new Swarm({ seats: 4, seed: 5, liars: 1, healAtMs: 1000 })
      swarm.run(30_000)
      return [swarm.steps, swarm.time.nowMs]
    })
    expect(a).to.deep.equal(b)
  })
})
