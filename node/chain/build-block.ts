/**
 * Builds a block in one call of the runtime's executor. Chopsticks makes one for each step of a block, and each time the
 * executor reads the runtime of 1.3 MB anew: 75 ms of processor time, of which the step itself takes a tenth.
 */
import {
  Block,
  buildBlock,
  compactHex,
  inherentProviders,
  newHeader,
  runTask,
  taskHandler,
} from '@acala-network/chopsticks-core'
import type { Vec } from '@polkadot/types'
import type { EventRecord, Header } from '@polkadot/types/interfaces'
import { hexToU8a, u8aConcat } from '@polkadot/util'
import type { HexString } from '@polkadot/util/types'
import { blake2AsU8a } from '@polkadot/util-crypto'

const NO_MESSAGES = { upwardMessages: {}, downwardMessages: [], horizontalMessages: {} }

/** A block on `head` with those of `transactions` that its runtime takes, in order. */
export async function buildNext(head: Block, transactions: readonly HexString[]): Promise<Block> {
  return (await buildAtOnce(head, transactions)) ?? (await buildStepwise(head, transactions))
}

async function buildStepwise(head: Block, transactions: readonly HexString[]): Promise<Block> {
  const [block] = await buildBlock(head, inherentProviders, { transactions: [...transactions], ...NO_MESSAGES })
  return block
}

/** Null where one of the transactions is not valid any more: which one shows only step by step. */
async function buildAtOnce(head: Block, transactions: readonly HexString[]): Promise<Block | null> {
  const header = await newHeader(head)
  const number = header.number.toNumber()
  const draft = new Block(head.chain, number, header.hash.toHex(), head, {
    header,
    extrinsics: [],
    storage: head.storage,
  })
  const inherents: HexString[] = []
  for (const provider of inherentProviders) {
    const params = { transactions: [...transactions], ...NO_MESSAGES }
    inherents.push(...((await provider.createInherents(draft, params)) as HexString[]))
  }
  const extrinsics = [...inherents, ...transactions]
  const task = {
    wasm: await draft.wasm,
    calls: [
      ['Core_initialize_block', [header.toHex()]],
      ...extrinsics.map((extrinsic): [string, HexString[]] => ['BlockBuilder_apply_extrinsic', [extrinsic]]),
      ['BlockBuilder_finalize_block', []],
    ] as [string, HexString[]][],
    mockSignatureHost: false,
    allowUnresolvedImports: false,
    runtimeLogLevel: 0,
  }
  const response = await runTask(task, taskHandler(draft))
  if (!('Call' in response)) return null
  const registry = await head.registry
  const sealed: Header = registry.createType('Header', {
    ...header.toJSON(),
    // As chopsticks has it: whoever reads the chain takes the extrinsics from the block, none checks a trie.
    extrinsicsRoot: blake2AsU8a(u8aConcat(...extrinsics), 256),
  })
  const block = new Block(head.chain, number, sealed.hash.toHex(), head, {
    header: sealed,
    extrinsics,
    storage: head.storage,
    storageDiff: Object.fromEntries(response.Call.storageDiff),
  })
  return (await appliedCount(block)) === extrinsics.length ? block : null
}

/** How many extrinsics the runtime took: each leaves one event that says how it ended, and one that it refused leaves none. */
async function appliedCount(block: Block): Promise<number> {
  const { query, registry } = await block.meta
  const bytes = await block.get(compactHex(query.system!.events!()))
  if (bytes === undefined) return 0
  const records: Vec<EventRecord> = registry.createType('Vec<FrameSystemEventRecord>', hexToU8a(bytes))
  return records.filter(
    ({ phase, event }) => phase.isApplyExtrinsic && event.section === 'system' && /^Extrinsic/.test(event.method),
  ).length
}
