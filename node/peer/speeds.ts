/** Which seats of an epoch are slow, by what stands on the chain (consensus/routing, "Lanes of like speeds"). */
import type { PostedRecord } from '../../consensus/chain/types.ts'
import { decodeSpeeds, nextSpeeds, reportsByEpoch, type Speeds } from '../../consensus/routing/index.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Run } from '../run/folder.ts'
import type { Epoch } from './epoch.ts'

export interface EpochSpeedsInit {
  readonly run: Run
  /** Whose lanes are to be made. */
  readonly epoch: number
  /** In the blocks between the beacon of the epoch before and its own. */
  readonly records: readonly PostedRecord[]
  readonly stageOf: ReadonlyMap<PeerName, number>
  readonly epochOf: (number: number) => Promise<Pick<Epoch, 'lanes'>>
}

/** Anybody with a bond may have posted anything: what is no report is passed over. */
export async function epochSpeeds(before: Speeds, init: EpochSpeedsInit): Promise<Speeds> {
  const { run, epoch, records, stageOf, epochOf } = init
  const posted = records.flatMap(({ kind, peer, record }) => {
    const report = kind === 'speeds' ? decodeSpeeds(record, run.id) : null
    return report === null || isRefusal(report) ? [] : [{ peer, report }]
  })
  let speeds = before
  for (const { epoch: of, reports } of reportsByEpoch(posted, epoch)) {
    const { lanes } = await epochOf(of)
    speeds = nextSpeeds(speeds, { lanes, reports, stageOf })
  }
  return speeds
}
