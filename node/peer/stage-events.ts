/** What the chain shows of the stages' leases, and what is left of lost ones: records whose certificates check out. */
import type { BlockRange, Chain, PostedRecord } from '../../consensus/chain/types.ts'
import { decodeStageRecord, type ShownRound, type StageEvent, verifyShown } from '../../consensus/recovery/index.ts'
import type { ValueWithOutcomes } from '../../protocols/wire/certificate.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Run } from '../run/folder.ts'
import { ANCHOR_PAGE_BLOCKS } from './anchor-pages.ts'
import type { Epoch } from './epoch.ts'
import { certifyingGroup } from './follow.ts'

/** Records of every kind, of a long stretch of the chain in pages: one call for all of it would be refused. */
export async function readRecords(
  chain: Pick<Chain, 'records'>,
  run: Run,
  { afterHeight, toHeight }: BlockRange,
  signal: AbortSignal,
): Promise<readonly PostedRecord[]> {
  const found: PostedRecord[] = []
  for (let from = afterHeight; from < toHeight; from += ANCHOR_PAGE_BLOCKS) {
    const range = { afterHeight: from, toHeight: Math.min(toHeight, from + ANCHOR_PAGE_BLOCKS) }
    found.push(...(await chain.records(run.id, range, { signal })))
  }
  return found
}

/**
 * In chain order. Anybody with a bond may have posted anything.
 * @param newestEpoch - the newest that a record of a block of this height may be of
 */
export async function stageEvents(
  records: readonly PostedRecord[],
  run: Run,
  newestEpoch: (height: number) => number,
  epochOf: (number: number) => Promise<Epoch>,
): Promise<readonly StageEvent[]> {
  const events: StageEvent[] = []
  for (const { kind, peer, block, record } of records) {
    if (kind === 'changes' || kind === 'speeds') continue
    const decoded = decodeStageRecord(record, run.id)
    if (isRefusal(decoded)) continue
    const { height } = block
    const check = (shown: ValueWithOutcomes): Promise<ShownRound | null> =>
      checkShown(shown, newestEpoch(height), epochOf)
    const { stage } = decoded
    if (decoded.kind === 'renewal') {
      const shown = await check(decoded.shown)
      if (shown !== null) events.push({ type: 'renewal', stage, height, shown })
      continue
    }
    if (decoded.kind === 'checkpoint') {
      const shown = await check(decoded.shown)
      if (shown !== null) events.push({ type: 'checkpoint', stage, height, peer, shown })
      continue
    }
    const newest = decoded.newest === null ? null : await check(decoded.newest)
    if (decoded.newest !== null && newest === null) continue
    events.push({ type: 'claim', stage, height, peer, claim: { newest, holds: decoded.holds } })
  }
  return events
}

async function checkShown(
  shown: ValueWithOutcomes,
  newestEpoch: number,
  epochOf: (number: number) => Promise<Epoch>,
): Promise<ShownRound | null> {
  const { epoch } = shown.value.scope
  if (epoch > newestEpoch) return null
  const group = certifyingGroup(await epochOf(epoch), shown)
  if (group === null) return null
  const verified = await verifyShown(shown, group)
  return isRefusal(verified) ? null : verified
}
