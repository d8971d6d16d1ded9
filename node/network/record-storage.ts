/** One small value in one file, replaced whole: where discovery keeps the records it knows. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { RecordStorage } from '../../protocols/discovery/types.ts'

export function fileStorage(path: string): RecordStorage {
  return {
    read: async () => {
      try {
        return new Uint8Array(await readFile(path))
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
        throw error
      }
    },
    write: async bytes => {
      await mkdir(dirname(path), { recursive: true })
      const temporary = `${path}.${randomUUID()}.new`
      const file = await open(temporary, 'w', 0o600)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
    },
  }
}
