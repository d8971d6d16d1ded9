/**
 * Makes a local swarm's folder once: keys, accounts, the embedded chain's genesis, the manifest, stakes and bonds. Nothing
 * of it is needed to join a run elsewhere; there the chain and the manifest exist already.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { accountFromUri } from '../../consensus/chain/adapters/substrate/index.ts'
import { connectLocalSetup, type LocalBond, type LocalSetup } from '../../consensus/chain/adapters/substrate/setup.ts'
import { signBondProof } from '../../consensus/chain/bond.ts'
import { manifestId } from '../../protocols/wire/cid.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { OPTIONS } from '../config/options.ts'
import { loadAccount, loadPeerKey } from '../identity/index.ts'
import { ACCOUNT_FILE, hasManifest, IDENTITY_FILE, type Run, type SwarmFolder, writeRun } from '../run/folder.ts'

/** Accounts whose 2-of-3 multisig freezes the stakes; docs/security.md names it as what is still central locally. */
const FREEZERS = 3
/** Plancks at genesis: enough for deposits and the fees of some 100,000 anchors. */
const GENESIS_BALANCE = (10n ** 17n).toString()
/** Blocks from the last one known to the start height: one for the bonds, the others to spare: a busy machine seals some before all bonds have come. */
const START_MARGIN_BLOCKS = 6
/** The chain's finalised head behind its best one: the default of its option. */
const FINALITY_LAG_BLOCKS = OPTIONS['finality-lag'].default

export interface LocalPeer {
  readonly folder: string
  readonly peer: PeerName
  /** Secret URI of its account. */
  readonly account: string
  /** SS58. */
  readonly address: string
}

/** Keys and accounts of every local peer, made where they are missing; and the accounts the genesis funds. */
export async function prepareKeys(
  folder: SwarmFolder,
  peers: number,
): Promise<{ peers: LocalPeer[]; freezers: [string, string, string] }> {
  const made: LocalPeer[] = []
  for (let index = 0; index < peers; index++) {
    const path = folder.peer(index)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const key = await loadPeerKey(join(path, IDENTITY_FILE))
    const account = await loadAccount(join(path, ACCOUNT_FILE))
    const { address } = await accountFromUri(account)
    made.push({ folder: path, peer: peerIdFromPrivateKey(key).toString(), account, address })
  }
  mkdirSync(folder.chain, { recursive: true, mode: 0o700 })
  const freezers: string[] = []
  for (let index = 0; index < FREEZERS; index++)
    freezers.push(await loadAccount(join(folder.chain, `freezer-${index}.key`)))
  // Until the manifest is there nothing was bonded: a start that was broken off may begin anew with other accounts.
  if (!existsSync(folder.accounts) || !hasManifest(folder.root)) {
    const addresses = await Promise.all(freezers.map(async uri => (await accountFromUri(uri)).address))
    const funded = [...addresses, ...made.map(peer => peer.address)].map(address => [address, GENESIS_BALANCE])
    writeFileSync(folder.accounts, JSON.stringify(Object.fromEntries(funded), null, 2))
  }
  const [first, second, third] = freezers
  if (first === undefined || second === undefined || third === undefined) throw new Error('three freezers were made')
  return { peers: made, freezers: [first, second, third] }
}

/** A run whose peers can be started. */
export interface OpenedRun {
  readonly run: Run
  /** Resolves when its start height is final. The peers wait for that by themselves, and load meanwhile. */
  readonly started: Promise<void>
}

export interface BondInit {
  readonly url: string
  readonly folder: SwarmFolder
  readonly peers: readonly LocalPeer[]
  /** Others that get a stake, and may bond later. */
  readonly staked?: readonly LocalPeer[]
  readonly freezers: readonly [string, string, string]
  readonly stake: bigint
  readonly asset: number
  /** Blocks from the last one known to the start height; more where empty ones come fast. */
  readonly marginBlocks?: number
  /** The manifest, once genesis and start height are known. */
  readonly manifest: (genesis: Hash, startHeight: number) => Manifest
  readonly signal: AbortSignal
}

/**
 * Stakes, manifest and bonds on a fresh local chain. The bonds land in one block. The manifest is written last: a folder that
 * holds it can be trained in, and one where this was broken off can be begun anew.
 */
export async function bondLocalPeers(init: BondInit): Promise<OpenedRun> {
  const { url, signal } = init
  const setup = await connectLocalSetup({ url, freezers: init.freezers, asset: init.asset, signal })
  try {
    return starting(setup, await postBonds(init, setup), signal)
  } catch (error) {
    await setup.close()
    throw error
  }
}

/** A run that a folder holds: the start before may have been stopped when its start height was not final yet. */
export async function continueLocalRun(
  run: Run,
  { url, freezers, asset, signal }: Pick<BondInit, 'url' | 'freezers' | 'asset' | 'signal'>,
): Promise<OpenedRun> {
  return starting(await connectLocalSetup({ url, freezers, asset, signal }), run, signal)
}

function starting(setup: LocalSetup, run: Run, signal: AbortSignal): OpenedRun {
  const started = sealToStart(setup, run.manifest, signal)
  // It may be rejected before anybody waits for it.
  started.catch(() => undefined)
  return { run, started }
}

async function postBonds(
  { peers, staked = [], marginBlocks, signal, ...init }: BondInit,
  setup: LocalSetup,
): Promise<Run> {
  const stakes = [...peers, ...staked].map(({ address }) => ({ account: address, stake: init.stake }))
  await setup.prepare(stakes, { signal })
  const manifest = init.manifest(setup.genesis, (await setup.head({ signal })) + (marginBlocks ?? START_MARGIN_BLOCKS))
  const id = manifestId(manifest)
  const bonds = await Promise.all(peers.map(peer => bondOf(peer, id, setup.genesis)))
  // Freezing needs no bond and bonding no frozen stake: who reads them at the start height finds both.
  await Promise.all([setup.freeze(stakes, { signal }), setup.postBonds(bonds, { signal })])
  return writeRun(init.folder.root, manifest)
}

/** Seals until the start height is final, which would else take two empty blocks' time; then closes the connection. */
async function sealToStart(setup: LocalSetup, { chain }: Manifest, signal: AbortSignal): Promise<void> {
  try {
    const missing = chain.startHeight + FINALITY_LAG_BLOCKS - (await setup.head({ signal }))
    // One by one: on a busy machine a block takes seconds, and a question that is not answered in time is given up.
    for (let block = 0; block < missing; block++) await setup.seal(1, { signal })
  } finally {
    await setup.close()
  }
}

async function bondOf(peer: LocalPeer, run: ContentId, genesis: Hash): Promise<LocalBond> {
  const key = await loadPeerKey(join(peer.folder, IDENTITY_FILE))
  const proof = await signBondProof(key, genesis, run, peer.address)
  return { run, peer: peer.peer, proof, account: peer.account }
}
