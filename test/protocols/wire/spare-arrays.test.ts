import { expect } from 'chai'
import { SpareArrays } from '../../../protocols/wire/spare-arrays.ts'

describe('spare arrays', () => {
  const A = Uint8Array.of(1, 2, 3)
  const B = Uint8Array.of(4, 5, 6)

  it('keep copies, and fill an array again once it is dropped', () => {
    const spares = new SpareArrays()
    const first = spares.keep(A)
    const { bytes } = first
    expect(bytes).to.deep.equal(A)
    expect(bytes.buffer).to.not.equal(A.buffer)
    first.drop()
    expect(spares.bytes).to.equal(3)
    expect(spares.keep(Uint8Array.of(7)).bytes.buffer).to.not.equal(bytes.buffer)
    const second = spares.keep(B)
    expect(second.bytes).to.equal(bytes)
    expect(bytes).to.deep.equal(B)
    expect(spares.bytes).to.equal(0)
  })

  it('leave alone what is lent until all loans have ended', () => {
    const spares = new SpareArrays()
    const kept = spares.keep(A)
    const loans = [kept.lend(), kept.lend()]
    kept.drop()
    loans[0]!.end(true)
    expect(spares.bytes).to.equal(0)
    spares.keep(B)
    expect(loans[1]!.bytes).to.deep.equal(A)
    loans[1]!.end(true)
    expect(spares.bytes).to.equal(3)
  })

  it('never fill again what may still be on its way', () => {
    const spares = new SpareArrays()
    const kept = spares.keep(A)
    const [broken, whole] = [kept.lend(), kept.lend()]
    broken.end(false)
    kept.drop()
    whole.end(true)
    expect(spares.bytes).to.equal(0)
    expect(broken.bytes).to.deep.equal(A)
  })

  it('are no more than they are trimmed to', () => {
    const spares = new SpareArrays()
    const kept = [A, B, Uint8Array.of(1), Uint8Array.of(2)].map(bytes => spares.keep(bytes))
    for (const one of kept) one.drop()
    expect(spares.bytes).to.equal(8)
    spares.trim(4)
    expect(spares.bytes).to.equal(2)
    spares.trim(0)
    expect(spares.bytes).to.equal(0)
  })
})
