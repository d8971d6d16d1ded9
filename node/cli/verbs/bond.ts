/** `swarm-node bond`: binds this data folder's peer to its chain account for a run. */
import { join, resolve } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { accountFromUri } from '../../../consensus/chain/adapters/substrate/index.ts'
import { signBondProof } from '../../../consensus/chain/bond.ts'
import type { Settings } from '../../config/options.ts'
import { loadAccount, loadPeerKey } from '../../identity/index.ts'
import { openChain } from '../../run/chain.ts'
import { accountPath, IDENTITY_FILE, resolveRun } from '../../run/folder.ts'
import { EXIT } from '../exit.ts'

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
    const report = {
      event: 'bonded',
      peer,
      account: address,
      block: block.height,
      counts: target.manifest.chain.startHeight,
    }
    console.log(
      settings.json === true
        ? JSON.stringify(report)
        : `peer ${peer} is bound to ${address} in block ${block.height}; seats are dealt from block ${report.counts}`,
    )
    return EXIT.ok
  } finally {
    await chain.close()
  }
}
