/** What the chain's refusals of a transaction mean, as sentences. */
import type { ApiPromise } from '@polkadot/api'
import type { DispatchError } from '@polkadot/types/interfaces'
import { TransactionRefused } from '../../errors.ts'

/** By `pallet.Error`; a runtime's other errors say only their name. */
const SENTENCES: Readonly<Record<string, string>> = {
  'assets.BalanceLow': 'the account has too little of the stake asset',
  'assets.Frozen': 'the stake is frozen',
  'assets.InUse': 'the stake asset exists already',
  'assets.NoAccount': 'the account holds none of the stake asset',
  'assets.NoPermission': 'the account may not manage the stake asset',
  'assets.Unknown': 'the stake asset does not exist',
  'balances.InsufficientBalance': 'the account has too little balance for the deposit or fee',
  'balances.KeepAlive': 'the account would fall below the existential deposit',
  'multisig.AlreadyApproved': 'this signatory has approved already',
  'token.FundsUnavailable': 'the account has too little balance',
  'token.BelowMinimum': 'the account would fall below the existential deposit',
  'uniques.InUse': 'the collection for the bond is taken',
  'uniques.AlreadyExists': 'the bond exists already',
  'uniques.NoPermission': 'the account does not own the bond',
  'uniques.UnknownCollection': 'the account has no bond for this run',
  'uniques.Unknown': 'the account has no bond for this run',
  'uniques.UnknownItem': 'the account has no bond for this run',
}

/** Parts of a node's invalid-transaction message, lower case: what the account must mend itself. Everything else is tried again. */
const INVALID: readonly (readonly [pattern: string, reason: string, sentence: string])[] = [
  ['payment', 'transaction.Payment', 'the account cannot pay the fee'],
  ['inability to pay', 'transaction.Payment', 'the account cannot pay the fee'],
  ['badproof', 'transaction.BadProof', 'the signature does not fit this chain'],
  ['bad signature', 'transaction.BadProof', 'the signature does not fit this chain'],
]

export function dispatchRefusal(api: ApiPromise, error: DispatchError): TransactionRefused {
  const reason = reasonOf(api, error)
  return new TransactionRefused(reason, SENTENCES[reason] ?? 'the chain refused the transaction')
}

/** The refusal in a node's answer to a submission, or undefined where another try may help. */
export function submissionRefusal(message: string): TransactionRefused | undefined {
  const found = INVALID.find(([pattern]) => message.toLowerCase().includes(pattern))
  return found === undefined ? undefined : new TransactionRefused(found[1], found[2])
}

function reasonOf(api: ApiPromise, error: DispatchError): string {
  if (error.isModule) {
    const { section, name } = api.registry.findMetaError(error.asModule)
    return `${section}.${name}`
  }
  if (error.isToken) return `token.${error.asToken.type}`
  return `dispatch.${error.type}`
}
