/** What can be wrong with a data folder's lock and keys; the command line prints each as one line. */
import { ExitError } from '../cli/exit.ts'

/** Another process works in the folder. */
export class FolderLocked extends ExitError {
  /** Process that holds the lock. */
  readonly pid: number

  constructor(folder: string, pid: number) {
    super('data', `${folder} is in use by process ${pid}`, `stop it (kill ${pid}), or pass another --data folder`)
    this.pid = pid
  }
}

/** The folder cannot be made or written to. */
export class FolderUnusable extends ExitError {
  constructor(folder: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super('data', `cannot use the folder ${folder}: ${reason}`, 'pass another --data folder', { cause })
  }
}

/** A file does not hold what it should; it is never overwritten, for it may be the only copy of a key. */
export class DamagedFile extends ExitError {
  readonly path: string

  constructor(path: string, what: string, cause?: unknown) {
    super(
      'data',
      `${path} is damaged: ${what}`,
      'restore it from a copy; without one, move it away and bond the new key',
      { cause },
    )
    this.path = path
  }
}

/** A secret that other accounts of the machine can read. */
export class ExposedFile extends ExitError {
  readonly path: string

  constructor(path: string) {
    super('refused', `${path} can be read by others`, `chmod 600 ${path}`)
    this.path = path
  }
}
