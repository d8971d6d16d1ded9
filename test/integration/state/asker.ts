/**
 * A process that fetches a snapshot into a folder, tells how far it is, a line each time, and ends: with 0 where the snapshot
 * is whole. `node asker.ts <folder> <bytes> <source>...`, a source as `<address>/p2p/<name>`.
 */
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { certify, makeState, openStore, ROUND, sourceOf, startStatePeer } from './state-peer.ts'

const [folder = '', bytes = '', ...sources] = process.argv.slice(2)
const { wanted, head } = certify(makeState(Number(bytes)))
const store = await openStore(folder)
const peer = await startStatePeer({ source: sourceOf(store) })
const names: string[] = []
for (const source of sources) {
  const name = source.slice(source.lastIndexOf('/') + 1)
  await peer.know({ name, addresses: [source] })
  names.push(name)
}
const { link, state, fullRoot } = head
const sink = await store.incoming({ round: ROUND, link, state, fullRoot })
const refusal = await peer.state.snapshot(names, wanted, sink, {
  onProgress: progress => process.stdout.write(`${JSON.stringify(progress)}\n`),
})
if (isRefusal(refusal)) throw new Error(refusal.refused)
await sink.state()
await store.takeIncoming(ROUND, sink)
await store.close()
await peer.stop()
