import { expect } from 'chai'
import { MAX_PER_PEER } from '../../../protocols/run/constants.ts'
import { Runs, type ServedRun } from '../../../protocols/run/index.ts'
import { contentId, encodeManifest, manifestId } from '../../../protocols/wire/cid.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { makeRun } from '../../node/verify/world.ts'
import { FakeNetwork, PEERS } from '../fake-streams.ts'

const [MEMBER = '', STRANGER = ''] = PEERS
const { manifest } = makeRun()
const RUN = manifestId(manifest)
const BYTES = encodeManifest(manifest)
const OTHER = contentId(Uint8Array.of(1), 'dag-cbor')

function open(served: ServedRun = { run: RUN, manifest: BYTES }) {
  const network = new FakeNetwork()
  const refused: string[] = []
  new Runs({ served }, { openStreams: network.streamsOf(MEMBER) })
  const asker = new Runs(
    { served: null, onRefused: (reason, from) => refused.push(`${reason} ${from}`) },
    { openStreams: network.streamsOf(STRANGER) },
  )
  const ask = async (run: string): Promise<Uint8Array | string> => {
    const answer = await asker.manifest(MEMBER, run)
    return isRefusal(answer) ? answer.refused : answer
  }
  return { network, refused, ask }
}

describe('protocols/run', () => {
  it('gives the manifest to whoever knows its id', async () => {
    expect(await open().ask(RUN)).to.deep.equal(BYTES)
  })

  it('knows no other run, and a peer that only asks gives nothing', async () => {
    const { ask, network } = open()
    expect(await ask(OTHER)).to.equal('wrong-run')
    const answer = await network.request(MEMBER, STRANGER, { type: 'manifest', run: RUN }, new Uint8Array(0), {})
    expect(answer).to.include({ refused: 'wrong-run' })
  })

  it('takes nothing whose hash is not the id, and counts who gave it', async () => {
    const { ask, refused } = open({ run: RUN, manifest: BYTES.slice(1) })
    expect(await ask(RUN)).to.equal('wrong-hash')
    expect(refused).to.deep.equal([`wrong-hash ${MEMBER}`])
  })

  it('refuses headers that are none, and a peer that asks on and on', async () => {
    const { ask, network } = open()
    const answer = await network.request(STRANGER, MEMBER, { type: 'manifest' }, new Uint8Array(0), {})
    expect(answer).to.include({ refused: 'bad-encoding' })
    for (let request = 0; request < MAX_PER_PEER; request++) expect(await ask(RUN)).to.deep.equal(BYTES)
    expect(await ask(RUN)).to.equal('overloaded')
    expect(network.barsBody(MEMBER, STRANGER), 'a body').to.include({ refused: 'not-allowed' })
  })
})
