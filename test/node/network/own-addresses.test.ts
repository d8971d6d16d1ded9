import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { ownAddresses } from '../../../node/network/own-addresses.ts'

describe('network: own addresses', () => {
  it('are confirmed once it listens, public ones too', async () => {
    const listening = ['/ip4/198.51.100.7/tcp/4001', '/ip4/10.0.0.7/tcp/4001'].map(text => multiaddr(text))
    const confirmed: string[] = []
    const service = ownAddresses()({
      addressManager: {
        confirmObservedAddr: (address, options) => confirmed.push(`${address.toString()} ${options?.type}`),
      },
      transportManager: { getAddrs: () => listening },
    })
    await service.start()
    expect(confirmed).to.deep.equal([])
    await service.afterStart?.()
    expect(confirmed).to.deep.equal(listening.map(address => `${address.toString()} transport`))
  })
})
