/** Arithmetic on shapes. */
export type Shape = readonly number[]

export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1)
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}

/** The shape that NumPy broadcasting gives; null where the shapes do not fit. */
export function broadcast(...shapes: readonly Shape[]): number[] | null {
  const rank = Math.max(0, ...shapes.map(shape => shape.length))
  const result = new Array<number>(rank).fill(1)
  for (const shape of shapes) {
    for (const [axis, size] of shape.entries()) {
      const at = rank - shape.length + axis
      if (size === 1 || size === result[at]) continue
      if (result[at] !== 1) return null
      result[at] = size
    }
  }
  return result
}

/** A negative axis counts from the end. */
export function normalAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** The permutation that undoes `permutation`. */
export function inverse(permutation: readonly number[]): number[] {
  const result = new Array<number>(permutation.length)
  for (const [to, from] of permutation.entries()) result[from] = to
  return result
}

/** Elements that one step along each axis skips, row-major. */
export function strides(shape: Shape): number[] {
  const result = new Array<number>(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--) result[axis] = result[axis + 1]! * shape[axis + 1]!
  return result
}
