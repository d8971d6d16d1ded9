/**
 * Constants that exporters keep among the weights and that only their values tell apart: masks, the cosines and sines of
 * rotary positions, and the frequencies or slopes that positions are multiplied with. No training leads to such values.
 */
import type { Tensor } from '../onnx/index.ts'
import { elements } from './shape.ts'
import { canCompute, numbersOf } from './values.ts'

/** Elements that are looked at in one piece: most tensors are told by the first of them. */
const PIECE = 64

/** Swin's windows are masked with -100, others with -10,000 or the smallest number of their type. */
const MASKED = -100

/** Shorter series are geometric by chance. */
const MIN_SERIES = 4

/** Of the value, as float16 keeps it. */
const ROUNDING = 5e-3

/** The names of those that are no weights. */
export function tablesAmong(tensors: readonly Tensor[]): Set<string> {
  const computed = tensors.filter(({ type, shape }) => canCompute(type) && elements(shape) > 1)
  const tables = new Set<string>()
  for (const tensor of computed) if (isMask(tensor) || isSeries(tensor)) tables.add(tensor.name)
  // The angles of the first position are 0.
  const sines = computed.filter(tensor => tensor.shape.length > 1 && piece(tensor, 0)[0] === 0)
  for (const sine of sines) {
    const cosine = computed.find(other => isCircle(sine, other))
    if (cosine !== undefined) tables.add(sine.name).add(cosine.name)
  }
  return tables
}

/** Each value is 0 or hides what it is added to, and both occur. */
function isMask(tensor: Tensor): boolean {
  if (tensor.shape.length < 2) return false
  let shown = false
  let hidden = false
  for (let start = 0; start < elements(tensor.shape); start += PIECE) {
    for (const value of piece(tensor, start)) {
      if (value !== 0 && !(value <= MASKED)) return false
      if (value === 0) shown = true
      else hidden = true
    }
  }
  return shown && hidden
}

/** Each value is the one before times the same factor below 1. */
function isSeries(tensor: Tensor): boolean {
  const count = elements(tensor.shape)
  if (count < MIN_SERIES || Math.max(...tensor.shape) !== count) return false
  const [first = 0, second = 0] = piece(tensor, 0)
  const factor = second / first
  if (!(first > 0 && factor > 0 && factor < 1 - ROUNDING)) return false
  // The factor is rounded too, so values are held against their neighbours, not against its powers.
  let before = first / factor
  for (let start = 0; start < count; start += PIECE) {
    for (const value of piece(tensor, start)) {
      if (!(Math.abs(value - before * factor) <= ROUNDING * value)) return false
      before = value
    }
  }
  return true
}

/** Of the same shape, and at each place the squares of both come to the same; neither is one number all over. */
function isCircle(sine: Tensor, cosine: Tensor): boolean {
  if (sine === cosine || sine.shape.join() !== cosine.shape.join()) return false
  const radius = (piece(cosine, 0)[0] ?? 0) ** 2
  if (radius === 0) return false
  let varies = false
  for (let start = 0; start < elements(sine.shape); start += PIECE) {
    const others = piece(cosine, start)
    for (const [at, value] of piece(sine, start).entries()) {
      if (!(Math.abs(value ** 2 + others[at]! ** 2 - radius) <= ROUNDING * radius)) return false
      varies ||= value !== 0
    }
  }
  return varies
}

/** As many numbers as there are from the place `start` on, up to `PIECE`. */
function piece(tensor: Tensor, start: number): number[] {
  const bytes = tensor.data.length / elements(tensor.shape)
  const data = tensor.data.subarray(start * bytes, Math.min(tensor.data.length, (start + PIECE) * bytes))
  return numbersOf({ ...tensor, data })
}
