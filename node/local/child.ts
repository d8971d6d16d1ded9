/** One child program that speaks JSON lines on standard output and ends when its standard input closes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** A line longer than this is not one of ours. */
const MAX_LINE_CHARACTERS = 1 << 20
/** Lines of standard error kept to explain a child's end. */
const KEPT_ERROR_LINES = 20

export interface ChildInit {
  /** Path of the bundle to run under this very Node. */
  readonly program: string
  readonly args: readonly string[]
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[]
  /** Added to the own environment. */
  readonly environment?: Readonly<Record<string, string>>
  readonly logFile: string
  /** Called for each JSON object the child prints. */
  readonly onMessage: (message: Record<string, unknown>) => void
}

export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of its standard error. */
  readonly errorText: string
}

export class Child {
  readonly #process: ChildProcess
  readonly #log: WriteStream
  readonly ended: Promise<ChildEnd>

  constructor(init: ChildInit) {
    this.#log = createWriteStream(init.logFile, { flags: 'a' })
    // Standard input stays open as long as we live: its end tells the child that we are gone, even after kill -9.
    this.#process = spawn(process.execPath, [...(init.nodeFlags ?? []), init.program, ...init.args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      env: { ...process.env, ...init.environment },
    })
    const errorLines: string[] = []
    this.#readLines(this.#process.stdout, line => this.#onLine(line, init.onMessage))
    this.#readLines(this.#process.stderr, line => {
      this.#log.write(`${line}\n`)
      errorLines.push(line)
      if (errorLines.length > KEPT_ERROR_LINES) errorLines.shift()
    })
    this.#process.stdin?.on('error', () => this.#log.write('standard input of the child closed\n'))
    this.ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject)
      this.#process.on('close', (code, signal) => {
        this.#log.end()
        resolve({ code, signal, errorText: errorLines.join('\n') })
      })
    })
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Asks it to end and, after `graceMs`, makes it. */
  async stop(graceMs: number): Promise<ChildEnd> {
    this.kill('SIGTERM')
    const timer = setTimeout(() => this.kill('SIGKILL'), graceMs)
    try {
      return await this.ended
    } finally {
      clearTimeout(timer)
    }
  }

  #readLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
    if (stream !== null) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine)
  }

  #onLine(line: string, onMessage: ChildInit['onMessage']): void {
    if (line.length > MAX_LINE_CHARACTERS || !line.startsWith('{')) {
      this.#log.write(`${line.slice(0, 200)}\n`)
      return
    }
    let message: unknown
    try {
      message = JSON.parse(line)
    } catch {
      this.#log.write(`not JSON: ${line.slice(0, 200)}\n`)
      return
    }
    if (typeof message === 'object' && message !== null) onMessage(message as Record<string, unknown>)
  }
}
