import { expect } from 'chai'
import { EventBus } from '../../../node/events/bus.ts'
import { collectAfterRounds, GROWTH_BYTES } from '../../../node/run/garbage.ts'

describe('the garbage of rounds', () => {
  function watched() {
    const bus = new EventBus(() => 0)
    const seen = { bytes: GROWTH_BYTES, collections: 0 }
    const end = collectAfterRounds({
      bus,
      heldBytes: () => seen.bytes,
      collect: () => {
        seen.collections++
        seen.bytes = GROWTH_BYTES / 2
      },
    })
    const round = (): void => bus.forward({ event: 'round.certified', timeMs: 0 } as Parameters<EventBus['forward']>[0])
    return { bus, seen, end, round }
  }

  it('is collected after a round by which the heap has grown enough, counted from what the last collection left', () => {
    const { seen, round } = watched()
    seen.bytes += GROWTH_BYTES - 1
    round()
    expect(seen.collections).to.equal(0)
    seen.bytes++
    round()
    expect(seen.collections).to.equal(1)
    seen.bytes += GROWTH_BYTES - 1
    round()
    expect(seen.collections).to.equal(1)
    seen.bytes++
    round()
    expect(seen.collections).to.equal(2)
  })

  it('is left alone at other events, and once the watch has ended', () => {
    const { bus, seen, end, round } = watched()
    seen.bytes = 4 * GROWTH_BYTES
    bus.emit('warning', { message: 'nothing of a round' })
    expect(seen.collections).to.equal(0)
    end()
    round()
    expect(seen.collections).to.equal(0)
  })
})
