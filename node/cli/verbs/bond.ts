/** `swarm-node bond`: binds this data folder's peer to its chain account for a run. */
import { join, resolve } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { accountFromUri } from '../../../consensus/chain/adapters/substrate/index.ts'
import { signBondProof } from '../../../consensus/chain/bond.ts'
import { ChainUnavailable } from '../../../consensus/chain/errors.ts'
import type { Chain } from '../../../consensus/chain/types.ts'
import { type EpochSchedule, epochOf, epochStart } from '../../../consensus/election/index.ts'
import type { Settings } from '../../config/options.ts'
import { loadAccount, loadPeerKey } from '../../identity/index.ts'
import { finalizedAt } from '../../peer/finalized-at.ts'
import { openChain } from '../../run/chain.ts'
import { accountPath, IDENTITY_FILE, resolveRun } from '../../run/folder.ts'
import { EXIT } from '../exit.ts'

/** For finality, which takes a public chain some 20 s. */
const FINAL_MS = 180_000

/** When a bond of this block gives a place: at the start, or from the second epoch after its own on. */
function countsFrom(schedule: EpochSchedule, height: number): { readonly height: number; readonly text: string } {
  if (height <= schedule.startHeight)
    return { height: schedule.startHeight, text: `seats are dealt from block ${schedule.startHeight}` }
  const epoch = epochOf(schedule, height) + 2
  const start = epochStart(schedule, epoch)
  return {
    height: start,
    text: `the run goes on already: the bond counts from epoch ${epoch}, which begins with block ${start}`,
  }
}

/** Whoever joins right afterwards reads what is final. Rejects with {@link ChainUnavailable}. */
async function becomesFinal(chain: Chain, height: number, stop: AbortSignal): Promise<void> {
  const patience = AbortSignal.timeout(FINAL_MS)
  try {
    await finalizedAt(chain, height, AbortSignal.any([stop, patience]))
  } catch (error) {
    if (stop.aborted || !patience.aborted) throw error
    throw new ChainUnavailable(`the bond is in block ${height}, which is not final after ${FINAL_MS / 1000} s`)
  }
}

export async function run(settings: Settings, stop: AbortSignal): Promise<number> {
  const folder = resolve(settings.data!)
  const target = resolveRun(settings.run!, folder)
  const key = await loadPeerKey(join(folder, IDENTITY_FILE))
  const account = settings.account ?? (await loadAccount(accountPath(folder)))
  const chain = await openChain({ url: settings.chain!, account, manifest: target.manifest, signal: stop })
  try {
    const peer = peerIdFromPrivateKey(key).toString()
    const { address } = await accountFromUri(account)
    const proof = await signBondProof(key, chain.genesis, target.id, address)
    const block = await chain.bond({ run: target.id, peer, proof }, { signal: stop })
    await becomesFinal(chain, block.height, stop)
    const counts = countsFrom(target.manifest.chain, block.height)
    const report = { event: 'bonded', peer, account: address, block: block.height, counts: counts.height }
    console.log(
      settings.json === true
        ? JSON.stringify(report)
        : `peer ${peer} is bound to ${address} in block ${block.height}; ${counts.text}`,
    )
    return EXIT.ok
  } finally {
    await chain.close()
  }
}
