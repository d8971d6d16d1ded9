/** Puts the stages' certified parameters together again: one model, as ONNX and as safetensors. */
import { writeFileSync } from 'node:fs'
import { ExitError } from '../cli/exit.ts'
import { exportModel, exportSafetensors, stageParameters } from '../engine/models/index.ts'
import { cutModel } from '../engine/partition/index.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import { openRounds, rebuild, type StageSource } from './history.ts'

export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

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
  for (const folder of folders) {
    const stage = stageOf(folder)
    if (stage === null) continue
    const store = await openRounds(folder, run, stage)
    const { toRound } = await store.recover()
    const before = best.get(stage)
    if (before !== undefined && before.toRound >= toRound) {
      await store.close()
      continue
    }
    await before?.store.close()
    best.set(stage, { folder, stage, store, toRound })
  }
  return [...best.values()].sort((a, b) => a.stage - b.stage)
}

/** Rebuilds every stage at the newest round that all have certified. */
export async function assembleModel(
  sources: readonly StageSource[],
  run: Run,
  signal: AbortSignal,
): Promise<ExportedModel> {
  const { manifest } = run
  if (sources.length < manifest.stages) {
    throw new ExitError(
      'data',
      `the data folder holds ${sources.length} of the run's ${manifest.stages} stages`,
      'name a folder that holds a peer of every stage, e.g. that of swarm-node up',
    )
  }
  const round = Math.max(FIRST_ROUND - 1, Math.min(...sources.map(source => source.toRound)))
  const cuts = cutModel(manifest.model, manifest.stages, manifest.batch.sequences)
  const parameters = new Map<string, NamedTensor>()
  for (const source of sources) {
    const cut = cuts[source.stage]
    if (cut === undefined) throw new RangeError(`no stage ${source.stage}`)
    const { engine } = await rebuild(source, run, round, signal)
    try {
      const flat = await engine.parameters({ signal })
      let offset = 0
      for (const { name, shape } of stageParameters(manifest.model, cut)) {
        const length = shape.reduce((product, side) => product * side, 1)
        parameters.set(name, { shape, data: flat.slice(offset, offset + length) })
        offset += length
      }
    } finally {
      await engine.dispose()
    }
  }
  return { round, parameters }
}

/** Writes both files; the metadata say which run and round the model is of. */
export function writeModel(model: ExportedModel, run: Run, files: { onnx: string; safetensors: string }): void {
  const metadata = { run: run.id, round: String(model.round), format: 'swarm-node' }
  writeFileSync(files.safetensors, exportSafetensors(model.parameters, metadata))
  writeFileSync(files.onnx, exportModel(run.manifest.model, model.parameters))
}
