/** Brings the engine to where this peer's own disk ends: the newest snapshot, then every certified aggregate after it. */
import type { Recovery } from '../../consensus/recovery/index.ts'
import { decodeCertificate, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { ExitError } from '../cli/exit.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import type { Partitions, RoundStore, SigningJournal } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import { ownAlone, ownBeginning } from './checkpoint.ts'
import type { Certified } from './follow.ts'
import type { History } from './history.ts'
import type { Membership } from './membership.ts'
import { roundAfter } from './reformed.ts'
import { StageState } from './stage-state.ts'
import { firstTip, type Tip } from './tip.ts'

export interface RestoreInit {
  readonly run: Run
  readonly stage: number
  readonly folder: string
  readonly engine: StageEngine
  readonly store: RoundStore
  readonly journal: SigningJournal
  readonly history: History
  readonly membership: Membership
  readonly signal: AbortSignal
}

export async function restoreState(init: RestoreInit): Promise<StageState> {
  const { engine, store, signal, run, stage, journal } = init
  // state_0 is the initialised stage; taken before anything is imported.
  const start = firstTip(await engine.fullRoot({ signal }), init.membership.start)
  const recoveries = init.membership.recoveries(stage)
  await leaveOrphans(store, stage, recoveries)
  const { snapshot, toRound, rounds } = await store.recover({
    signal,
    roundAfter: round => roundAfter(round, recoveries),
  })
  const fromRound = snapshot?.head.round ?? FIRST_ROUND - 1
  const beginning = await ownBeginning({ store, stage, history: init.history, start, signal }, fromRound)
  if (beginning === null) throw damaged(init, `nothing says what the rounds before ${fromRound} led to`)
  const { tip, walked } = await walk(init, beginning, fromRound, toRound)
  if (snapshot !== null && tip.round >= FIRST_ROUND) {
    await engine.importState(snapshot.state, { signal })
    const certified = walked?.outcome.fullRoot ?? null
    if (certified === null || !equalBytes(certified, await engine.fullRoot({ signal })))
      throw damaged(init, `the snapshot of round ${fromRound} is not what was certified`)
  }
  let at = tip
  for await (const stored of rounds()) {
    const next = await init.history.next(at, stored.certificate, signal)
    if (isRefusal(next)) throw damaged(init, `the certificate of round ${stored.round}: ${next.detail ?? next.refused}`)
    await replay(init, next, stored.partitions, stored.round === toRound)
    at = next.tip
  }
  const settled = await init.history.settled(at, signal)
  return new StageState({ run: run.id, stage, engine, store, journal, start, tip: settled })
}

/** Rounds that a recovery left: this peer was ahead of its base, or of others that went on from it. */
export async function leaveOrphans(
  store: Pick<RoundStore, 'certificate' | 'leave'>,
  stage: number,
  recoveries: readonly Recovery[],
): Promise<void> {
  for (const { base, resume, epoch } of recoveries) {
    let last = resume - 1
    for (let is = await isBefore(store, stage, last + 1, epoch); is; is = await isBefore(store, stage, last + 1, epoch))
      last++
    store.leave(base.round + 1, last)
  }
}

/** Is this round stored, of an earlier epoch? */
async function isBefore(
  store: Pick<RoundStore, 'certificate'>,
  stage: number,
  round: number,
  epoch: number,
): Promise<boolean> {
  const encoded = await store.certificate(stage, round)
  const certificate = encoded === null ? null : decodeCertificate(encoded)
  return certificate !== null && !isRefusal(certificate) && certificate.value.scope.epoch < epoch
}

/** Checks the certificates up to the snapshot, which stands for what they did. */
async function walk(
  init: RestoreInit,
  start: Tip,
  toRound: number,
  newest: number,
): Promise<{ tip: Tip; walked: VerifiedCertificate | null }> {
  let tip = start
  // Of the round that they begin at; null for the initial state.
  let walked = start.round < FIRST_ROUND ? null : await ownAlone({ ...init, start }, start.round)
  const recoveries = init.membership.recoveries(init.stage)
  const first = roundAfter(start.round, recoveries)
  for (let round = first; round <= Math.min(toRound, newest); round = roundAfter(round, recoveries)) {
    const encoded = await init.store.certificate(init.stage, round)
    const next = encoded === null ? null : await init.history.next(tip, encoded, init.signal)
    if (next === null) throw damaged(init, `the certificate of round ${round} is missing`)
    if (isRefusal(next)) throw damaged(init, `the certificate of round ${round}: ${next.detail ?? next.refused}`)
    tip = next.tip
    walked = next.verified
  }
  return { tip, walked }
}

async function replay(
  init: RestoreInit,
  { tip, verified }: Certified,
  partitions: Partitions,
  isNewest: boolean,
): Promise<void> {
  if (partitions === null) return
  const { engine, signal } = init
  const { accepted, fullRoot } = await engine.execute(tip.round, partitions, verified.outcome.fullRoot !== null, {
    signal,
  })
  const expected = verified.outcome.fullRoot
  const isCertified = accepted && (expected === null || (fullRoot !== null && equalBytes(fullRoot, expected)))
  if (!isCertified) throw damaged(init, `the aggregate of round ${tip.round} does not give the certified state`)
  await engine.promote({ adoptMomentum: isNewest })
}

function damaged({ folder }: RestoreInit, what: string): ExitError {
  return new ExitError(
    'data',
    `${folder}: ${what}`,
    'move the folder away, keep identity.key and account.key, and join again: the state is fetched from the siblings',
  )
}
