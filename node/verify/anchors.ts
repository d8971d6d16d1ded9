/** (e) The links that members posted on chain are those of the folder's hash chain. Pure. */
import type { PostedAnchor } from '../../consensus/chain/types.ts'
import { equalBytes, hashHex } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import type { Fault } from './types.ts'

export interface Links {
  /** Link of a stage's hash chain at a round; null where the folder does not reach it. */
  readonly linkAt: (stage: number, round: number) => Hash | null
  /** Was it posted of rounds that a recovery of the stage left? They were certified then, and are no part of its history now. */
  readonly isLeft: (stage: number, toRound: number, height: number) => boolean
  /** Had it a seat in the stage around this block? */
  readonly hasSeat: (peer: PeerName, stage: number, height: number) => boolean
  readonly stages: number
}

export interface AnchorFindings {
  readonly faults: readonly Fault[]
  /** Last round of each stage in an anchor that agrees; 0 where there is none. */
  readonly final: readonly number[]
  readonly agreeing: number
  /** Anchors of rounds that the folder does not hold. */
  readonly beyond: number
  /** Anchors of rounds that the stage has left since, when it was re-formed. */
  readonly left: number
  /** Anchors of peers that have a bond, but no seat in the anchor's stage: they finalise nothing. */
  readonly strangers: number
}

export function judgeAnchors(
  anchors: readonly PostedAnchor[],
  { linkAt, isLeft, hasSeat, stages }: Links,
): AnchorFindings {
  const faults: Fault[] = []
  const final = Array<number>(stages).fill(0)
  let [agreeing, beyond, left, strangers] = [0, 0, 0, 0]
  for (const { stage, fromRound, toRound, link, peer, block } of anchors) {
    if (stage >= stages || !hasSeat(peer, stage, block.height)) {
      strangers++
      continue
    }
    const where = `block ${block.height}, stage ${stage}, rounds ${fromRound} to ${toRound}`
    const held = linkAt(stage, toRound)
    if (fromRound < FIRST_ROUND || fromRound > toRound) {
      faults.push({ where, what: `${peer} anchored rounds that do not exist` })
    } else if (isLeft(stage, toRound, block.height)) {
      left++
    } else if (held === null) {
      beyond++
    } else if (equalBytes(held, link)) {
      agreeing++
      final[stage] = Math.max(final[stage] ?? 0, toRound)
    } else {
      faults.push({ where, what: `${peer} anchored ${hashHex(link)}, the folder's chain has ${hashHex(held)}` })
    }
  }
  return { faults, final, agreeing, beyond, left, strangers }
}
