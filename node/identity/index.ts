export { loadAccount, readAccount } from './account.ts'
export { DamagedFile, ExposedFile, FolderLocked } from './errors.ts'
export { type FolderLock, lockDataFolder, lockHolder } from './lock.ts'
export { loadPeerKey, readPeerKey } from './peer-key.ts'
