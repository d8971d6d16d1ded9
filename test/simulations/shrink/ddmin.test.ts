import { expect } from 'chai'
import fc from 'fast-check'
import { ddmin } from '../../../simulations/shrink/ddmin.ts'

describe('ddmin', () => {
  it('finds exactly the items that a failure needs, wherever they stand', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 24 }), fc.func(fc.boolean()), async (size, isNeeded) => {
        const items = Array.from({ length: size }, (_, i) => i)
        const needed = items.filter(isNeeded)
        const kept = await ddmin(items, async part => needed.every(item => part.includes(item)))
        expect(kept).to.deep.equal(needed)
      }),
    )
  })

  it('ends where no single item can be left out, also where failing is not monotone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.func(fc.boolean()), async (size, random) => {
        const items = Array.from({ length: size }, (_, i) => i)
        const fails = async (part: readonly number[]) => part.length === size || (part.length > 0 && random(part))
        const kept = await ddmin(items, fails)
        expect(await fails(kept)).to.equal(true)
        for (const item of kept) expect(await fails(kept.filter(other => other !== item))).to.equal(false)
      }),
    )
  })

  it('needs few tries where little is needed', async () => {
    let tries = 0
    await ddmin(
      Array.from({ length: 1000 }, (_, i) => i),
      async part => {
        tries++
        return part.includes(617)
      },
    )
    expect(tries).to.be.lessThan(50)
  })
})
