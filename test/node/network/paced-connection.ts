/** What the pace sees of a connection; what comes through it is handed out at once. */
export class Connection extends EventTarget {
  status = 'open'
  direction = 'inbound'
  writableNeedsDrain = false
  isPaused = false
  endedBy: Error | null = null
  /** What is encrypted above it. */
  readonly upper = {}
  /** What is done with what comes. */
  work: () => void = () => undefined

  onData(_bytes: { readonly byteLength: number }): void {
    this.work()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.handOut()
    this.goOn()
  }

  /** What a connection that goes on does first, with what it still holds, and then. */
  handOut: () => void = () => undefined
  goOn: () => void = () => undefined

  abort(error: Error): void {
    this.endedBy = error
    this.status = 'aborted'
  }

  receive(bytes: number): void {
    this.onData(new Uint8Array(bytes))
  }
}
