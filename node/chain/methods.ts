/**
 * The JSON-RPC methods of the embedded chain: what @polkadot/api asks of any Substrate node, and `dev_newBlock`. Nothing
 * that would change state other than by a signed transaction.
 */
import { type Block, ResponseError, substrate } from '@acala-network/chopsticks-core'
import type { Handler, Handlers } from '@acala-network/chopsticks-core/rpc/shared'
import type { AccountInfo, Header } from '@polkadot/types/interfaces'
import { isHex } from '@polkadot/util'
import type { HexString } from '@polkadot/util/types'
import { MAX_BLOCKS_A_CALL } from './constants.ts'
import type { EmbeddedChain, HeadKind } from './embedded-chain.ts'

/** The client that calls; `connection.ts` has it. */
export interface Client {
  /** True for clients on this machine. */
  readonly isLocal: boolean
  /** Opens a subscription; `start` gets its notifier and returns what ends it. Throws a {@link ResponseError} over the limit. */
  subscribe(notification: string, start: (notify: Notify) => Promise<() => void> | (() => void)): Promise<string>
  /** Throws where one more subscription is too many. */
  reserve(): void
  register(id: string, cancel: () => void): void
  unsubscribe(id: unknown): boolean
  notifySubscription(notification: string, id: string, result: unknown): void
}

/** Notifies a subscription. */
export type Notify = (result: unknown) => void

export interface Call {
  readonly chain: EmbeddedChain
  readonly connection: Client
  readonly params: readonly unknown[]
}

export type Method = (call: Call) => Promise<unknown>

/** Methods that chopsticks answers as they are, and which parameter is a block hash: an unknown block is an error, not an empty answer. */
const STOCK: Readonly<Record<string, number | undefined>> = {
  chain_getBlock: 0,
  chain_getHeader: 0,
  state_getMetadata: 0,
  state_getRuntimeVersion: 0,
  state_getStorage: 1,
  state_getStorageAt: 1,
  state_getKeysPaged: 3,
  state_queryStorageAt: 1,
  state_call: 2,
  state_subscribeRuntimeVersion: undefined,
  state_subscribeStorage: undefined,
  payment_queryInfo: 1,
  system_chain: undefined,
  system_chainType: undefined,
  system_health: undefined,
  system_name: undefined,
  system_nodeRoles: undefined,
  system_properties: undefined,
}

const HANDLERS: Handlers = substrate

const OWN: Readonly<Record<string, Method>> = {
  chain_getBlockHash: async ({ chain, params }) => {
    const hashOf = async (height: unknown): Promise<HexString | null> => {
      const number = isHex(height) ? Number(height) : (height ?? chain.ledger.head.number)
      if (!Number.isSafeInteger(number) || Number(number) < 0) throw new ResponseError(-32602, 'not a block number')
      return (await chain.ledger.getBlockAt(Number(number)))?.hash ?? null
    }
    return Array.isArray(params[0]) ? Promise.all(params[0].slice(0, MAX_BLOCKS_A_CALL).map(hashOf)) : hashOf(params[0])
  },
  chain_getFinalizedHead: async ({ chain }) => (await chain.finalized()).hash,
  chain_subscribeNewHeads: call => subscribeHeads(call, 'best', 'chain_newHead', call.chain.ledger.head),
  chain_subscribeFinalizedHeads: async call =>
    subscribeHeads(call, 'finalized', 'chain_finalizedHead', await call.chain.finalized()),
  author_submitExtrinsic: async ({ chain, params }) => (await chain.submit(extrinsicOf(params))).hash,
  author_submitAndWatchExtrinsic: ({ chain, connection, params }) =>
    connection.subscribe(
      'author_extrinsicUpdate',
      async notify => (await chain.submit(extrinsicOf(params), notify)).unwatch,
    ),
  author_pendingExtrinsics: async ({ chain }) => chain.pool.extrinsics,
  system_accountNextIndex: async ({ chain, params }) => {
    const head = chain.ledger.head
    const registry = await head.registry
    const account = registry.createType('AccountId', String(params[0]))
    const { query } = await head.meta
    // From the state: asking the runtime costs a hundred times as much.
    const stored = await head.read('AccountInfo', query.system!.account!, account.toHex())
    return ((stored as AccountInfo | undefined)?.nonce.toNumber() ?? 0) + chain.pool.countOf(account.toString())
  },
  system_version: async () => '1',
  /** Loopback only. Seals `count` blocks (1) at once, the first with all that waits; returns the last one's hash. */
  dev_newBlock: async ({ chain, connection, params }) => {
    if (!connection.isLocal) throw new ResponseError(-32601, 'dev_newBlock is for this machine only')
    const request = params[0]
    const count = typeof request === 'object' && request !== null && 'count' in request ? Number(request.count) : 1
    if (!Number.isSafeInteger(count) || count < 1 || count > MAX_BLOCKS_A_CALL) {
      throw new ResponseError(-32602, `count must be 1 to ${MAX_BLOCKS_A_CALL}`)
    }
    for (let sealed = 0; sealed < count; sealed++) await chain.seal()
    return chain.ledger.head.hash
  },
  rpc_methods: async () => ({ methods: Object.keys(METHODS).sort() }),
}

const ALIASES: Readonly<Record<string, string>> = {
  chain_getHead: 'chain_getBlockHash',
  chain_subscribeNewHead: 'chain_subscribeNewHeads',
}

const UNSUBSCRIBE = [
  'author_unwatchExtrinsic',
  'chain_unsubscribeNewHead',
  'chain_unsubscribeNewHeads',
  'chain_unsubscribeFinalizedHeads',
  'state_unsubscribeRuntimeVersion',
  'state_unsubscribeStorage',
]

export const METHODS: Readonly<Record<string, Method>> = {
  ...Object.fromEntries(Object.entries(STOCK).map(([name, hashAt]) => [name, stock(HANDLERS[name]!, hashAt)])),
  ...OWN,
  ...Object.fromEntries(Object.entries(ALIASES).map(([alias, name]) => [alias, OWN[name]!])),
  ...Object.fromEntries(
    UNSUBSCRIBE.map(name => [name, async (call: Call) => call.connection.unsubscribe(call.params[0])]),
  ),
}

function stock(handler: Handler, hashAt: number | undefined): Method {
  return async ({ chain, connection, params }) => {
    const hash = hashAt === undefined ? undefined : params[hashAt]
    if (hash !== undefined && hash !== null && (!isHex(hash) || !(await chain.ledger.getBlock(hash)))) {
      throw new ResponseError(4003, `Client error: UnknownBlock: ${String(hash).slice(0, 66)}`)
    }
    return handler({ chain: chain.ledger }, [...params], {
      subscribe: (notification, id, onCancel = () => {}) => {
        connection.reserve()
        connection.register(id, onCancel)
        return result => connection.notifySubscription(notification, id, result)
      },
      unsubscribe: id => void connection.unsubscribe(id),
    })
  }
}

function subscribeHeads(
  { chain, connection }: Call,
  kind: HeadKind,
  notification: string,
  current: Block,
): Promise<string> {
  return connection.subscribe(notification, notify => {
    const tell = async (block: Block): Promise<void> => notify(headerJson(await block.header))
    void tell(current)
    return chain.onHead(kind, block => void tell(block))
  })
}

function headerJson(header: Header): object {
  const { parentHash, number, stateRoot, extrinsicsRoot, digest } = header
  return {
    parentHash: parentHash.toHex(),
    number: number.toHex(),
    stateRoot: stateRoot.toHex(),
    extrinsicsRoot: extrinsicsRoot.toHex(),
    digest: { logs: digest.logs.map(log => log.toHex()) },
  }
}

function extrinsicOf(params: readonly unknown[]): HexString {
  const extrinsic = params[0]
  if (!isHex(extrinsic)) throw new ResponseError(-32602, 'an extrinsic is hex')
  return extrinsic
}
