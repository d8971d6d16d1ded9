/** The folder in which libp2p keeps what it knows of other peers and the DHT's values. */
import { ExitError } from '../cli/exit.ts'
import { CachedAddressBook } from './address-cache.ts'

/** Rejects with an {@link ExitError} ('data') where the folder is in use or damaged. */
export async function openAddressBook(folder: string): Promise<CachedAddressBook> {
  const store = new CachedAddressBook(folder)
  try {
    await store.open()
    return store
  } catch (error) {
    const chain = causes(error)
    const locked = chain.some(cause => 'code' in cause && cause.code === 'LEVEL_LOCKED')
    const reason = chain.at(-1)?.message ?? String(error)
    throw locked
      ? new ExitError('data', `${folder} is in use by another process`, 'stop it, or pass another --data folder', {
          cause: error,
        })
      : new ExitError('data', `${folder} cannot be opened: ${reason}`, `remove it: it is only the address book`, {
          cause: error,
        })
  }
}

function causes(error: unknown): readonly Error[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : []
}
