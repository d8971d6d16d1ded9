/** Tries to lock the folder when told to, says how it went, and keeps the lock until standard input closes. */
import { once } from 'node:events'
import { FolderLocked, lockDataFolder } from '../../../node/identity/index.ts'

const folder = process.argv[2] ?? ''
console.log('ready')
await once(process.stdin, 'data')
try {
  await lockDataFolder(folder)
  console.log('won')
} catch (error) {
  if (!(error instanceof FolderLocked)) throw error
  console.log('lost')
}
process.stdin.resume()
