/** The accounts that a new chain funds, and what makes it this chain. */
import { randomBytes } from 'node:crypto'
import { accountKey } from '../../consensus/chain/address.ts'
import { ExitError } from '../cli/exit.ts'
import { DEFAULT_FREE_BALANCE } from './constants.ts'

/** Public key (64 hex digits) to free balance in plancks (decimal). */
export type Accounts = Readonly<Record<string, string>>

/** The first line of a chain's store. The random salt gives every chain another genesis hash, so no signature fits two of them. */
export interface Genesis {
  readonly format: 1
  /** 16 bytes, hex. */
  readonly salt: string
  readonly accounts: Accounts
}

export function newGenesis(accounts: Accounts): Genesis {
  return { format: 1, salt: randomBytes(16).toString('hex'), accounts }
}

/**
 * Reads funded accounts: a list of SS58 addresses, or an object of addresses to plancks (decimal text or whole numbers).
 * Throws an {@link ExitError} 'configuration' for anything else.
 */
export function readAccounts(json: unknown): Accounts {
  const accounts: Record<string, string> = {}
  for (const [address, free] of entriesOf(json)) {
    if (!/^[0-9]{1,38}$/.test(String(free))) throw notAccounts(address)
    accounts[keyOf(address)] = String(free)
  }
  return accounts
}

export function sameAccounts(a: Accounts, b: Accounts): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}

function entriesOf(json: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(json)) return json.map(address => [address, DEFAULT_FREE_BALANCE])
  if (typeof json === 'object' && json !== null) return Object.entries(json)
  throw notAccounts(json)
}

function keyOf(address: unknown): string {
  if (typeof address !== 'string') throw notAccounts(address)
  try {
    return Buffer.from(accountKey(address)).toString('hex')
  } catch {
    throw notAccounts(address)
  }
}

function notAccounts(what: unknown): ExitError {
  return new ExitError(
    'configuration',
    `not an account with a balance: ${String(JSON.stringify(what)).slice(0, 80)}`,
    'give --accounts a JSON file with a list of SS58 addresses, or an object of addresses to plancks',
  )
}
