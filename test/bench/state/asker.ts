/** A process that fetches a snapshot again and again, and keeps nothing. `node asker.ts <bytes> <address>`; says `begun` once it has data. */
import { setMemoryFlags } from '../../../node/run/v8.ts'
import { certify, makeState, startStatePeer } from '../../integration/state/state-peer.ts'

// As a peer does.
setMemoryFlags()

const [bytes = '', address = ''] = process.argv.slice(2)
const { wanted } = certify(makeState(Number(bytes)))
const nothing = {
  status: () => ({ stage: 0, round: -1, link: new Uint8Array(32), state: new Uint8Array(32), snapshotRound: null }),
  oldest: () => null,
  certificates: async () => [],
  aggregates: async () => undefined,
  aggregate: async () => null,
  snapshot: () => null,
  snapshotPiece: async () => null,
  kept: () => null,
}
const peer = await startStatePeer({ source: nothing })
const name = address.slice(address.lastIndexOf('/') + 1)
await peer.know({ name, addresses: [address] })
process.stdin.on('close', () => process.exit(0)).resume()
let begun = false
const sink = {
  begin: async () => {},
  has: () => false,
  put: async () => {
    if (!begun) console.log('begun')
    begun = true
  },
}
for (;;) {
  const refusal = await peer.state.snapshot([name], wanted, sink)
  if (refusal !== null) throw new Error(refusal.refused)
}
