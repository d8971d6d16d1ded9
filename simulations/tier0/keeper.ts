/**
 * Checkpoints of the stage before the own one (node/peer/keeper and checkpoint-poster, without promises). They are on the
 * disk, so they survive the process; only where the scenario has leases, as nothing else ever asks for them.
 */
import {
  claimsFrom,
  isPartOf,
  isUnderWay,
  keepersOf,
  keptStage,
  type Posted,
  type StageLease,
} from '../../consensus/recovery/index.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Certificate, Hash } from '../../protocols/wire/messages.ts'
import { stateRoot } from './engine.ts'
import { askInPages } from './pages.ts'
import type { SimPeer } from './peer.ts'
import { spawn, type Task } from './task.ts'

/** node/peer/keeper. */
const WRITTEN_ROUNDS = 2
const KEPT = 2

export interface KeptCheckpoint {
  readonly round: number
  readonly certificate: Certificate
  readonly verified: VerifiedCertificate
  readonly state: Uint8Array
}

type Wanted = Omit<KeptCheckpoint, 'state'> & { readonly fullRoot: Hash }

export class SimKeeper {
  readonly #peer: SimPeer
  /** Newest first. */
  held: readonly KeptCheckpoint[] = []
  #wanted: Wanted | null = null
  /** The process that fetches one. */
  #fetchingIn = -1
  #posted: Posted | null = null

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  /** Another stage has certified a round. */
  certified(certificate: Certificate, verified: VerifiedCertificate): void {
    const { world, stage: own } = this.#peer
    const { stage, round, epoch } = certificate.value.scope
    if (!world.members.hasLeases || stage !== keptStage(own, world.stages.length)) return
    const { fullRoot } = verified.outcome
    const newest = Math.max(this.#wanted?.round ?? 0, this.held[0]?.round ?? 0)
    if (fullRoot !== null && round > newest && this.#isDrawn(stage, round, epoch))
      this.#wanted = { round, certificate, verified, fullRoot }
    if (this.#wanted !== null && round >= this.#wanted.round + WRITTEN_ROUNDS) this.#begin(this.#wanted)
  }

  /** A head is final: what this peer keeps of a lost stage is said on the chain. */
  at(height: number, leases: readonly StageLease[]): void {
    const { world, stage: own, name, chain, index } = this.#peer
    const { leaseRules } = world.members
    const stage = keptStage(own, world.stages.length)
    const lease = stage === null ? undefined : leases[stage]
    if (stage === null || lease === undefined || height < claimsFrom(lease, leaseRules)) return
    // A stage that has come to the end of the run renews nothing, and is not lost.
    if (this.#peer.tips.newest(stage) >= world.scenario.workload.rounds) return
    const recoveries = world.members.recoveries(stage, world.newestEpoch(chain.finalized.height))
    const newest = this.held.find(({ certificate }) => isPartOf(certificate.value.scope, recoveries))
    if (newest === undefined || lease.kept.get(name)?.round === newest.round) return
    const now = { height, lease: lease.renewedAt, what: `checkpoint ${newest.round}` }
    if (isUnderWay(this.#posted, now)) return
    this.#posted = now
    world.recorder.reached('checkpoint-named', index)
    const { value, outcomes } = newest.certificate
    chain.call(() => world.chain.submit({ checkpoint: { value, outcomes }, peer: name }))
  }

  #isDrawn(stage: number, round: number, epoch: number): boolean {
    const { world, stage: own, name } = this.#peer
    const known = world.epoch(epoch)
    const group = known.groups[own]
    const draw = { beacon: known.beacon, run: world.run.id, stage, round }
    return group !== undefined && keepersOf(draw, group).includes(name)
  }

  #begin(wanted: Wanted): void {
    const peer = this.#peer
    const { life } = peer
    if (this.#fetchingIn === life) return
    this.#fetchingIn = life
    spawn(
      this.#fetch(wanted),
      () => peer.life === life,
      () => {
        this.#fetchingIn = -1
        if (this.#wanted === wanted) this.#wanted = null
      },
    )
  }

  *#fetch({ fullRoot, ...wanted }: Wanted): Task<void> {
    const peer = this.#peer
    const { world } = peer
    for (const holder of world.stages[wanted.certificate.value.scope.stage] ?? []) {
      const state = yield* askInPages<Uint8Array>(peer, holder.name, 'checkpoint', world.stateBytes, other => {
        const found = other.journal.snapshots.find(({ round }) => round === wanted.round)
        const lie = other.behaviour?.state
        return found === undefined ? null : lie === undefined ? found.state : lie(found.state)
      })
      if (state === null) continue
      if (!equalBytes(stateRoot(state), fullRoot)) {
        peer.tell.refused('wrong-hash', holder.name, 'not the certified state')
        continue
      }
      this.held = [{ ...wanted, state }, ...this.held].slice(0, KEPT)
      world.recorder.reached('checkpoint-kept', peer.index)
      return
    }
  }
}
