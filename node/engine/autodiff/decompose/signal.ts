/** STFT-17: the discrete Fourier transform of parts of a signal, each times a window. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute } from '../attributes.ts'
import { range } from '../shape.ts'
import type { Decomposition } from './types.ts'

/** Inputs signal [batch, length, 1 or 2], the step between frames, a window, and the frames' length. */
export const shortTimeFourier: Decomposition = (g, node, [signal, step, window, length]) => {
  const stride = step ? g.numbers(step)?.[0] : undefined
  const size = length ? g.numbers(length)?.[0] : window?.shape[0]
  if (signal?.shape.length !== 3 || stride === undefined || size === undefined) return null
  const [batch, total, parts] = signal.shape as [number, number, number]
  const frames = Math.floor((total - size) / stride) + 1
  const places = g.integers(range(frames).flatMap(frame => range(size).map(at => frame * stride + at)))
  const cut = g.reshape(g.one('Gather', [signal, places], { axis: 1 }), [batch, frames, size, parts])
  const weighted = window ? g.mul(cut, g.reshape(window, [size, 1])) : cut
  const onesided = intAttribute(node, 'onesided', 1)
  return [
    g.opset >= 20
      ? g.one('DFT', [weighted, null, g.scalar(2, DataType.int64)], { onesided })
      : g.one('DFT', [weighted], { axis: 2, onesided }),
  ]
}
