/** Who is dealt to which stage that lacks seats (README.md, "Acting"): nobody chooses whom to sit with. */
import { compareBytes, compareText } from '../../protocols/wire/hash.ts'
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { hashList } from '../election/digest.ts'
import { CANDIDATES_PER_SEAT, REDEAL_EPOCHS } from './constants.ts'
import type { Roster } from './types.ts'

export interface CandidateDraw {
  readonly run: ContentId
  readonly beacon: Hash
  readonly epoch: number
  /** The candidates of the epoch before. */
  readonly before: ReadonlyMap<PeerName, number>
}

/** @param shortages - seats that each stage lacks */
export function dealCandidates(
  shortages: readonly number[],
  waiting: readonly PeerName[],
  { run, beacon, epoch, before }: CandidateDraw,
): Pick<Roster, 'candidates' | 'spares'> {
  const room = shortages.map(seats => seats * CANDIDATES_PER_SEAT)
  const order = waiting
    .map(peer => ({ peer, key: hashList([beacon, run, 'deal', peer]) }))
    .sort((a, b) => compareBytes(a.key, b.key) || compareText(a.peer, b.peer))
    .map(({ peer }) => peer)
  const candidates = new Map<PeerName, number>()
  const take = (peer: PeerName, stage: number): void => {
    candidates.set(peer, stage)
    room[stage]!--
  }
  // Who began to fetch a stage's state goes on with it, but who never comes must not keep others out.
  const isAnew = epoch % REDEAL_EPOCHS === 0
  for (const peer of isAnew ? [] : order) {
    const stage = before.get(peer)
    if (stage !== undefined && room[stage]! > 0) take(peer, stage)
  }
  const spares: PeerName[] = []
  for (const peer of order) {
    if (candidates.has(peer)) continue
    const most = Math.max(...room)
    if (most > 0) take(peer, room.indexOf(most))
    else spares.push(peer)
  }
  return { candidates, spares }
}
