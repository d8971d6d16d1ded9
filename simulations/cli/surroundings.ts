/** What the program needs of the process it runs in; tests hand in their own. */
export interface Surroundings {
  /** One line, or several. */
  print(text: string): void
  complain(text: string): void
  /** Standard error where it is a terminal: progress is drawn there and nowhere else. */
  readonly terminal: { write(text: string): void; readonly columns: number } | null
  readonly colours: boolean
  /** Relative paths start here. */
  readonly folder: string
  /** Module that exports `harness` (harness.ts). */
  readonly harness: string
  readonly signal: AbortSignal
}
