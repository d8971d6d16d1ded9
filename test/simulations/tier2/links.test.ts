import { expect } from 'chai'
import fc from 'fast-check'
import type { LinkRule } from '../../../simulations/kernel/network.ts'
import { RandomStream } from '../../../simulations/kernel/random.ts'
import { DEFAULT_NETWORK, DEFAULT_PEER } from '../../../simulations/scenario/defaults.ts'
import { CHAIN, Links } from '../../../simulations/tier2/links.ts'

const SHAPES = Array.from({ length: 4 }, () => DEFAULT_PEER)
const rule = (differs: Partial<LinkRule>): LinkRule => ({
  from: null,
  to: null,
  random: new RandomStream(1, 'test'),
  ...differs,
})
const open = (network = {}) => new Links(SHAPES, { ...DEFAULT_NETWORK, loss: 0, jitterMs: 0, ...network }, 1)

describe('links of tier 2', () => {
  it('delay by both ends, and the chain by none', () => {
    const links = open()
    expect(links.arrivalMs(0, 1, 0, 1_000)).to.equal(1_020)
    expect(links.arrivalMs(0, CHAIN, 0, 1_000)).to.equal(1_010)
  })

  it('carry the bytes of all connections of a peer one after the other', () => {
    const links = open()
    // 100,000 bytes: 20 ms up at 40 Mbit/s, 4 ms down at 200.
    expect(links.arrivalMs(0, 1, 100_000, 0)).to.be.closeTo(44, 1e-9)
    expect(links.arrivalMs(0, 2, 100_000, 0)).to.be.closeTo(64, 1e-9)
    expect(links.arrivalMs(3, 0, 100_000, 0)).to.be.closeTo(44, 1e-9)
  })

  it('hold up what was lost by whole retransmissions', () => {
    const links = open({ loss: 0.5, retransmitMs: 1_000 })
    const times = Array.from({ length: 200 }, () => Math.floor(links.arrivalMs(0, 1, 1, 0) / 1_000))
    expect(times.filter(retransmissions => retransmissions === 0)).to.have.length.within(60, 140)
    expect(Math.max(...times)).to.be.within(2, 6)
  })

  it('are cut between the two sides of a partition, in both directions, and to nobody else', () => {
    const links = open()
    const side = fc.uniqueArray(fc.integer({ min: 0, max: 3 }))
    const all = new Set([0, 1, 2, 3])
    fc.assert(
      fc.property(side, peers => {
        const across = rule({ from: all, to: all, across: new Set<number>(peers), isCut: () => true })
        links.add(across)
        for (const from of all)
          for (const to of all) expect(links.isCut(from, to)).to.equal(peers.includes(from) !== peers.includes(to))
        expect(links.isCut(0, CHAIN) || links.isCut(CHAIN, 0)).to.equal(false)
        links.remove(across)
        expect(links.isCut(0, 1)).to.equal(false)
      }),
    )
  })
})
