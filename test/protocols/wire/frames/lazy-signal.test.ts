import { expect } from 'chai'
import { LazySignal } from '../../../../protocols/wire/frames/lazy-signal.ts'

describe('a signal that is made when it is asked for', () => {
  it('fires once, and calls back once, whenever it was asked for', () => {
    const stop = new LazySignal()
    const seen: string[] = []
    stop.onStop(() => seen.push('callback'))
    stop.signal.addEventListener('abort', () => seen.push('listener'))
    expect([stop.isStopped, stop.signal.aborted]).to.deep.equal([false, false])
    stop.fire()
    stop.fire()
    expect(seen).to.deep.equal(['callback', 'listener'])
    expect([stop.isStopped, stop.signal.aborted]).to.deep.equal([true, true])
  })

  it('has fired for who comes late', () => {
    const stop = new LazySignal()
    stop.fire()
    let called = false
    stop.onStop(() => {
      called = true
    })
    expect([called, stop.signal.aborted]).to.deep.equal([true, true])
  })
})
