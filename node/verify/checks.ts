/** The table of checks: what each needs, does and recommends. `verify.ts` walks it. */
import type { BlockReference, PostedAnchor } from '../../consensus/chain/types.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { ExitError } from '../cli/exit.ts'
import type { NamedTensor } from '../engine/models/index.ts'
import { newEngine } from '../export/history.ts'
import { namedParameters } from '../export/model.ts'
import type { Membership } from '../peer/membership.ts'
import { settledTip } from '../peer/reformed.ts'
import { firstTip, type Tip } from '../peer/tip.ts'
import { FIRST_ROUND, manifestHash } from '../run/state-chain.ts'
import { checkAggregates } from './aggregates.ts'
import { judgeAnchors } from './anchors.ts'
import { FaultList } from './faults.ts'
import { followChain } from './hash-chain.ts'
import { namedRuns } from './history.ts'
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
    const rounds = folder.stage === null ? [] : (history.stages[folder.stage] ?? [])
    checked += await checkAggregates(folder, rounds, faults, subject.init.signal)
  }
  return { detail: `${checked} held aggregates have the certified root`, ...faults.found }
}

async function checkHashChain(subject: Subject): Promise<Verdict> {
  const { run, signal, opened } = subject.init
  const { history, membership } = await subject.load()
  const faults = new FaultList()
  const ends: string[] = []
  for (const [stage, rounds] of history.stages.entries()) {
    const engine = await newEngine(run, stage)
    const first = firstTip(await engine.fullRoot({ signal }), membership.start)
    await engine.dispose()
    const starts = await epochStarts(membership, stage, signal)
    const settled = (tip: Tip): Tip => settledTip(tip, membership.recoveries(stage), epoch => starts.get(epoch))
    const chain = followChain(first, rounds, manifestHash(run.id), settled)
    subject.chains = [...subject.chains, chain]
    if (chain.fault !== null) faults.add(`stage ${stage}, round ${chain.fault.round}`, chain.fault.what)
    const isOwn = opened.folders.some(folder => folder.stage === stage)
    // Certificates of other stages come by gossip: a peer may have missed some, and its own stage does not suffer.
    if (chain.gap !== null && isOwn) faults.add(`stage ${stage}, round ${chain.gap}`, 'the certificate is missing')
    ends.push(`stage ${stage} ${chain.tips.length - 1}`)
  }
  return { detail: `rounds linked from the initial state on: ${ends.join(', ')}`, ...faults.found }
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

/** Blocks asked for at a time. */
const ANCHOR_PAGE_BLOCKS = 4096

async function checkAnchors(subject: Subject): Promise<Verdict> {
  const { chain, run, signal } = subject.init
  const { membership } = await subject.load()
  const head = await chain.finalizedHead({ signal })
  const anchors: PostedAnchor[] = []
  for (let at = run.manifest.chain.startHeight; at < head.height; at += ANCHOR_PAGE_BLOCKS) {
    const range = { afterHeight: at, toHeight: Math.min(head.height, at + ANCHOR_PAGE_BLOCKS) }
    anchors.push(...(await chain.anchors(run.id, range, { signal })))
  }
  // Read before they are judged: an anchor's author is one of those who sat there then.
  await membership.foresee(head.height, signal)
  const found = judgeAnchors(anchors, {
    linkAt: (stage, round) => subject.chains[stage]?.tips[round]?.link ?? null,
    hasSeat: (peer, stage, height) => hadSeat(membership, peer, stage, height),
    stages: run.manifest.stages,
  })
  subject.final = Math.min(...found.final)
  const notes = [
    `${found.agreeing} anchors agree, rounds to ${found.final.join(' and ')} are final`,
    ...(found.beyond > 0 ? [`${found.beyond} are of rounds that this folder does not hold`] : []),
    ...(found.strangers > 0 ? [`${found.strangers} of peers without a seat in their stage do not count`] : []),
  ]
  return { detail: notes.join('; '), faults: found.faults }
}

/** The last round of an epoch may be anchored in the next one. */
function hadSeat(membership: Membership, peer: PeerName, stage: number, height: number): boolean {
  const epoch = membership.epochOf(height)
  return [epoch - 1, epoch].some(number => membership.roster(number)?.stageOf.get(peer) === stage)
}

async function checkStates(subject: Subject): Promise<Verdict> {
  const { run, opened, signal } = subject.init
  const { history, membership } = await subject.load()
  const faults = new FaultList()
  const wanted = new Set(subject.models.files.flatMap(({ round }) => round ?? []))
  const ends: string[] = []
  let roots = 0
  for (const [stage, rounds] of history.stages.entries()) {
    const own = opened.folders.filter(folder => folder.stage === stage)
    if (own.length === 0) continue
    const captured = new Map<number, Float32Array>()
    subject.captured.set(stage, captured)
    const { tips } = subject.chains[stage] ?? { tips: [] }
    const engine = await newEngine(run, stage)
    try {
      const initial = await engine.exportState({ signal })
      let end = FIRST_ROUND - 1
      for (const folder of own) {
        const recoveries = membership.recoveries(stage)
        const walk = { folder, engine, initial, rounds, tips, recoveries, wanted, captured, faults, signal }
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
