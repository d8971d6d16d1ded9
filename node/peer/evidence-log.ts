/** Evidence in the data folder, one JSON object a line: anyone who knows the group can check it (`verifyEvidence`). */
import { appendFileSync, existsSync, statSync } from 'node:fs'
import type { Evidence } from '../../protocols/wire/messages.ts'

/** A liar must not fill the disk: at most two envelopes of 3 MiB a line are possible, some KiB are usual. */
const MAX_BYTES = 64 * 1024 * 1024

export class EvidenceLog {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  append({ kind, accused, envelopes }: Evidence): void {
    if (existsSync(this.#path) && statSync(this.#path).size > MAX_BYTES) return
    const [first, second] = envelopes.map(envelope => Buffer.from(envelope).toString('base64'))
    appendFileSync(this.#path, `${JSON.stringify({ kind, accused, envelopes: [first, second] })}\n`)
  }
}
