/** (f) The exported files hold the recomputed parameters, byte for byte, and nothing else. Pure but for reading. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equalBytes } from '../../protocols/wire/hash.ts'
import { type NamedTensor, readSafetensors, SafetensorsError } from '../engine/models/index.ts'
import { bytesOf, DataType, OnnxFormatError, readModel } from '../engine/onnx/index.ts'
import { encodeModel } from '../export/model.ts'
import type { Run } from '../run/folder.ts'
import type { Fault } from './types.ts'

/** An exported file as found. */
export interface ModelFile {
  readonly name: 'model.onnx' | 'model.safetensors'
  readonly bytes: Uint8Array
  readonly metadata: Readonly<Record<string, string>>
  /** Bytes of every tensor, by name. */
  readonly tensors: ReadonlyMap<string, Uint8Array>
  /** Round that the metadata name; null where they name none. */
  readonly round: number | null
}

export interface ReadModels {
  readonly files: readonly ModelFile[]
  readonly faults: readonly Fault[]
}

const READERS = { 'model.onnx': readOnnx, 'model.safetensors': readTensors } as const

/** Reads what is there; a file that cannot be parsed is a fault. */
export function readModels(data: string): ReadModels {
  const files: ModelFile[] = []
  const faults: Fault[] = []
  for (const name of ['model.onnx', 'model.safetensors'] as const) {
    const path = join(data, name)
    if (!existsSync(path)) continue
    const bytes = new Uint8Array(readFileSync(path))
    try {
      files.push(READERS[name](bytes))
    } catch (error) {
      if (!(error instanceof OnnxFormatError || error instanceof SafetensorsError)) throw error
      faults.push({ where: name, what: `the file is damaged: ${error.message}` })
    }
  }
  return { files, faults }
}

export interface Recomputed {
  /** Of the stages that the folder can recompute at the file's round; all of the model's where `whole`. */
  readonly parameters: ReadonlyMap<string, NamedTensor>
  readonly whole: boolean
}

/** @param recomputed - null where no stage can be recomputed at the file's round */
export function modelFaults(file: ModelFile, run: Run, recomputed: Recomputed | null): Fault[] {
  const fault = (what: string): Fault[] => [{ where: file.name, what }]
  const { run: named, round } = file.metadata
  if (named !== run.id) return fault(`its metadata name the run ${named}`)
  if (file.round === null) return fault(`its metadata name the round '${round}'`)
  if (recomputed === null) return fault(`the state after round ${round} cannot be recomputed from this folder`)
  const wrong = [...recomputed.parameters].filter(([name, tensor]) => !holds(file.tensors.get(name), tensor))
  if (wrong.length > 0) {
    const names = wrong.map(([name]) => name)
    const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
    return fault(`${names.slice(0, 3).join(', ')}${more} differ from the recomputed parameters of round ${round}`)
  }
  if (!recomputed.whole) return []
  const model = { round: file.round, parameters: recomputed.parameters }
  const { onnx, safetensors } = encodeModel(model, run)
  if (equalBytes(file.bytes, file.name === 'model.onnx' ? onnx : safetensors)) return []
  return fault('the parameters are right, but what stands around them is not what this version exports')
}

function holds(found: Uint8Array | undefined, { data }: NamedTensor): boolean {
  return found !== undefined && equalBytes(found, bytesOf(data))
}

function readTensors(bytes: Uint8Array): ModelFile {
  const { parameters, metadata } = readSafetensors(bytes)
  const tensors = new Map([...parameters].map(([name, { data }]) => [name, bytesOf(data)]))
  return { name: 'model.safetensors', bytes, metadata, tensors, round: roundOf(metadata) }
}

function readOnnx(bytes: Uint8Array): ModelFile {
  const { metadata: entries, graph } = readModel(bytes)
  const metadata = Object.fromEntries(entries.map(({ key, value }) => [key, value]))
  const floats = graph.initializers.filter(({ type }) => type === DataType.float32)
  const tensors = new Map(floats.map(({ name, data }) => [name, data]))
  return { name: 'model.onnx', bytes, metadata, tensors, round: roundOf(metadata) }
}

function roundOf({ round }: Readonly<Record<string, string>>): number | null {
  return round !== undefined && /^(0|[1-9]\d{0,14})$/.test(round) ? Number(round) : null
}
