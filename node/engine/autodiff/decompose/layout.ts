/** Operators that trade channels for space and back. */
import { intAttribute, textAttribute } from '../attributes.ts'
import type { Decomposition } from './types.ts'

/** DepthToSpace-13; `CRD` is PyTorch's pixel shuffle. */
export const depthToSpace: Decomposition = (g, node, [x]) => {
  const size = intAttribute(node, 'blocksize', 0)
  if (x?.shape.length !== 4 || size < 1) return null
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const depth = channels / size ** 2
  const isColumnFirst = textAttribute(node, 'mode', 'DCR') === 'CRD'
  const blocks = g.reshape(
    x,
    isColumnFirst ? [batch, depth, size, size, height, width] : [batch, size, size, depth, height, width],
  )
  const spread = g.transpose(blocks, isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
  return [g.reshape(spread, [batch, depth, height * size, width * size])]
}

/** SpaceToDepth-28; `CRD` undoes PyTorch's pixel shuffle. */
export const spaceToDepth: Decomposition = (g, node, [x]) => {
  const size = intAttribute(node, 'blocksize', 0)
  if (x?.shape.length !== 4 || size < 1) return null
  const [batch, depth, height, width] = x.shape as [number, number, number, number]
  const isColumnFirst = textAttribute(node, 'mode', 'DCR') === 'CRD'
  const blocks = g.reshape(x, [batch, depth, height / size, size, width / size, size])
  const gathered = g.transpose(blocks, isColumnFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
  return [g.reshape(gathered, [batch, depth * size ** 2, height / size, width / size])]
}
