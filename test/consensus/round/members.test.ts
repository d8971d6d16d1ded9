import { expect } from 'chai'
import type { MembershipContext, Wish } from '../../../consensus/membership/index.ts'
import { WISHES_PER_SEAT } from '../../../consensus/round/constants.ts'
import type { Change, PeerName, Signed, Value } from '../../../protocols/wire/messages.ts'
import { Bench } from './bench.ts'
import { makeContext, peerNames, Signer } from './fixtures.ts'
import { CANDIDATES, Members, SHOWING } from './members.ts'
import type { SwarmOptions } from './peer.ts'
import { Swarm } from './swarm.ts'

const peers = peerNames(4)

/** A machine that may change members, at this rank of the leaders, and what it takes to prove things to it. */
function benchOf(
  rank: number,
  options: { absent?: readonly PeerName[]; change?: Partial<MembershipContext> } = {},
): { bench: Bench; members: Members } {
  const signer = new Signer()
  const members = new Members(signer, makeContext(null, peers, 1), options.absent)
  const { parent, membership } = members.context(options.change)
  return { bench: new Bench({ rank, signer, change: { parent, membership } }), members }
}

/** All work is there: the leader may propose. */
function fill(bench: Bench): void {
  for (const peer of bench.peers) bench.input({ type: 'message', signed: bench.commitOf(peer), attachments: [] })
  for (const peer of bench.others) bench.deliver(peer, bench.have())
}

function wish(bench: Bench, ...wishes: readonly Wish[]): void {
  for (const each of wishes) bench.input({ type: 'wish', wish: each })
}

function proposed(bench: Bench): readonly Change[] | undefined {
  return bench.signed('propose')[0]?.value.changes
}

/** The envelopes beside the own proposal. */
function shown(bench: Bench): Signed[] {
  const [sign] = bench.effects('sign').filter(({ payload }) => payload.kind === 'propose')
  return (sign?.attachments ?? []).map(envelope => bench.signer.open(envelope))
}

describe('round: members that change', () => {
  it('the leader proposes what it wishes, with the proof beside it, and others vote for it', () => {
    const [absent] = peers as [PeerName]
    const { bench, members } = benchOf(0, { absent: [absent] })
    wish(bench, members.absence(absent), members.admission())
    fill(bench)
    const changes: Change[] = [
      { peer: CANDIDATES[0]!, act: 'admit' },
      { peer: absent, act: 'remove-absent' },
    ]
    expect(proposed(bench)).to.deep.equal(changes.sort((a, b) => (a.peer < b.peer ? -1 : 1)))
    const proof = shown(bench)
    expect(proof.filter(({ payload }) => payload.kind === 'outcome')).to.have.length(3 * SHOWING.length + 1)

    const other = benchOf(3, { absent: [absent] }).bench
    const [proposal] = bench.signed('propose')
    other.deliver(other.leader(0), proposal!, proof)
    expect(other.signed('prevote').map(({ value }) => value === null)).to.deep.equal([false])
    expect(other.effects('refused')).to.deep.equal([])
  })

  it('a fresh value is not voted for while its changes are not proven, and refused where no proof would do', () => {
    const { bench, members } = benchOf(3)
    const change = members.leave(peers[0]!)
    const value = bench.value([], { changes: [change.change] })
    const signed = bench.propose(0, value)
    expect(bench.signed('prevote')).to.deep.equal([])
    bench.input({ type: 'message', signed, attachments: [...bench.proof(), ...members.leave(peers[1]!).proof] })
    expect(bench.signed('prevote')).to.deep.equal([])
    bench.input({ type: 'message', signed, attachments: [...bench.proof(), ...change.proof] })
    expect(bench.signed('prevote')).to.have.length(1)

    for (const context of [
      { departing: [peers[0]!] },
      { decided: [{ peer: peers[1]!, act: 'remove-absent' } as const] },
    ]) {
      const full = benchOf(3, { change: context })
      const { proof } = full.members.leave(peers[0]!)
      full.bench.propose(0, value, -1, [...full.bench.proof(), ...proof])
      expect(full.bench.signed('prevote').map(vote => vote.value)).to.deep.equal([null])
    }
  })

  it('a value with changes is refused where no members may change', () => {
    const bench = new Bench()
    bench.propose(0, bench.value([], { changes: [{ peer: peers[0]!, act: 'remove-left' }] }))
    expect(bench.signed('prevote').map(({ value }) => value)).to.deep.equal([null])
  })

  it('a value that had a polka needs no proof of its changes', () => {
    const { bench, members } = benchOf(3)
    const value = bench.value([], { changes: [members.leave(peers[0]!).change] })
    bench.failView(0)
    bench.clear()
    const polka = bench.others.map(peer => bench.prevoteOf(peer, 0, value))
    bench.propose(1, value, 0, [...bench.proof(), ...polka])
    expect(bench.signed('prevote').map(({ validView }) => validView)).to.deep.equal([0])
  })

  it('SKIP carries changes too', () => {
    const { bench, members } = benchOf(0)
    wish(bench, members.leave(peers[1]!))
    for (const peer of bench.peers) bench.deliver(peer, { kind: 'idle', scope: bench.context.scope })
    expect(bench.signed('propose').map(({ value }) => value.commits)).to.deep.equal(['skip'])
    expect(proposed(bench)).to.deep.equal([{ peer: peers[1], act: 'remove-left' }])
  })

  it('a wish that cannot be decided in this round is passed over', () => {
    const { bench, members } = benchOf(0, { change: { departing: [peers[3]!] } })
    const [a, b] = peers as [PeerName, PeerName]
    wish(bench, members.absence(a), { ...members.leave(a), proof: members.leave(b).proof }, members.leave(peers[3]!), {
      ...members.admission(),
      change: { peer: '12D3KooWstranger', act: 'admit' },
    })
    expect(bench.state.wishes.size).to.equal(0)
    fill(bench)
    expect(proposed(bench)).to.deep.equal([])
  })

  it('wishes beyond the limits of an epoch wait: proven lies first, removals before the admissions that they make room for', () => {
    const [a, b, c] = peers as [PeerName, PeerName, PeerName]
    const { bench, members } = benchOf(0)
    wish(bench, members.leave(b), members.leave(a), members.admission(CANDIDATES[1]), members.admission())
    expect(bench.state.wishes.size).to.equal(4)
    wish(bench, members.lie(c))
    fill(bench)
    expect(proposed(bench)).to.have.deep.members([
      { peer: a, act: 'remove-left' },
      { peer: c, act: 'remove-proven' },
      { peer: CANDIDATES[0], act: 'admit' },
    ])
  })

  it('of two wishes for a peer the graver one is kept', () => {
    const [a] = peers as [PeerName]
    const { bench, members } = benchOf(0)
    for (const each of [members.leave(a), members.lie(a), members.leave(a)]) wish(bench, each)
    expect([...bench.state.wishes.values()].map(({ change }) => change.act)).to.deep.equal(['remove-proven'])
  })

  it('keeps a bounded number of wishes', () => {
    const strangers = Array.from({ length: 40 }, (_, index) => `12D3KooWstranger${index}`)
    const { bench, members } = benchOf(0, { change: { candidates: strangers, replicas: 99 } })
    for (const peer of strangers) wish(bench, members.admission(peer))
    expect(bench.state.wishes.size).to.equal(WISHES_PER_SEAT * peers.length)
  })
})

/** Whole stages, each seed another network. */
function hunt(
  seeds: number,
  options: (seed: number) => Omit<SwarmOptions, 'seed'>,
  check: (changes: readonly Change[], swarm: Swarm) => void,
): void {
  for (let seed = 1; seed <= seeds; seed++) {
    const swarm = new Swarm({ ...options(seed), seed })
    try {
      if (!swarm.run(30_000)) throw new Error(`not over: ${swarm.honest.map(({ state }) => state.status).join()}`)
      for (const { certificate } of swarm.honest) check(certificate!.value.changes, swarm)
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
}

const evicts = ({ changes }: Value): boolean => changes.some(({ act }) => act !== 'admit')
const acts = (changes: readonly Change[]): string[] => changes.map(({ act }) => act).sort()

describe('round: members that change, in whole stages', () => {
  for (const [seats, seeds] of [
    [4, 40],
    [7, 10],
  ] as const) {
    it(`n = ${seats}: a join and a leave are certified in the round that can prove them`, () => {
      hunt(
        seeds,
        () => ({
          seats,
          liars: 0,
          healAtMs: 0,
          members: ({ honest }) => ({ wishes: of => [of.leave(honest[0]!), of.admission()] }),
        }),
        (changes, { honest }) => {
          expect(acts(changes)).to.deep.equal(['admit', 'remove-left'])
          expect(changes.map(({ peer }) => peer)).to.have.members([CANDIDATES[0], honest[0]!.name])
        },
      )
    })

    it(`n = ${seats}: the same in a hostile network, with crashes, at every honest seat the same`, () => {
      hunt(
        seeds,
        seed => ({
          seats,
          liars: 0,
          healAtMs: 300 + (seed % 10) * 200,
          members: ({ honest }) => ({ wishes: of => [of.leave(honest[0]!), of.admission()] }),
        }),
        (changes, { honest }) => {
          for (const { certificate } of honest) expect(certificate!.value.changes).to.deep.equal(changes)
          expect(acts(changes)).to.deep.equal(['admit', 'remove-left'])
        },
      )
    })

    it(`n = ${seats}: a seat that has been silent for three rounds is removed, by a round that is skipped too`, () => {
      hunt(
        seeds,
        seed => ({
          seats,
          liars: 1,
          strategy: 'silent',
          healAtMs: 0,
          ...(seed % 2 === 0 ? { idle: seats } : {}),
          members: ({ liars }) => ({ absent: liars, wishes: of => liars.map(peer => of.absence(peer)) }),
        }),
        (changes, swarm) => {
          const [silent] = swarm.peers.filter(({ isLiar }) => isLiar)
          expect(changes).to.deep.equal([{ peer: silent!.name, act: 'remove-absent' }])
        },
      )
    })

    it(`n = ${seats}: a lying leader evicts no honest seat, whatever it shows: nothing, forgeries, or what is foreign or old`, () => {
      let attempts = 0
      hunt(
        2 * seeds,
        seed => ({
          seats,
          liars: Math.floor((seats - 1) / 3),
          strategy: 'evict',
          healAtMs: seed % 3 === 0 ? 600 : 0,
          members: () => ({ wishes: of => [of.admission()], context: { replicas: seats + 1 } }),
        }),
        (changes, { sent, honest }) => {
          attempts += sent.filter(
            ({ signed: { payload } }) => payload.kind === 'propose' && evicts(payload.value),
          ).length
          expect(changes.filter(({ act }) => act !== 'admit')).to.deep.equal([])
          expect(honest.every(({ done }) => done === 'promote')).to.equal(true)
        },
      )
      expect(attempts).to.be.greaterThan(seeds / 4)
    })
  }
})
