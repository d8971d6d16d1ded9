/** Puts the stages' certified parameters together again: one model, as ONNX and as safetensors. */
import { renameSync, writeFileSync } from 'node:fs'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import { ExitError } from '../cli/exit.ts'
import { exportModel, exportSafetensors, type NamedTensor, stageParameters } from '../engine/models/index.ts'
import { cutModel } from '../engine/partition/index.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import { oldestState, openRounds, rebuild, type StageSource } from './history.ts'

export interface ExportedModel {
  /** Last round that every stage has certified; 0: the initial model. */
  readonly round: number
  /** In the order of the model. */
  readonly parameters: ReadonlyMap<string, NamedTensor>
}

/** Finds for each stage the folder that can rebuild most rounds. Close the stores when done. */
export async function openSources(
  folders: readonly string[],
  run: Run,
  stageOf: (folder: string) => number | null,
): Promise<StageSource[]> {
  const best = new Map<number, StageSource>()
  try {
    for (const folder of folders) {
      const stage = stageOf(folder)
      if (stage === null) continue
      const store = await openRounds(folder, run, stage)
      const before = best.get(stage)
      best.set(stage, { folder, stage, store, toRound: (await store.recover()).toRound })
      if (before !== undefined) await closeWorse(best, before)
    }
  } catch (error) {
    for (const { store } of best.values()) await store.close()
    throw error
  }
  return [...best.values()].sort((a, b) => a.stage - b.stage)
}

/** Of two folders of one stage the first that goes furthest stays. */
async function closeWorse(best: Map<number, StageSource>, before: StageSource): Promise<void> {
  const after = best.get(before.stage)
  if (after === undefined) return
  const isBetter = after.toRound > before.toRound
  if (!isBetter) best.set(before.stage, before)
  await (isBetter ? before : after).store.close()
}

/**
 * Rebuilds every stage at the same round.
 * @param wanted - the round; null for the newest that all have certified
 * @throws ExitError 'data' where the folders do not hold it
 */
export async function assembleModel(
  sources: readonly StageSource[],
  run: Run,
  signal: AbortSignal,
  wanted: number | null = null,
): Promise<ExportedModel> {
  const { manifest } = run
  if (sources.length < manifest.stages) {
    throw new ExitError(
      'data',
      `the data folder holds ${sources.length} of the run's ${manifest.stages} stages`,
      'name a folder that holds a peer of every stage, e.g. that of swarm-node up',
    )
  }
  const newest = Math.max(FIRST_ROUND - 1, Math.min(...sources.map(source => source.toRound)))
  const oldest = Math.max(...(await Promise.all(sources.map(source => oldestState(source)))))
  const round = wanted ?? newest
  if (round > newest || round < oldest) {
    throw new ExitError(
      'data',
      `the state after round ${round} is not held by every stage: rounds ${oldest} to ${newest} can be exported`,
      `swarm-node export --data <folder> --round <${oldest} to ${newest}>`,
    )
  }
  const parameters = new Map<string, NamedTensor>()
  for (const source of sources) {
    const { engine } = await rebuild(source, run, round, signal)
    try {
      const flat = await engine.parameters({ signal })
      for (const [name, tensor] of namedParameters(manifest, source.stage, flat)) parameters.set(name, tensor)
    } finally {
      await engine.dispose()
    }
  }
  return { round, parameters }
}

/** A stage's flat parameters as named tensors, in manifest order. */
export function namedParameters(manifest: Manifest, stage: number, flat: Float32Array): Map<string, NamedTensor> {
  const cut = cutModel(manifest.model, manifest.stages, manifest.batch.sequences)[stage]
  if (cut === undefined) throw new RangeError(`no stage ${stage}`)
  const tensors = new Map<string, NamedTensor>()
  let offset = 0
  for (const { name, shape } of stageParameters(manifest.model, cut)) {
    const length = shape.reduce((product, side) => product * side, 1)
    tensors.set(name, { shape, data: flat.slice(offset, offset + length) })
    offset += length
  }
  return tensors
}

/** Both files. The same model gives the same bytes; their metadata say which run and round the model is of. */
export function encodeModel(
  { round, parameters }: ExportedModel,
  run: Run,
): { readonly onnx: Uint8Array; readonly safetensors: Uint8Array } {
  const metadata = { run: run.id, round: String(round), format: 'swarm-node' }
  const entries = Object.entries(metadata).map(([key, value]) => ({ key, value }))
  return {
    onnx: exportModel(run.manifest.model, parameters, entries),
    safetensors: exportSafetensors(parameters, metadata),
  }
}

/** Writes both files, each as a whole: a reader never sees half of one. */
export function writeModel(
  model: ExportedModel,
  run: Run,
  files: { readonly onnx: string; readonly safetensors: string },
): void {
  const { onnx, safetensors } = encodeModel(model, run)
  replaceFile(files.safetensors, safetensors)
  replaceFile(files.onnx, onnx)
}

function replaceFile(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.new`, bytes)
  renameSync(`${path}.new`, path)
}
