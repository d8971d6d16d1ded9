import { expect } from 'chai'
import fc from 'fast-check'
import { Allowance, RELAY_RESERVE_BYTES } from '../../../../protocols/wire/index.ts'

const limits = (bytes: number) => ({ bytes: BigInt(bytes) })

describe('what a relayed connection may still carry', () => {
  it('is not limited on a direct connection', () => {
    expect(Allowance.of(undefined)).to.equal(null)
    expect(Allowance.of({})).to.equal(null)
  })

  it('is one for all streams of the connection', () => {
    const connection = limits(RELAY_RESERVE_BYTES + 200)
    expect(Allowance.of(connection)?.admit(100)).to.equal(null)
    expect(Allowance.of(connection)?.admit(1)).to.include({ refused: 'unreachable' })
    Allowance.of(connection)?.release(100)
    expect(Allowance.of(connection)?.admit(100)).to.equal(null)
  })

  it('falls as the connection carries bytes', () => {
    const connection = { bytes: BigInt(RELAY_RESERVE_BYTES + 200) }
    const allowance = Allowance.of(connection)
    connection.bytes -= 2n
    expect(allowance?.admit(100)).to.include({ refused: 'unreachable' })
    expect(allowance?.admit(99)).to.equal(null)
  })

  it('never promises more than the relay carries, whatever both ends ask for at a time', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 10_000_000 }),
        fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 3_000_000 }))),
        (bytes, asked) => {
          const ends = [Allowance.of(limits(bytes)), Allowance.of(limits(bytes))]
          let promised = 0
          for (const [end, size] of asked) if (ends[end ? 1 : 0]?.admit(size) === null) promised += size
          expect(promised).to.be.at.most(Math.max(0, bytes - RELAY_RESERVE_BYTES))
        },
      ),
    )
  })
})
