/**
 * Chopsticks' blockchain over our own store and state: any block, however old, is read at the cost of one disk read, and
 * an unknown hash is unknown (the original answers it with block 0).
 */
import { Api, Block, Blockchain, BuildBlockMode, inherentProviders } from '@acala-network/chopsticks-core'
import { TypeRegistry } from '@polkadot/types'
import type { Header } from '@polkadot/types/interfaces'
import type { HexString } from '@polkadot/util/types'
import { MAX_CACHED_BLOCKS } from './constants.ts'
import { type GenesisStorage, genesisHeader } from './genesis.ts'
import { VersionedState } from './state.ts'
import type { BlockStore } from './store.ts'

type Provider = ConstructorParameters<typeof Api>[0]

const CODE_KEY = '0x3a636f6465'
/** Headers are the same in every runtime. */
const HEADERS = new TypeRegistry()
const NAME = 'swarm-node embedded chain'

export class Ledger extends Blockchain {
  readonly genesisHash: HexString
  readonly state: VersionedState
  readonly #store: BlockStore
  readonly #genesis: Block
  /** Blocks that were read back, least recently used first. */
  readonly #cache = new Map<number, Block>()

  /** Opens the chain that `store` holds; `storage` is that of its block 0. */
  static async open(store: BlockStore, storage: GenesisStorage): Promise<Ledger> {
    const header = await genesisHeader(storage)
    const ledger = new Ledger(store, storage, header)
    await ledger.setHead(ledger.#stored(store.height))
    return ledger
  }

  private constructor(store: BlockStore, storage: GenesisStorage, header: Header) {
    const hash = header.hash.toHex()
    super({
      api: new Api(nowhere()),
      buildBlockMode: BuildBlockMode.Manual,
      inherentProviders,
      header: { hash, number: 0 },
      maxMemoryBlockCount: 2,
      registeredTypes: {},
    })
    this.genesisHash = hash
    this.#store = store
    this.state = new VersionedState(storage)
    for (const block of store.loaded) this.state.apply(block.number, block.changes)
    this.#genesis = new Block(this, 0, hash, undefined, { header, extrinsics: [], storage: this.state.at(0) })
  }

  /** Keeps a block that was built on the head, on disk first, and makes it the head. */
  override async onNewBlock(block: Block): Promise<void> {
    const parent = this.head
    const [header, extrinsics, written] = await Promise.all([block.header, block.extrinsics, block.storageDiff()])
    const changes = this.state.changes(written, parent.number)
    this.#store.append({
      number: block.number,
      hash: block.hash,
      parentHash: parent.hash,
      header: header.toHex(),
      extrinsics,
      changes,
    })
    this.state.apply(block.number, changes)
    const storage = this.state.at(block.number)
    // A block inherits the decoded metadata of its parent, unless it replaced the runtime.
    const heir = CODE_KEY in changes ? undefined : parent
    await this.setHead(new Block(this, block.number, block.hash, heir, { header, extrinsics, storage }))
  }

  override async getBlock(hash?: HexString): Promise<Block | undefined> {
    if (hash === undefined || hash === null || hash === this.head.hash) return this.head
    if (hash === this.genesisHash) return this.#genesis
    return this.getBlockAt(this.#store.numberOf(hash) ?? Number.POSITIVE_INFINITY)
  }

  override async getBlockAt(number?: number | null): Promise<Block | undefined> {
    if (number === undefined || number === null || number === this.head.number) return this.head
    if (number > this.head.number) return undefined
    return this.#stored(number)
  }

  #stored(number: number): Block {
    if (number === 0) return this.#genesis
    const cached = this.#cache.get(number)
    const block = cached ?? this.#read(number)
    this.#cache.delete(number)
    this.#cache.set(number, block)
    if (this.#cache.size > MAX_CACHED_BLOCKS) this.#cache.delete(this.#cache.keys().next().value!)
    return block
  }

  #read(number: number): Block {
    const stored = this.#store.read(number)
    if (stored === undefined) throw new Error(`block ${number} is not in the store`)
    const header: Header = HEADERS.createType('Header', stored.header)
    const storage = this.state.at(number)
    return new Block(this, number, stored.hash, undefined, { header, extrinsics: stored.extrinsics, storage })
  }
}

/** Chopsticks wants a remote chain to fork; ours begins with its own block 0 and asks it for its name only. */
function nowhere(): Provider {
  const answers: Readonly<Record<string, unknown>> = {
    system_chain: NAME,
    system_name: NAME,
    system_properties: { ss58Format: 42, tokenDecimals: 12, tokenSymbol: 'UNIT' },
  }
  const none = async (): Promise<never> => {
    throw new Error('the embedded chain has no remote')
  }
  const provider: Provider = {
    hasSubscriptions: false,
    isClonable: false,
    isConnected: true,
    clone: () => provider,
    connect: async () => {},
    disconnect: async () => {},
    on: () => () => {},
    send: async <T>(method: string): Promise<T> => (answers[method] ?? (await none())) as T,
    subscribe: none,
    unsubscribe: none,
  }
  return provider
}
