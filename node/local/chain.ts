/** The embedded chain as a child program of a local swarm. */
import { mkdirSync } from 'node:fs'
import type { EventBus } from '../events/bus.ts'
import type { SwarmFolder } from '../run/folder.ts'
import { Child, type ChildEnd } from './child.ts'
import { childFailure } from './failure.ts'
import { CHAIN_ENVIRONMENT, CHAIN_NODE_FLAGS, CHAIN_PROGRAM, chainArguments, chainLog } from './programs.ts'

/** For the chain's last block to be written. */
const GRACE_MS = 5_000

export interface LocalChain {
  readonly child: Child
  /** Where it answers. */
  readonly url: string
  /** As an error, where it ended by itself. */
  failure(end: ChildEnd): Error
  stop(): Promise<void>
  /** Stops the chain where it stands, and lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
}

export interface ChainStart {
  readonly port: number
  readonly bus: EventBus
  readonly signal?: AbortSignal
  /** Time to an empty block; undefined: the default of the chain's option. */
  readonly emptyBlockMs?: number | undefined
}

/** Resolves once it answers. Rejects with an `ExitError` where it ends before, with the signal's reason where that fires. */
export async function startChain(
  folder: SwarmFolder,
  { port, bus, signal, emptyBlockMs }: ChainStart,
): Promise<LocalChain> {
  signal?.throwIfAborted()
  mkdirSync(folder.chain, { recursive: true })
  const ready = Promise.withResolvers<string>()
  const child = new Child({
    program: CHAIN_PROGRAM,
    args: [...chainArguments(folder, port, emptyBlockMs), '--parent-stdin'],
    nodeFlags: CHAIN_NODE_FLAGS,
    environment: CHAIN_ENVIRONMENT,
    logFile: chainLog(folder),
    onMessage: message => {
      if (message.event !== 'chain.ready' || typeof message.url !== 'string') return
      bus.emit('chain.ready', { url: message.url, genesis: String(message.genesis) })
      ready.resolve(message.url)
    },
  })
  const failure = (end: ChildEnd) => childFailure('the embedded chain', end, chainLog(folder), inTermsOfUp)
  const onAbort = () => ready.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  child.ended.then(end => ready.reject(failure(end)), ready.reject)
  const stop = async () => void (await child.stop(GRACE_MS))
  const signalProgram = (name: 'SIGSTOP' | 'SIGCONT') => child.kill(name)
  try {
    return { child, url: await ready.promise, failure, stop, signal: signalProgram }
  } catch (error) {
    await stop()
    throw error
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/** The chain's program advises in terms of its own options. */
function inTermsOfUp(next: string): string {
  if (next.includes('--port')) return next.replace('--port', '--chain-port')
  return next.includes('--accounts') ? 'begin a new chain with another --data folder' : next
}
