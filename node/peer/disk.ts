/** What a peer keeps over restarts, by what it is for; in a folder on a real machine, in memory under simulation. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RecordStorage } from '../../protocols/discovery/index.ts'
import { ROUNDS_FOLDER } from '../export/history.ts'
import { openFolder, type Storage } from '../journal/index.ts'
import { fileStorage } from '../network/index.ts'
import { readSeat, writeSeat } from '../run/folder.ts'
import { clearRequest, type PeerRequest, readRequest } from '../run/request.ts'
import { EvidenceLog } from './evidence-log.ts'

export interface PeerDisk {
  /** What was signed. @throws where the disk cannot be opened */
  openJournal(): Promise<Storage>
  /** What was decided. */
  openRounds(): Promise<Storage>
  /** What is kept of the stage before the own one. */
  openCheckpoints(): Promise<Storage>
  /** What the chain said of each epoch. */
  openEpochs(): Promise<Storage>
  /** The newest known record of each peer. */
  readonly records: RecordStorage
  /** Proofs of lies, added for good. */
  readonly evidence: Pick<EvidenceLog, 'append'>
  /** The stage whose state the disk holds; null where it never held any. */
  seat(): number | null
  /** What a person has asked this peer to do: give its seat up, or stop. */
  request(): PeerRequest | null
  clearRequest(): void
  /** What it holds of another stage that it is about to move to, kept apart. */
  moving(): PeerDisk
  /** It has moved: that takes the place of what it held. May be repeated where it was interrupted. */
  takeMoved(): void
  /** Notes the stage that was dealt to this peer, for those who read the disk without the chain. */
  noteSeat(stage: number): void
}

const MOVING_FOLDER = 'moving'
const JOURNAL_FOLDER = 'journal'
const CHECKPOINTS_FOLDER = 'checkpoints'
const CHAIN_FOLDER = 'chain'

/** Folder by folder, each by one rename: what is still there tells where it was interrupted. */
function takeMoved(folder: string): void {
  const moving = join(folder, MOVING_FOLDER)
  const stage = readSeat(moving)
  for (const name of [JOURNAL_FOLDER, ROUNDS_FOLDER]) {
    if (!existsSync(join(moving, name))) continue
    rmSync(join(folder, name), { recursive: true, force: true })
    renameSync(join(moving, name), join(folder, name))
  }
  if (stage !== null) writeSeat(folder, stage)
  rmSync(moving, { recursive: true, force: true })
}

/** The data folder of a peer (node/run/folder.ts). */
export function folderDisk(folder: string): PeerDisk {
  return {
    openJournal: () => openFolder(join(folder, JOURNAL_FOLDER)),
    openRounds: () => openFolder(join(folder, ROUNDS_FOLDER)),
    openCheckpoints: () => openFolder(join(folder, CHECKPOINTS_FOLDER)),
    openEpochs: () => openFolder(join(folder, CHAIN_FOLDER)),
    records: fileStorage(join(folder, 'records')),
    evidence: new EvidenceLog(join(folder, 'evidence.jsonl')),
    seat: () => readSeat(folder),
    request: () => readRequest(folder),
    clearRequest: () => clearRequest(folder),
    noteSeat: stage => writeSeat(folder, stage),
    moving: () => folderDisk(join(folder, MOVING_FOLDER)),
    takeMoved: () => takeMoved(folder),
  }
}
