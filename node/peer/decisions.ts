/**
 * What the stages decided about their members, as it stands on the chain (consensus/membership, "Acting"): a record counts
 * where the group of its epoch has signed it, and of each stage and round the first one.
 */
import type { PostedRecord } from '../../consensus/chain/types.ts'
import { type DecidedChanges, decodeRecord, verifyRecord } from '../../consensus/membership/index.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { Run } from '../run/folder.ts'
import type { Epoch } from './epoch.ts'
import { certifyingGroup } from './follow.ts'

/** A record must reach the chain within this many epochs of its round: keys that gave their seats up must not rewrite what was. */
export const RECORD_EPOCHS = 2

export interface DecidedBefore {
  readonly changes: readonly DecidedChanges[]
  /** Once the roster that they lead to is kept: none of them counts again. */
  count(): void
}

export class Decisions {
  readonly #run: Run
  /** `stage/epoch/round` of every record that counted: as many as there were changes of members. A re-formed stage may use a number again. */
  readonly #counted = new Set<string>()

  constructor(run: Run) {
    this.#run = run
  }

  /** Those that count for the seats of `epoch`, in chain order. */
  async before(
    epoch: number,
    records: readonly PostedRecord[],
    epochOf: (number: number) => Promise<Epoch>,
  ): Promise<DecidedBefore> {
    const changes: DecidedChanges[] = []
    const fresh = new Set<string>()
    for (const { kind, record } of records) {
      const decided = kind === 'changes' ? await readRecord(record, this.#run, epoch, epochOf) : null
      if (decided === null) continue
      const key = `${decided.stage}/${decided.epoch}/${decided.round}`
      if (this.#counted.has(key) || fresh.has(key)) continue
      fresh.add(key)
      changes.push(decided)
    }
    return {
      changes,
      count: () => {
        for (const key of fresh) this.#counted.add(key)
      },
    }
  }
}

/** Null where the bytes are no record that counts for the seats of `epoch`: anybody with a bond may have posted them. */
export async function readRecord(
  bytes: Uint8Array,
  run: Run,
  epoch: number,
  epochOf: (number: number) => Promise<Epoch>,
): Promise<DecidedChanges | null> {
  const record = decodeRecord(bytes, run.id)
  if (isRefusal(record)) return null
  const { scope } = record.value
  if (scope.epoch >= epoch || scope.epoch < epoch - RECORD_EPOCHS) return null
  const group = certifyingGroup(await epochOf(scope.epoch), record)
  if (group === null) return null
  const decided = await verifyRecord(record, group)
  return isRefusal(decided) ? null : decided
}
