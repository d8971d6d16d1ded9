/**
 * The embedded chain's program: a Substrate node behind a WebSocket, for local swarms and tests. A process of its own,
 * because its chain specification is GPL-3.0-only. Prints one JSON line when ready; its log is `chain.log` in the data folder.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { destination, type Logger, pino } from 'pino'
import { EXIT, ExitError } from '../cli/exit.ts'
import { newGenesis, sameAccounts } from './accounts.ts'
import { watchLifetime } from './lifetime.ts'
import { lockFolder } from './lock.ts'
import { type ProgramOptions, readOptions } from './options.ts'
import { BlockStore } from './store.ts'

function openFolder(directory: string): () => void {
  try {
    mkdirSync(directory, { recursive: true })
    return lockFolder(directory)
  } catch (error) {
    if (error instanceof ExitError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError('data', `cannot use the folder ${directory}: ${reason}`, 'choose another --data folder')
  }
}

function openStore(options: ProgramOptions, log: Logger): BlockStore {
  const store = new BlockStore(options.data, () => newGenesis(options.accounts ?? {}))
  if (options.accounts !== undefined && !sameAccounts(options.accounts, store.genesis.accounts)) {
    throw new ExitError(
      'configuration',
      `the chain in ${options.data} was begun with other accounts`,
      'leave out --accounts to continue it, or begin a new chain with another --data folder',
    )
  }
  if (store.cutBytes > 0) {
    log.warn({ cutBytes: store.cutBytes }, 'cut off a torn last block')
    process.stderr.write(`chain: cut off a torn last block (${store.cutBytes} bytes); it was not final\n`)
  }
  return store
}

try {
  const options = readOptions(process.argv.slice(2))
  const release = openFolder(options.data)
  process.once('exit', release)
  // Until the chain runs there is nothing to finish: blocks are flushed one by one.
  const onEnd = watchLifetime(options.parentStdin, () => process.exit(EXIT.ok))
  const log = pino(destination({ dest: join(options.data, 'chain.log'), sync: true }))
  const store = openStore(options, log)
  // Chopsticks reads its log level when it is loaded; standard output is for our JSON.
  process.env['LOG_LEVEL'] = 'fatal'
  const { runChain } = await import('./program.ts')
  await runChain(options, store, log, onEnd)
} catch (error) {
  const exit = error instanceof ExitError ? error : undefined
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`chain: ${message}\n${exit === undefined ? '' : `Next: ${exit.next}\n`}`)
  process.exit(EXIT[exit?.exit ?? 'internal'])
}
