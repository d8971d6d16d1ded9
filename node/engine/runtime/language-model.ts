/** An exported model (`../models/export-onnx.ts`) for inference: a window of tokens in, logits out. */
import { Tensor } from 'onnxruntime-node'
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import { EngineError } from './errors.ts'
import { floatTensor, loadGraph } from './graph-runtime.ts'

export interface LanguageModel {
  /** Tokens in a window. */
  readonly sequence: number
  readonly vocabulary: number
  /**
   * Logits of the token that follows the window's first `length` tokens. What stands behind them does not count: attention
   * is causal.
   */
  nextLogits(window: Uint8Array, length: number): Promise<Float32Array>
  dispose(): Promise<void>
}

/**
 * @param file - bytes of the ONNX file
 * @throws EngineError `unsupported-op` or `malformed-model`
 */
export async function openLanguageModel(
  file: Uint8Array,
  { sequence, vocabulary }: Pick<ModelConfig, 'sequence' | 'vocabulary'>,
): Promise<LanguageModel> {
  // One thread: a window of a small model is not worth more, and results do not depend on how many there are.
  const graph = await loadGraph(file, { threads: 1 })
  if (String(graph.inputs) !== 'tokens' || String(graph.outputs) !== 'logits') {
    await graph.dispose()
    throw new EngineError('malformed-model', `it takes '${graph.inputs}' and gives '${graph.outputs}'`)
  }
  const logits = new Float32Array(sequence * vocabulary)
  const output = floatTensor(logits, [1, sequence, vocabulary])
  return {
    sequence,
    vocabulary,
    async nextLogits(window, length) {
      if (window.length !== sequence || !(length >= 1 && length <= sequence))
        throw new EngineError('invalid-input', `${length} of ${window.length} tokens in a window of ${sequence}`)
      const tokens = new Tensor('int64', BigInt64Array.from(window, BigInt), [1, sequence])
      await graph.run({ tokens }, { logits: output })
      return logits.slice((length - 1) * vocabulary, length * vocabulary)
    },
    dispose: () => graph.dispose(),
  }
}
