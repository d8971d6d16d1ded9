/** The table of checks: what each needs, does and recommends. `verify.ts` walks it. */
import type { BlockReference } from '../../consensus/chain/types.ts'
import type { VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { ExitError } from '../cli/exit.ts'
import type { NamedTensor } from '../engine/models/index.ts'
import { newEngine } from '../export/history.ts'
import { namedParameters } from '../export/model.ts'
import { chooseBeginning } from '../peer/checkpoint.ts'
import type { Membership } from '../peer/membership.ts'
import { roundAfter, settledTip } from '../peer/reformed.ts'
import { firstTip, type Tip, tipAt } from '../peer/tip.ts'
import { FIRST_ROUND, manifestHash } from '../run/state-chain.ts'
import { checkAggregates } from './aggregates.ts'
import { judgeAnchors } from './anchors.ts'
import { FaultList } from './faults.ts'
import { type FollowedChain, followChain, tipOf } from './hash-chain.ts'
import { certifiedIn, namedRuns, type StageHistory } from './history.ts'
import { genesisFaults, manifestFaults } from './manifest.ts'
import { type ModelFile, modelFaults, type Recomputed } from './model.ts'
import { checkState } from './state.ts'
import type { Subject } from './subject.ts'
import type { CheckName, Verdict } from './types.ts'

export interface Check {
  readonly name: CheckName
  /** Where one of these does not hold, this one says nothing and is left out. */
  readonly needs: readonly CheckName[]
  readonly run: (subject: Subject) => Promise<Verdict>
  /** What helps where it does not hold. */
  readonly next: string
}

const ELSEWHERE = 'do not use this folder; verify that of a sibling, or join again with an empty one'

export const CHECKS: readonly Check[] = [
  {
    name: 'manifest',
    needs: [],
    run: checkManifest,
    next: 'ask whoever runs it for the manifest file of this run, and put it into the folder',
  },
  { name: 'storage', needs: ['manifest'], run: checkStorage, next: ELSEWHERE },
  {
    name: 'seats',
    needs: ['manifest'],
    run: checkSeats,
    next: 'check that --chain names the chain of the run; if it does, the certificates are forged',
  },
  { name: 'signatures', needs: ['manifest', 'seats'], run: checkSignatures, next: ELSEWHERE },
  { name: 'aggregates', needs: ['seats', 'signatures'], run: checkAllAggregates, next: ELSEWHERE },
  { name: 'hash-chain', needs: ['seats', 'signatures'], run: checkHashChain, next: ELSEWHERE },
  {
    name: 'anchors',
    needs: ['hash-chain'],
    run: checkAnchors,
    next: "compare with another member's folder: either this one or whoever anchored holds another history",
  },
  { name: 'state', needs: ['hash-chain', 'aggregates'], run: checkStates, next: ELSEWHERE },
  {
    name: 'model',
    needs: ['state'],
    run: checkModel,
    next: 'swarm-node export --data <folder> writes the certified model again',
  },
]

async function checkManifest({ init }: Subject): Promise<Verdict> {
  const { run, manifests, opened, chain } = init
  const named = await namedRuns(opened.folders, run.manifest.stages)
  return {
    detail: `run ${run.id} is the hash of the manifest (files: ${manifests.length}), on the chain that it names`,
    faults: [...manifestFaults(run, manifests, named), ...genesisFaults(run, chain.genesis)],
  }
}

async function checkStorage({ init }: Subject): Promise<Verdict> {
  const { folders, faults } = init.opened
  return { detail: `every record is as it was written (peers: ${folders.length})`, faults }
}

async function checkSeats(subject: Subject): Promise<Verdict> {
  const { chain, run, signal } = subject.init
  const { startHeight } = run.manifest.chain
  const { height } = await chain.finalizedHead({ signal })
  if (height < startHeight) {
    const what = `its finalised head is block ${height}, the run starts at block ${startHeight}`
    return { detail: 'there are no seats', faults: [{ where: 'the chain', what }] }
  }
  try {
    const { history, membership } = await subject.load()
    const seats = `${membership.first.stageOf.size} bonded seats at block ${startHeight}`
    return {
      detail: `${seats}; ${history.signers} of them signed ${history.certificates} certificates`,
      ...subject.seatFaults.found,
    }
  } catch (error) {
    // Too few bonds: of a manifest that nobody bonded for.
    if (!(error instanceof ExitError && error.exit === 'refused')) throw error
    return { detail: 'there are no seats', faults: [{ where: 'the chain', what: error.message }] }
  }
}

async function checkSignatures(subject: Subject): Promise<Verdict> {
  const { history } = await subject.load()
  const detail = `${history.certificates} certificates have a quorum of equal signed outcomes`
  return { detail, ...subject.signatureFaults.found }
}

async function checkAllAggregates(subject: Subject): Promise<Verdict> {
  const { history } = await subject.load()
  const faults = new FaultList()
  let checked = 0
  for (const folder of subject.init.opened.folders) {
    const held = folder.stage === null ? undefined : history.stages[folder.stage]
    if (held === undefined) continue
    checked += await checkAggregates(folder, held, faults, subject.init.signal)
  }
  return { detail: `${checked} held aggregates have the certified root`, ...faults.found }
}

async function checkHashChain(subject: Subject): Promise<Verdict> {
  const { run, signal, opened } = subject.init
  const { history, membership } = await subject.load()
  const faults = new FaultList()
  const ends: string[] = []
  for (const [stage, held] of history.stages.entries()) {
    const engine = await newEngine(run, stage)
    const initial = firstTip(await engine.fullRoot({ signal }), membership.start)
    await engine.dispose()
    const starts = await epochStarts(membership, stage, signal)
    const settled = (tip: Tip): Tip => settledTip(tip, membership.recoveries(stage), epoch => starts.get(epoch))
    const first = held.from === FIRST_ROUND ? initial : await anchoredBeginning(subject, stage, held)
    const rest = first === null ? [] : held.rounds.slice(first.round + 1 - held.from)
    const chain = first === null ? NO_CHAIN : followChain(first, rest, manifestHash(run.id), settled)
    subject.chains = [...subject.chains, chain]
    const isOwn = opened.folders.some(folder => folder.stage === stage)
    if (first === null && isOwn)
      faults.add(`stage ${stage}`, `rounds before ${held.from} are not held, and no final anchor vouches for them`)
    if (chain.fault !== null) faults.add(`stage ${stage}, round ${chain.fault.round}`, chain.fault.what)
    // Certificates of other stages come by gossip: a peer may have missed some, and its own stage does not suffer.
    if (chain.gap !== null && isOwn) faults.add(`stage ${stage}, round ${chain.gap}`, 'the certificate is missing')
    const begin = held.from === FIRST_ROUND ? '' : ` from ${first?.round}, before which the anchor on the chain vouches`
    ends.push(`stage ${stage} ${chain.tips.at(-1)?.round ?? 0}${begin}`)
  }
  const isWhole = history.stages.every(({ from }) => from === FIRST_ROUND)
  return { detail: `rounds linked${isWhole ? ' from the initial state on' : ''}: ${ends.join(', ')}`, ...faults.found }
}

/** Nothing that the rounds could be linked to. */
const NO_CHAIN: FollowedChain = { tips: [], fault: null, gap: null }

/** Where the kept rounds of a stage begin: at a round that members have anchored. Null where there is none. */
async function anchoredBeginning(subject: Subject, stage: number, history: StageHistory): Promise<Tip | null> {
  const { membership } = await subject.load()
  const recoveries = membership.recoveries(stage)
  const held: VerifiedCertificate[] = []
  for (let round = history.from; ; round = roundAfter(round, recoveries)) {
    const certificate = certifiedIn(history, round)?.[0]
    if (certificate === undefined) break
    held.push(certificate)
  }
  const posted = await subject.anchors()
  const own = posted.filter(anchor => anchor.stage === stage && membership.isOfHistory(anchor))
  const anchor = chooseBeginning(own, held)
  const at = held.findIndex(({ value }) => value.scope.round === anchor?.toRound)
  const first = held[at]
  return anchor === null || first === undefined ? null : tipAt(first, anchor.link, held.slice(0, at))
}

/** First blocks of the epochs that re-formed a stage. */
async function epochStarts(
  membership: Membership,
  stage: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, BlockReference>> {
  const starts = new Map<number, BlockReference>()
  for (const { epoch } of membership.recoveries(stage))
    starts.set(epoch, await membership.blockAt(membership.startOf(epoch), signal))
  return starts
}

async function checkAnchors(subject: Subject): Promise<Verdict> {
  const { run } = subject.init
  const { membership } = await subject.load()
  const found = judgeAnchors(await subject.anchors(), {
    linkAt: (stage, round) => tipOf(subject.chains[stage] ?? NO_CHAIN, round)?.link ?? null,
    isLeft: (stage, toRound, height) => membership.hasLeft(stage, toRound, height),
    hasSeat: (peer, stage, height) => membership.hadSeat(peer, stage, height),
    stages: run.manifest.stages,
  })
  subject.final = Math.min(...found.final)
  const notes = [
    `${found.agreeing} anchors agree, rounds to ${found.final.join(' and ')} are final`,
    ...(found.beyond > 0 ? [`${found.beyond} are of rounds that this folder does not hold`] : []),
    ...(found.left > 0 ? [`${found.left} are of rounds that a re-formed stage has left`] : []),
    ...(found.strangers > 0 ? [`${found.strangers} of peers without a seat in their stage do not count`] : []),
  ]
  return { detail: notes.join('; '), faults: found.faults }
}

async function checkStates(subject: Subject): Promise<Verdict> {
  const { run, opened, signal } = subject.init
  const { history, membership } = await subject.load()
  const faults = new FaultList()
  const wanted = new Set(subject.models.files.flatMap(({ round }) => round ?? []))
  const ends: string[] = []
  let roots = 0
  for (const [stage, held] of history.stages.entries()) {
    const own = opened.folders.filter(folder => folder.stage === stage)
    if (own.length === 0) continue
    const captured = new Map<number, Float32Array>()
    subject.captured.set(stage, captured)
    const chain = subject.chains[stage] ?? NO_CHAIN
    const engine = await newEngine(run, stage)
    try {
      const initial = await engine.exportState({ signal })
      let end = FIRST_ROUND - 1
      for (const folder of own) {
        const recoveries = membership.recoveries(stage)
        const walk = { folder, engine, initial, history: held, chain, recoveries, wanted, captured, faults, signal }
        const { toRound, roots: compared } = await checkState(walk)
        end = Math.max(end, toRound)
        roots += compared
      }
      ends.push(`stage ${stage} to round ${end}`)
    } finally {
      await engine.dispose()
    }
  }
  const detail = ends.length === 0 ? 'no folder holds a state' : `recomputed ${ends.join(', ')}`
  return { detail: `${detail}; ${roots} certified full roots agree`, ...faults.found, absent: ends.length === 0 }
}

async function checkModel(subject: Subject): Promise<Verdict> {
  const { files, faults: damaged } = subject.models
  if (files.length === 0 && damaged.length === 0) {
    const detail = 'there is no exported model in this folder; swarm-node export --data <folder> writes it'
    return { detail, faults: [], absent: true }
  }
  const faults = files.flatMap(file => modelFaults(file, subject.init.run, recomputed(subject, file)))
  const stages = [...subject.captured.keys()].join(', ')
  const names = files.map(({ name, round }) => `${name} of round ${round}`).join(' and ')
  return { detail: `${names}: the recomputed parameters of stages ${stages}`, faults: [...damaged, ...faults] }
}

/** Of every stage that the folder has a state of; the model as a whole only where it has all. */
function recomputed({ captured, init }: Subject, { round }: ModelFile): Recomputed | null {
  const { manifest } = init.run
  const parameters = new Map<string, NamedTensor>()
  for (const [stage, rounds] of captured) {
    const flat = round === null ? undefined : rounds.get(round)
    if (flat === undefined) return null
    for (const [name, tensor] of namedParameters(manifest, stage, flat)) parameters.set(name, tensor)
  }
  return captured.size === 0 ? null : { parameters, whole: captured.size === manifest.stages }
}
