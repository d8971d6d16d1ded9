/** A check that takes too long for every change; `npm run verify-all` runs them, one after the other. */
export interface LongCheck {
  readonly name: string
  /** What holds when it passes. */
  readonly claim: string
  /** Says what was seen; rejects where the claim does not hold. */
  run(): Promise<string>
}
