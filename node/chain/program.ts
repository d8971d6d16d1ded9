/** The chain itself; apart from `main.ts` because loading the runtime's executor takes seconds. */
import { destroyWorker } from '@acala-network/chopsticks-core'
import type { Logger } from 'pino'
import { EXIT } from '../cli/exit.ts'
import { SHUTDOWN_MS } from './constants.ts'
import { EmbeddedChain } from './embedded-chain.ts'
import { genesisStorage } from './genesis.ts'
import { Ledger } from './ledger.ts'
import type { End } from './lifetime.ts'
import type { ProgramOptions } from './options.ts'
import { serve } from './server.ts'
import type { BlockStore } from './store.ts'

/** Serves the chain in `store`; what it hands to `onEnd` ends it and the process. */
export async function runChain(
  options: ProgramOptions,
  store: BlockStore,
  log: Logger,
  onEnd: (end: End) => void,
): Promise<void> {
  const startedMs = performance.now()
  const ledger = await Ledger.open(store, genesisStorage(store.genesis))
  const chain = new EmbeddedChain(ledger, options, error => log.error({ err: error }, 'a block could not be sealed'))
  // The port is taken before the first block: a port in use is told at once.
  const server = await serve(chain, options.host, options.port)
  chain.start()

  const stop = async (reason: string): Promise<void> => {
    log.info({ reason, height: store.height }, 'stopping')
    setTimeout(() => process.exit(EXIT.ok), SHUTDOWN_MS).unref()
    await server.close()
    await chain.stop()
    store.close()
    await destroyWorker()
    process.exit(EXIT.ok)
  }
  onEnd(reason => void stop(reason))

  const ready = { event: 'chain.ready', url: server.url, genesis: ledger.genesisHash }
  const rssBytes = process.memoryUsage().rss
  log.info({ ...ready, height: store.height, startMs: Math.round(performance.now() - startedMs), rssBytes }, 'ready')
  process.stdout.write(`${JSON.stringify(ready)}\n`)
}
