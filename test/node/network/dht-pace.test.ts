import { expect } from 'chai'
import { paceRequests } from '../../../node/network/dht-pace.ts'

describe('requests to the DHT', () => {
  it('wait until there is time for them', async () => {
    const handled: unknown[] = []
    const dht = { rpc: { handleMessage: async (_peer: unknown, message: unknown) => handled.push(message) } }
    let goOn = (): void => undefined
    const asked: string[] = []
    paceRequests(dht, {
      spend: peer => {
        asked.push(peer)
        return new Promise<void>(resolve => {
          goOn = resolve
        })
      },
    })
    const answer = dht.rpc.handleMessage('stranger', 'find node')
    await new Promise(resolve => setImmediate(resolve))
    expect([asked, handled]).to.deep.equal([['stranger'], []])
    goOn()
    expect(await answer).to.equal(1)
    expect(handled).to.deep.equal(['find node'])
  })

  it('of a DHT of another make stay as they are', () => {
    const dht = { rpc: null }
    paceRequests(dht, { spend: async () => undefined })
    expect(dht).to.deep.equal({ rpc: null })
  })
})
