/** Command line of the chain's program; `swarm-node chain` and `up` pass these on. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ExitError } from '../cli/exit.ts'
import { type Accounts, readAccounts } from './accounts.ts'
import { EMPTY_BLOCK_MS, FINALITY_LAG, MIN_BLOCK_MS } from './constants.ts'
import type { ChainOptions } from './embedded-chain.ts'

export interface ProgramOptions extends ChainOptions {
  /** Folder of blocks, lock and log. */
  readonly data: string
  readonly host: string
  readonly port: number
  /** Funded at genesis; undefined where the command line names none. */
  readonly accounts: Accounts | undefined
  /** End when standard input closes: the parent is gone. */
  readonly parentStdin: boolean
}

/** Throws an {@link ExitError} 'usage' or 'configuration'. */
export function readOptions(args: readonly string[]): ProgramOptions {
  const values = parse(args)
  const data = values.data
  if (data === undefined) throw usage('--data is missing')
  const file = values.accounts ?? join(data, 'accounts.json')
  const inline = values.account === undefined ? undefined : readAccounts(values.account)
  const fromFile = values.accounts !== undefined || existsSync(file) ? readAccounts(readJson(file)) : undefined
  return {
    data,
    host: values.host,
    port: whole('port', values.port, 0, 65_535),
    accounts: inline === undefined && fromFile === undefined ? undefined : { ...fromFile, ...inline },
    minBlockMs: whole('min-block-ms', values['min-block-ms'], 50, 60_000),
    emptyBlockMs: whole('empty-block-ms', values['empty-block-ms'], 100, 600_000),
    finalityLag: whole('finality-lag', values['finality-lag'], 0, 64),
    parentStdin: values['parent-stdin'],
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '0' },
        accounts: { type: 'string' },
        account: { type: 'string', multiple: true },
        'min-block-ms': { type: 'string', default: String(MIN_BLOCK_MS) },
        'empty-block-ms': { type: 'string', default: String(EMPTY_BLOCK_MS) },
        'finality-lag': { type: 'string', default: String(FINALITY_LAG) },
        'parent-stdin': { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error))
  }
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw usage(`--${name} must be a whole number from ${min} to ${max}`)
  return value
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError(
      'configuration',
      `cannot read the accounts in ${file}: ${reason}`,
      'give --accounts a JSON file',
    )
  }
}

function usage(message: string): ExitError {
  return new ExitError('usage', message, 'see node/chain/README.md for the options')
}
