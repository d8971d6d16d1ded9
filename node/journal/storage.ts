/**
 * What journal and round store ask of a disk. One writer (the data folder is locked). Losing all of it means a state sync,
 * never a wrong state; losing a *flushed* byte of the signing journal could mean two signatures, so `flush` must be real.
 */
export interface Storage {
  /** The whole file, or null where there is none. */
  read(name: string): Promise<Uint8Array | null>
  /** `bytes` bytes from `offset`, fewer at the end; null where there is no file. */
  readAt(name: string, offset: number, bytes: number): Promise<Uint8Array | null>
  /** Length in bytes, or null where there is no file. */
  size(name: string): Promise<number | null>
  /** Opens for appending after byte `length`; what lies beyond is cut off. Creates the file. */
  append(name: string, length: number): Promise<AppendFile>
  /** Replaces the file as a whole: after a crash either the old or the new content is there, flushed. */
  replace(name: string, parts: readonly Uint8Array[]): Promise<void>
  /** Opens for writing at any place; creates the file. For what is checked by hashes when it is read: nothing says what is there. */
  open(name: string): Promise<PlacedFile>
  /** Gives a flushed and closed file the name and place of another: after a crash either content is there. */
  rename(from: string, to: string): Promise<void>
  /** Removes the file if it exists. */
  remove(name: string): Promise<void>
  /** Names of all files, sorted. */
  list(): Promise<string[]>
}

export interface AppendFile {
  append(bytes: Uint8Array): Promise<void>
  /** Resolves once everything appended so far survives a loss of power. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface PlacedFile {
  /** Writes from byte `offset` on, perhaps beyond the end; what lies between reads as zeros. Writes may run side by side. */
  write(offset: number, bytes: Uint8Array): Promise<void>
  flush(): Promise<void>
  close(): Promise<void>
}
