/** Text from an exported model: what a run ends with, and proof that the file is a model that others can load. */
import { readFile } from 'node:fs/promises'
import { BYTE_VOCABULARY, decodeTokens, encodeText } from '../data/index.ts'
import { type LanguageModel, openLanguageModel } from '../engine/runtime/language-model.ts'
import type { Run } from '../run/folder.ts'
import { sampleToken, seededDraws } from './sampling.ts'

/** Below 1: a small model's unlikely bytes are mostly noise. */
const TEMPERATURE = 0.8

export interface GenerateOptions {
  /** What the text starts with; at least one character. */
  readonly prompt: string
  /** Bytes to generate: with the byte tokenizer a character of English is one. */
  readonly characters: number
  readonly signal: AbortSignal
}

/**
 * The prompt and what the model of `onnxPath` makes of it. The same file, run and options give the same text. Bytes that are
 * no text, and control characters, which could steer a terminal, become U+FFFD.
 */
export async function generateText(run: Run, onnxPath: string, options: GenerateOptions): Promise<string> {
  const { signal } = options
  const model = await openLanguageModel(await readFile(onnxPath, { signal }), run.manifest.model)
  try {
    return printable(decodeTokens(await continueTokens(model, run.manifest.seed, options)))
  } finally {
    await model.dispose()
  }
}

async function continueTokens(
  model: LanguageModel,
  seed: number,
  { prompt, characters, signal }: GenerateOptions,
): Promise<Uint8Array> {
  const start = encodeText(prompt)
  if (start.length === 0) throw new RangeError('a text starts with at least one character')
  const tokens = new Uint8Array(start.length + characters)
  tokens.set(start)
  const draw = seededDraws(seed)
  const window = new Uint8Array(model.sequence)
  for (let end = start.length; end < tokens.length; end++) {
    signal.throwIfAborted()
    const context = tokens.subarray(Math.max(0, end - model.sequence), end)
    window.set(context)
    const logits = await model.nextLogits(window, context.length)
    // Only bytes are text, whatever else the vocabulary holds.
    tokens[end] = sampleToken(logits.subarray(0, BYTE_VOCABULARY), TEMPERATURE, draw())
  }
  return tokens
}

function printable(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, '\ufffd')
}
