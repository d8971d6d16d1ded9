/** Constants of which values are taken and in which values are put, as exporters edit shapes. */
import { intAttribute, textAttribute } from '../attributes.ts'
import { elements, normalAxis, range, strides } from '../shape.ts'
import { dot, type Evaluator, indexer, reindex } from './tensors.ts'

/** Index vectors along the first axes become places in the data. */
function vectorPlaces(shape: readonly number[], indices: readonly number[], depth: number): number[] {
  const steps = strides(shape)
  return range(indices.length / Math.max(1, depth)).map(at =>
    range(depth).reduce((place, axis) => {
      return place + normalAxis(indices[at * depth + axis]!, shape[axis]!) * steps[axis]!
    }, 0),
  )
}

export const PLACING: Readonly<Record<string, Evaluator>> = {
  Tile: ({ inputs, outputs }) => {
    const { shape, values } = inputs[0]!
    const steps = strides(shape)
    return [
      reindex(
        outputs[0]!.shape,
        index =>
          dot(
            index.map((at, axis) => at % shape[axis]!),
            steps,
          ),
        values,
      ),
    ]
  },
  /** A place counted from the end, or none at all, is as in the runtime. */
  OneHot: ({ node, inputs, outputs }) => {
    const [indices, values] = [inputs[0]!, inputs[2]!.values]
    const { shape } = outputs[0]!
    const axis = normalAxis(intAttribute(node, 'axis', -1), shape.length)
    const depth = shape[axis]!
    const steps = strides(indices.shape)
    const indexOf = indexer(shape)
    return [
      range(elements(shape)).map(at => {
        const index = indexOf(at)
        const wanted = indices.values[dot(index.toSpliced(axis, 1), steps)]!
        return values[Number(index[axis] === (wanted < 0 ? wanted + depth : wanted))]!
      }),
    ]
  },
  GatherElements: ({ node, inputs }) => {
    const [data, indices] = [inputs[0]!, inputs[1]!]
    const axis = normalAxis(intAttribute(node, 'axis', 0), data.shape.length)
    const steps = strides(data.shape)
    const indexOf = indexer(indices.shape)
    return [
      indices.values.map((value, at) => {
        const index = indexOf(at).with(axis, normalAxis(value, data.shape[axis]!))
        return data.values[dot(index, steps)]!
      }),
    ]
  },
  GatherND: ({ node, inputs }) => {
    const [data, indices] = [inputs[0]!, inputs[1]!]
    if (intAttribute(node, 'batch_dims', 0) !== 0) return []
    const depth = indices.shape.at(-1)!
    const size = elements(data.shape.slice(depth))
    const places = vectorPlaces(data.shape, indices.values, depth)
    return [places.flatMap(place => data.values.slice(place, place + size))]
  },
  ScatterElements: ({ node, inputs }) => {
    const [data, indices, updates] = [inputs[0]!, inputs[1]!, inputs[2]!]
    if (textAttribute(node, 'reduction', 'none') !== 'none') return []
    const axis = normalAxis(intAttribute(node, 'axis', 0), data.shape.length)
    const steps = strides(data.shape)
    const indexOf = indexer(indices.shape)
    const values = [...data.values]
    for (const [at, value] of indices.values.entries()) {
      const index = indexOf(at).with(axis, normalAxis(value, data.shape[axis]!))
      values[dot(index, steps)] = updates.values[at]!
    }
    return [values]
  },
  ScatterND: ({ node, inputs }) => {
    const [data, indices, updates] = [inputs[0]!, inputs[1]!, inputs[2]!]
    if (textAttribute(node, 'reduction', 'none') !== 'none') return []
    const depth = indices.shape.at(-1)!
    const size = elements(data.shape.slice(depth))
    const values = [...data.values]
    for (const [at, place] of vectorPlaces(data.shape, indices.values, depth).entries())
      values.splice(place, size, ...updates.values.slice(at * size, (at + 1) * size))
    return [values]
  },
}
