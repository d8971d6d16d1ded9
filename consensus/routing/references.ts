/** What siblings say that they receive, and what this replica tells them: the references of `statistics.ts`. */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { type RefusalReason, refuse } from '../../protocols/wire/refusals.ts'
import type { StatisticsReport, TensorStatistics } from '../../protocols/wire/tensor-statistics.ts'
import { jobKey, type Step, type WorkState } from './state.ts'
import { type Finding, findOutside, medianOf } from './statistics.ts'
import type { Answer, BackwardInput, ForwardInput, ReportInput, WorkContext } from './types.ts'

/** Newest report of each sibling: bounded by the seats of a stage. */
export type References = ReadonlyMap<PeerName, StatisticsReport>

export const NO_REFERENCES: References = new Map()

/**
 * Rounds for which a report counts. In the first rounds norms grow by 1.8 from one to the next; and should all tensors of an
 * honest stage be outside one day, there are no new reports, so after as many rounds all are taken again.
 */
export const REFERENCE_ROUNDS = 2

/** Tensors of one sender and direction that are remembered in a round: a median of this many is as good as that of more. */
export const SAMPLES_KEPT = 64

/** By sender. */
export type Samples = Map<PeerName, TensorStatistics[]>

/** Reports of peers that are siblings in this round. What others said is forgotten, and what was said of rounds that a stage which was re-formed does anew. */
export function keepSiblings(
  references: References,
  { lanes, stage, round }: WorkContext,
): Map<PeerName, StatisticsReport> {
  const siblings = lanes.rankings[stage] ?? []
  return new Map([...references].filter(([peer, report]) => siblings.includes(peer) && report.round <= round + 1))
}

/** The newest report of a sibling counts. */
export function takeReport({ state }: Step, { from, report }: ReportInput): Answer | null {
  const { references } = state
  const fault = reportFault(state, from, report.round)
  if (fault !== null) return { kind: 'refused', refusal: refuse(fault) }
  if (report.round >= (references.get(from)?.round ?? 0)) references.set(from, report)
  return null
}

/** Null where the tensor is like those of siblings, or nothing is known of it or them. */
export function judge(
  { context, references }: WorkState,
  { type, statistics }: ForwardInput | BackwardInput,
): Finding | null {
  if (statistics === null) return null
  const known = [...references.values()].flatMap(report => {
    const isRecent = report.round >= context.round - REFERENCE_ROUNDS
    const one = report[type]
    return isRecent && one !== null ? [one] : []
  })
  return findOutside(statistics, known, type)
}

/** A tensor was taken: it counts in what siblings are told. */
export function observe({ samples }: WorkState, { type, from, statistics }: ForwardInput | BackwardInput): void {
  if (statistics === null) return
  const known = samples[type].get(from) ?? []
  if (known.length < SAMPLES_KEPT) known.push(statistics)
  samples[type].set(from, known)
}

/** The answer to a tensor that is outside, with the numbers in words, and what an audit needs. */
export function refuseOutside(step: Step, input: ForwardInput | BackwardInput, finding: Finding): Answer {
  const { type: direction, from, id, tensor } = input
  step.effects.push({ type: 'outside', direction, from, id, tensor, finding })
  const { statistic, value, median, allowed } = finding
  const detail = `${direction} ${jobKey(id)}: ${statistic} ${shown(value)}, siblings' ${shown(median)} +- ${shown(allowed)}`
  return { kind: 'refused', refusal: refuse('statistics', detail) }
}

/** Tells the siblings once a round what was taken in it. */
export function shareStatistics({ state, effects }: Step): void {
  const { context, samples } = state
  const { self, stage, lanes, round } = context
  const [forward, backward] = [ofSenders(samples.forward), ofSenders(samples.backward)]
  if (forward === null && backward === null) return
  const to = (lanes.rankings[stage] ?? []).filter(peer => peer !== self)
  effects.push({ type: 'share', to, report: { round, forward, backward } })
}

/** The median of senders' medians, so that who sends much counts once. */
function ofSenders(samples: Samples): TensorStatistics | null {
  return medianOf([...samples.values()].flatMap(ofSender => medianOf(ofSender) ?? []))
}

function reportFault({ context }: WorkState, from: PeerName, round: number): RefusalReason | null {
  const { self, stage, lanes } = context
  if (round > context.round + 1) return 'future-round'
  if (round < context.round - REFERENCE_ROUNDS) return 'stale-round'
  if (from !== self && (lanes.rankings[stage] ?? []).includes(from)) return null
  // In another round another epoch's seats may count.
  return round === context.round ? 'no-seat' : 'wrong-epoch'
}

function shown(value: number): string {
  return value.toFixed(3)
}
