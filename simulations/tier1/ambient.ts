/**
 * What libraries take from the global scope (libp2p reads timers, clocks and randomness itself): replaced while simulations
 * run, for code of a simulated process only. Everybody else still gets the real thing.
 */
import nodeCrypto, { type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { currentProcess, type SimProcess } from './process.ts'
import { rememberAnswers, rememberKeys } from './signatures.ts'
import type { Cancel } from './virtual-time.ts'

type Scope = Record<string, (...all: never[]) => unknown>
type Callback = (...parameters: unknown[]) => void

/** As Node has it: shorter is one, longer too. */
const LONGEST_TIMEOUT_MS = 0x7fff_ffff

/** What Node's Timeout and Immediate can do. */
class Handle {
  readonly #start: () => Cancel
  #cancel: Cancel

  constructor(start: () => Cancel) {
    this.#start = start
    this.#cancel = start()
  }

  close(): this {
    this.#cancel()
    return this
  }

  refresh(): this {
    this.#cancel()
    this.#cancel = this.#start()
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }
}

let users = 0
let restore: (() => void)[] = []

/** Replaces; returns what ends it. The last to end restores everything. */
export function takeAmbient(): () => void {
  if (users++ === 0) install()
  let isTaken = true
  return () => {
    if (!isTaken) return
    isTaken = false
    if (--users > 0) return
    for (const undo of restore.reverse()) undo()
    restore = []
    syncBuiltinESMExports()
  }
}

/** Replaces one property; what is not simulated goes to the original. */
function replace<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  make: (original: Target[Name]) => Target[Name],
): void {
  const before = Object.getOwnPropertyDescriptor(target, name)
  Object.defineProperty(target, name, {
    value: make(target[name]),
    configurable: true,
    writable: true,
    enumerable: true,
  })
  restore.push(() => {
    if (before === undefined) Reflect.deleteProperty(target, name)
    else Object.defineProperty(target, name, before)
  })
}

function install(): void {
  timers()
  clocks()
  chance()
  signatures()
  stacks()
  syncBuiltinESMExports()
}

function timers(): void {
  const scope = functionsOf(globalThis)
  simulated(
    scope,
    'setTimeout',
    (process, callback: Callback, delayMs?: number, ...parameters: unknown[]) =>
      new Handle(() => process.after(waitOf(delayMs), () => callback(...parameters))),
  )
  simulated(scope, 'setInterval', (process, callback: Callback, delayMs?: number, ...parameters: unknown[]) => {
    const again = (): Cancel => {
      let cancel = process.after(waitOf(delayMs), tick)
      function tick(): void {
        cancel = process.after(waitOf(delayMs), tick)
        callback(...parameters)
      }
      return () => cancel()
    }
    return new Handle(again)
  })
  simulated(
    scope,
    'setImmediate',
    (process, callback: Callback, ...parameters: unknown[]) =>
      new Handle(() => process.time.soon(() => callback(...parameters), process)),
  )
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate'] as const) {
    replace(scope, name, original => (handle: unknown) => {
      if (handle instanceof Handle) handle.close()
      else (original as (handle: unknown) => void)(handle)
    })
  }
  replace(AbortSignal, 'timeout', original => delayMs => {
    const process = currentProcess()
    if (process === undefined) return original.call(AbortSignal, delayMs)
    const abort = new AbortController()
    process.after(delayMs, () => abort.abort(new DOMException('The operation timed out', 'TimeoutError')))
    return abort.signal
  })
}

function clocks(): void {
  replace(Date, 'now', original => () => currentProcess()?.wallMs ?? original())
  replace(performance, 'now', original => () => currentProcess()?.machine.nowMs ?? original.call(performance))
  const RealDate = Date
  replace(
    globalThis,
    'Date',
    () =>
      new Proxy(RealDate, {
        construct(target, parameters, newTarget) {
          const process = parameters.length === 0 ? currentProcess() : undefined
          return Reflect.construct(target, process === undefined ? parameters : [process.wallMs], newTarget)
        },
      }),
  )
}

function chance(): void {
  replace(Math, 'random', original => () => (currentProcess()?.random ?? original)())
  replace(crypto, 'getRandomValues', original => {
    return <T extends ArrayBufferView<ArrayBuffer>>(array: T): T => {
      const process = currentProcess()
      if (process === undefined) original.call(crypto, array)
      else fill(process, new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
      return array
    }
  })
  replace(crypto, 'randomUUID', original => () => {
    const process = currentProcess()
    return process === undefined ? original.call(crypto) : uuid(process)
  })
  const scope = functionsOf(nodeCrypto)
  simulated(scope, 'randomBytes', (process, bytes: number) => Buffer.from(fill(process, new Uint8Array(bytes))))
  simulated(scope, 'randomUUID', process => uuid(process))
}

function signatures(): void {
  const scope = functionsOf(nodeCrypto)
  for (const name of ['createPublicKey', 'createPrivateKey'] as const) {
    const remembered = rememberKeys(nodeCrypto[name] as (input: unknown) => KeyObject)
    simulated(scope, name, (_, input: unknown) => remembered(input))
  }
  const remembered = rememberAnswers(nodeCrypto.verify)
  simulated(scope, 'verify', (_, ...given: unknown[]) => remembered(...given))
}

/** libp2p aborts a thousand times a second what nobody waits for any more; nobody reads those stacks. */
function stacks(): void {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  restore.push(() => {
    Error.stackTraceLimit = stackTraceLimit
  })
}

/** Replaces a function by one that is handed the process where there is one. */
function simulated<Parameters extends unknown[]>(
  scope: Scope,
  name: string,
  instead: (process: SimProcess, ...parameters: Parameters) => unknown,
): void {
  replace(scope, name, original => (...parameters: unknown[]) => {
    const process = currentProcess()
    return process === undefined
      ? (original as (...all: unknown[]) => unknown)(...parameters)
      : instead(process, ...(parameters as Parameters))
  })
}

/** A scope's functions by name; of other things nothing is asked. */
function functionsOf(scope: object): Scope {
  return scope as Scope
}

function waitOf(delayMs: number | undefined): number {
  const wait = Number(delayMs)
  return wait >= 1 && wait <= LONGEST_TIMEOUT_MS ? wait : 1
}

function fill(process: SimProcess, bytes: Uint8Array): Uint8Array {
  for (const at of bytes.keys()) bytes[at] = Math.floor(process.random() * 256)
  return bytes
}

function uuid(process: SimProcess): `${string}-${string}-${string}-${string}-${string}` {
  const hex = Buffer.from(fill(process, new Uint8Array(16))).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
