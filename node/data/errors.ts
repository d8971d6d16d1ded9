/** What can be wrong with a corpus, each in one sentence that names the fix. */
export type CorpusErrorCode = 'not-found' | 'mismatch' | 'too-short'

export class CorpusError extends Error {
  override readonly name = 'CorpusError'
  readonly code: CorpusErrorCode

  constructor(code: CorpusErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
