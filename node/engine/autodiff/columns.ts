/** Which place of an image each value of Col2Im's columns is added to. */
import type { Node } from '../onnx/index.ts'
import { intsAttribute } from './attributes.ts'
import { elements, range, type Shape } from './shape.ts'

/** Places of the image, row-major, for each value of [block..., positions...]; null is padding. */
export function columnPlaces(node: Node, image: Shape, block: Shape): (number | null)[] {
  const filled = (name: string, value: number) => intsAttribute(node, name) ?? image.map(() => value)
  const [strides, dilations] = [filled('strides', 1), filled('dilations', 1)]
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * image.length).fill(0)
  const positions = image.map((size, axis) => {
    const reach = dilations[axis]! * (block[axis]! - 1) + 1
    return Math.floor((size + pads[axis]! + pads[axis + image.length]! - reach) / strides[axis]!) + 1
  })
  const along = (at: number, sizes: Shape, axis: number) =>
    Math.floor(at / elements(sizes.slice(axis + 1))) % sizes[axis]!
  return range(elements(block)).flatMap(tap =>
    range(elements(positions)).map(position =>
      image.reduce<number | null>((place, size, axis) => {
        const at =
          along(position, positions, axis) * strides[axis]! - pads[axis]! + along(tap, block, axis) * dilations[axis]!
        return place === null || at < 0 || at >= size ? null : place * size + at
      }, 0),
    ),
  )
}
