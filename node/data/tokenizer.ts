/** The byte tokenizer: a token is a byte of UTF-8. No vocabulary file, no merges, nothing that peers could disagree on. */
export const BYTE_VOCABULARY = 256

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Bytes that are not UTF-8 (a model may write any) become U+FFFD. */
export function decodeTokens(tokens: Uint8Array): string {
  return decoder.decode(tokens)
}
