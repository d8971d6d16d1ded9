import { TypedEventEmitter } from '@libp2p/interface'
import { expect } from 'chai'
import { spareEvents } from '../../../node/network/spare-events.ts'

interface Events {
  idle: CustomEvent<string>
}

describe('events that nobody listens to', () => {
  before(spareEvents)

  it('are not made, and those that somebody listens to come as before', () => {
    const emitter = new TypedEventEmitter<Events>()
    const seen: string[] = []
    const listener = ({ detail }: CustomEvent<string>): void => {
      seen.push(detail)
    }
    const details = {
      asked: 0,
      get detail() {
        this.asked++
        return 'told'
      },
    }
    expect(emitter.safeDispatchEvent('idle', details)).to.equal(true)
    expect(details.asked).to.equal(0)
    emitter.addEventListener('idle', listener)
    emitter.safeDispatchEvent('idle', details)
    emitter.removeEventListener('idle', listener)
    emitter.safeDispatchEvent('idle', details)
    expect(seen).to.deep.equal(['told'])
  })

  it('are told to whoever replaced the dispatch of an emitter, as libp2p does', () => {
    const emitter = new TypedEventEmitter<Events>()
    const seen: string[] = []
    emitter.dispatchEvent = ({ type }) => seen.push(type) > 0
    emitter.safeDispatchEvent('idle', { detail: 'told' })
    expect(seen).to.deep.equal(['idle'])
  })
})
