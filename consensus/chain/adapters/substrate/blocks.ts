/** Blocks and their events. */
import type { Vec } from '@polkadot/types'
import type { EventRecord, SignedBlock } from '@polkadot/types/interfaces'
import type { HexString } from '@polkadot/util/types'
import { ChainUnavailable } from '../../errors.ts'
import type { Connection } from './connection.ts'
import { storage } from './pallets.ts'

export type Extrinsics = SignedBlock['block']['extrinsics']

export interface Block {
  readonly height: number
  readonly extrinsics: Extrinsics
}

/** Block `hash`; checks that the node sent this block. */
export async function blockOf({ api }: Connection, hash: HexString): Promise<Block> {
  const { block } = await api.rpc.chain.getBlock(hash)
  if (block.header.hash.toHex() !== hash) throw new ChainUnavailable("the chain's node sent another block")
  return { height: block.header.number.toNumber(), extrinsics: block.extrinsics }
}

/** The events of block `hash`, in order. */
export async function eventsOf({ api }: Connection, hash: HexString): Promise<readonly EventRecord[]> {
  return storage(await api.at(hash), 'system.events')<Vec<EventRecord>>()
}

/** True where the event is `system.name` of the extrinsic at `index`; without an index, of any. */
export function isSystemEvent({ phase, event }: EventRecord, name: string, index?: number): boolean {
  if (!phase.isApplyExtrinsic || event.section !== 'system' || event.method !== name) return false
  return index === undefined || phase.asApplyExtrinsic.toNumber() === index
}
