/** Reads the certificates of all folders once, round by round, and judges each against the seats on chain. */

import type { BlockReference, Chain } from '../../consensus/chain/types.ts'
import type { Group } from '../../consensus/election/index.ts'
import { isPartOf } from '../../consensus/recovery/index.ts'
import { decodeCertificate, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { equalBytes, hashHex, smallHash } from '../../protocols/wire/hash.ts'
import type { Certificate } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { Membership } from '../peer/membership.ts'
import { roundAfter } from '../peer/reformed.ts'
import { scopeOf } from '../peer/round-context.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import type { FaultList } from './faults.ts'
import type { PeerFolder } from './folders.ts'
import type { CertifiedRound } from './hash-chain.ts'
import type { NamedRun } from './manifest.ts'
import { epochFault, scopeFaults, strangers } from './seats.ts'
import { checkSignatures, outcomeSigners } from './signatures.ts'

export interface HistoryInit {
  readonly run: Run
  readonly folders: readonly PeerFolder[]
  readonly chain: Chain
  readonly membership: Membership
  /** The chain's finalised head. */
  readonly head: BlockReference
  readonly seats: FaultList
  readonly signatures: FaultList
  readonly signal: AbortSignal
}

/** What is held of a stage's certificates. */
export interface StageHistory {
  /** The first round that is held: FIRST_ROUND, unless the rounds before have been pruned. */
  readonly from: number
  /** `rounds[i]`: the certificates of round `from + i`, equal in bytes counted once. */
  readonly rounds: readonly CertifiedRound[]
}

export function certifiedIn({ from, rounds }: StageHistory, round: number): CertifiedRound | undefined {
  return rounds[round - from]
}

export interface History {
  readonly stages: readonly StageHistory[]
  /** Certificates read, and different signers of outcomes. */
  readonly certificates: number
  readonly signers: number
}

export async function readHistory(init: HistoryInit): Promise<History> {
  const reader = new HistoryReader(init)
  const stages: StageHistory[] = []
  for (let stage = 0; stage < init.run.manifest.stages; stage++) stages.push(await reader.stage(stage))
  return { stages, certificates: reader.certificates, signers: reader.signers.size }
}

/** The runs that the newest certificates of a folder name: known before anything of the chain is. */
export async function namedRuns(folders: readonly PeerFolder[], stages: number): Promise<NamedRun[]> {
  const named: NamedRun[] = []
  for (const { name, store } of folders) {
    for (let stage = 0; stage < stages; stage++) {
      const newest = store.newest(stage)
      const encoded = newest === null ? null : await store.certificate(stage, newest)
      const certificate = encoded === null ? null : decode(encoded)
      if (certificate === null || isRefusal(certificate)) continue
      named.push({ where: `${name}, stage ${stage}, round ${newest}`, run: certificate.value.scope.run })
    }
  }
  return named
}

/** A record may hold anything where a certificate belongs. */
function decode(encoded: unknown): Certificate | Refusal {
  return encoded instanceof Uint8Array
    ? decodeCertificate(encoded)
    : refuse('bad-encoding', 'the record holds no bytes')
}

interface Place {
  /** Of the folder. */
  readonly name: string
  readonly stage: number
  readonly round: number
}

class HistoryReader {
  readonly #init: HistoryInit
  readonly signers = new Set<string>()
  certificates = 0
  #block: BlockReference | null = null

  constructor(init: HistoryInit) {
    this.#init = init
  }

  async stage(stage: number): Promise<StageHistory> {
    const { folders, signal } = this.#init
    const newest = Math.max(0, ...folders.map(({ store }) => store.newest(stage) ?? 0))
    const from = Math.max(
      FIRST_ROUND,
      Math.min(newest + 1, ...folders.map(({ store }) => store.oldest(stage) ?? newest + 1)),
    )
    const rounds: CertifiedRound[] = []
    const recoveries = this.#init.membership.recoveries(stage)
    let next = from === FIRST_ROUND ? roundAfter(FIRST_ROUND - 1, recoveries) : from
    for (let round = from; round <= newest; round++) {
      signal.throwIfAborted()
      // Rounds that a recovery left are no part of the history, whoever has certificates of them.
      if (round < next) rounds.push([])
      else {
        const certified = await this.#round(stage, round)
        rounds.push(certified.filter(({ value }) => isPartOf(value.scope, recoveries)))
        next = roundAfter(round, recoveries)
      }
    }
    return { from, rounds }
  }

  /** Peers put certificates together from different outcomes of a quorum: each is checked. */
  async #round(stage: number, round: number): Promise<CertifiedRound> {
    const judged = new Map<string, VerifiedCertificate | null>()
    for (const { name, store } of this.#init.folders) {
      const encoded = await store.certificate(stage, round)
      if (encoded === null) continue
      this.certificates++
      const key = encoded instanceof Uint8Array ? hashHex(smallHash(encoded)) : name
      if (!judged.has(key)) judged.set(key, await this.#judge(encoded, { name, stage, round }))
    }
    return [...judged.values()].filter(certificate => certificate !== null)
  }

  async #judge(encoded: Uint8Array, { name, stage, round }: Place): Promise<VerifiedCertificate | null> {
    const { seats, signatures, run } = this.#init
    const where = `${name}, stage ${stage}, round ${round}`
    const certificate = decode(encoded)
    if (isRefusal(certificate)) {
      signatures.add(where, `the certificate is damaged: ${certificate.detail ?? certificate.refused}`)
      return null
    }
    const group = await this.#groupOf(certificate, stage, round)
    if (Array.isArray(group)) {
      for (const fault of group) seats.add(where, fault)
      return null
    }
    const signers = await outcomeSigners(certificate)
    for (const signer of signers) this.signers.add(signer)
    const unseated = strangers(group, signers, certificate.value)
    for (const fault of unseated) seats.add(where, fault)
    if (unseated.length > 0) return null
    const verified = await checkSignatures(certificate, group, run.manifest)
    if (typeof verified !== 'string') return verified
    signatures.add(where, verified)
    return null
  }

  /** The group that the chain gives a certificate's stage and epoch, or why there is none. */
  async #groupOf({ value }: Certificate, stage: number, round: number): Promise<Group | string[]> {
    const { membership, head, run, signal } = this.#init
    const { reference, scope } = value
    const ofReference = membership.epochOf(reference.height)
    const early = epochFault(scope.epoch, { ofReference, head: head.height, reference: reference.height })
    if (early !== null) return [early]
    if (!(await this.#isOnChain(reference))) return [`its reference block ${reference.height} is not the chain's`]
    const epoch = await membership.epoch(scope.epoch, signal)
    const group = epoch.groups[stage]
    if (group === undefined) return [`the run has no stage ${stage}`]
    const faults = scopeFaults(scope, scopeOf(run, epoch, stage, round))
    return faults.length === 0 ? group : faults
  }

  async #isOnChain({ height, hash }: BlockReference): Promise<boolean> {
    const { chain, signal } = this.#init
    // Consecutive rounds mostly refer to the same block.
    if (this.#block?.height !== height) this.#block = { height, hash: await chain.blockHash(height, { signal }) }
    return equalBytes(this.#block.hash, hash)
  }
}
