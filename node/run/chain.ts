/** Connects to the run's chain, and turns what can be wrong with it into one line and an exit code. */
import { connectSubstrate } from '../../consensus/chain/adapters/substrate/index.ts'
import { ChainUnavailable, ChainUnsupported, TransactionRefused } from '../../consensus/chain/errors.ts'
import type { Chain } from '../../consensus/chain/types.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import { ExitError } from '../cli/exit.ts'

export interface ChainInit {
  readonly url: string
  /** Secret URI, or null to read only. */
  readonly account: string | null
  readonly manifest: Manifest
  readonly signal: AbortSignal
}

export async function openChain({ url, account, manifest, signal }: ChainInit): Promise<Chain> {
  const chain = await connectSubstrate({ url, account, asset: manifest.stake.asset, signal }).catch(cause => {
    throw chainExit(cause, url)
  })
  if (equalBytes(chain.genesis, manifest.chain.genesis)) return chain
  await chain.close()
  throw new ExitError(
    'unavailable',
    `the chain at ${url} is not the one that the run was started on`,
    'swarm-node join --chain <the address that the run uses>',
  )
}

/** Errors of the chain as exits; others unchanged. */
export function chainExit(error: unknown, url: string): unknown {
  if (error instanceof ChainUnavailable) {
    return new ExitError(
      'unavailable',
      `the chain at ${url} does not answer: ${error.message}`,
      'check that it runs (swarm-node chain) and that --chain names it',
      { cause: error },
    )
  }
  if (error instanceof ChainUnsupported) {
    return new ExitError(
      'unavailable',
      `${url}: ${error.message}`,
      'use a Substrate node with the pallets assets, uniques, utility and system',
      { cause: error },
    )
  }
  if (error instanceof TransactionRefused) {
    return new ExitError(
      'refused',
      `the chain refused: ${error.message}`,
      'check the account balance and stake, then try again',
      { cause: error },
    )
  }
  return error
}
