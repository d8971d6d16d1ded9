/** How far a local run has come, read from its peers' folders. */
import { openSources } from '../export/model.ts'
import { type Run, readSeat } from '../run/folder.ts'

/** The highest round that any stage has certified: the others will reach it first; 0 for a fresh run. */
export async function certifiedRound(peerFolders: readonly string[], run: Run): Promise<number> {
  const sources = await openSources(peerFolders, run, readSeat)
  for (const source of sources) await source.store.close()
  return Math.max(0, ...sources.map(source => source.store.newest(source.stage) ?? 0))
}
