import { expect } from 'chai'
import fc from 'fast-check'
import { Repeats } from '../../../node/cli/projections/repeats.ts'
import {
  bar,
  count,
  duration,
  megabytes,
  nats,
  painter,
  reachText,
  shortPeer,
  shortSentence,
  speed,
  wantsColour,
} from '../../../node/cli/projections/text.ts'
import { PEER } from './events.ts'

describe('text of the projections', () => {
  it('uses colours on a terminal only, and not where NO_COLOR is set or the terminal is dumb', () => {
    expect(wantsColour(true, {})).to.equal(true)
    expect(wantsColour(true, { NO_COLOR: '' })).to.equal(true)
    expect(wantsColour(false, {})).to.equal(false)
    expect(wantsColour(true, { NO_COLOR: '1' })).to.equal(false)
    expect(wantsColour(true, { TERM: 'dumb' })).to.equal(false)
    expect(painter(false).red('x')).to.equal('x')
    expect(painter(true).red('x')).to.equal('\u001b[31mx\u001b[0m')
  })

  it('writes losses, durations, sizes and counts as people read them', () => {
    expect([nats(2.40049), nats(null)]).to.deep.equal(['2.400', '-'])
    expect([0, 59_400, 61_000, 3_720_000].map(duration)).to.deep.equal(['0 s', '59 s', '1 min 01 s', '1 h 2 min'])
    expect(duration(null)).to.equal('-')
    expect([4_120, 3_440_000, 167_200_000, 4_200_000_000].map(megabytes)).to.deep.equal(['0.0', '3.4', '167', '4,200'])
    expect(count(49_152.4)).to.equal('49,152')
    expect([speed(0), speed(1_814.2)]).to.deep.equal(['- tokens/s', '1,814 tokens/s'])
  })

  it('cuts peer ids to the end that differs, in a sentence too, and keeps a sentence on one line', () => {
    expect([shortPeer(PEER), shortPeer('')]).to.deep.equal(['abcdef', '-'])
    expect(shortSentence(`the proposal of ${PEER}, which\n  is late`)).to.equal('the proposal of abcdef, which is late')
  })

  it('says in a few words how others reach a peer', () => {
    expect(reachText({ state: 'public', via: '/ip4/9.9.9.9/tcp/1' })).to.equal(
      'others connect to this peer at /ip4/9.9.9.9/tcp/1',
    )
    expect(reachText({ state: 'public', via: 'inbound' })).to.equal('others connect to this peer')
    expect(reachText({ state: 'relayed', via: `${PEER},${PEER}` })).to.equal(
      'others reach this peer over relay abcdef or abcdef',
    )
    expect(reachText({ state: 'unreachable', via: '' })).to.match(/only call others/)
  })

  it('fills a bar of exactly its width, in proportion and never beyond', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(300), fc.integer({ min: 1, max: 80 }), (done, total, width) => {
        const text = bar(done, total, width)
        expect(text).to.match(/^#*\.*$/)
        expect(text.length).to.equal(width)
        expect(text.includes('.')).to.equal(total > 0 && Math.round((Math.min(done, total) / total) * width) < width)
      }),
    )
  })
})

describe('repeated news', () => {
  it('is told once, and after half a minute with how often it came meanwhile', () => {
    const repeats = new Repeats()
    const news = (address: number): string => `no peer answers for ${address} s: connect 127.0.0.1:${address}`
    expect(repeats.admit(news(1), 0)).to.equal(news(1))
    expect([1, 2, 3].map(at => repeats.admit(news(at), at * 1000))).to.deep.equal([null, null, null])
    expect(repeats.admit(news(9), 30_000)).to.equal(`${news(9)} (and 3 more like it before)`)
    expect(repeats.admit(news(9), 60_000)).to.equal(news(9))
  })

  it('of another kind is told at once', () => {
    const repeats = new Repeats()
    expect(repeats.admit('the journal does not sign a vote', 0)).to.not.equal(null)
    expect(repeats.admit('the journal does not sign a commit', 0)).to.not.equal(null)
  })

  it('remembers a bounded number of kinds: the one told longest ago is forgotten', () => {
    const repeats = new Repeats()
    const kind = (index: number): string => `trouble ${String.fromCodePoint(0x100 + index)}`
    for (let index = 0; index <= 64; index++) repeats.admit(kind(index), 0)
    expect(repeats.admit(kind(64), 1)).to.equal(null)
    expect(repeats.admit(kind(0), 1)).to.equal(kind(0))
  })
})
