/**
 * The liar: runs the honest machine to know what is going on, but signs without a journal and tells everybody something
 * else: other proposals, votes for any value it has heard of, votes without their polka or of far views, false holdings,
 * results and outcomes, two COMMITs; or it says nothing, or only to some; or it leads like an honest one, but to evict one.
 * All liars conspire.
 */
import type { Wish } from '../../../consensus/membership/index.ts'
import { hashHex, hashValue } from '../../../protocols/wire/hash.ts'
import type { Commit, Hash, Payload, PeerName, Signed } from '../../../protocols/wire/messages.ts'
import { blockHash, hashOf, makeCommit, PARENT_HEIGHT, PARTITIONS } from './fixtures.ts'
import { isCommit, type Peer } from './peer.ts'
import type { Swarm } from './swarm.ts'

export type Strategy = 'random' | 'split' | 'silent' | 'evict'

/** What all liars know together: they are one adversary. */
export class Conspiracy {
  readonly strategy: Strategy
  /** The honest peers that see the first of two versions. */
  readonly #side: ReadonlySet<PeerName>
  /** The two values that a lying leader sent in a view. */
  readonly #twins = new Map<number, readonly [Hash, Hash]>()
  /** All votes and proposals that anybody sent, by kind, view and value. */
  readonly #heard = new Map<string, Signed[]>()

  constructor(strategy: Strategy, side: ReadonlySet<PeerName>) {
    this.strategy = strategy
    this.#side = side
  }

  hear(signed: Signed): void {
    const { payload } = signed
    if (payload.kind !== 'prevote' && payload.kind !== 'propose') return
    const id = payload.kind === 'propose' ? hashValue(payload.value) : payload.value
    if (id === null) return
    const key = `${payload.kind}/${payload.view}/${hashHex(id)}`
    this.#heard.set(key, [...(this.#heard.get(key) ?? []), signed])
  }

  propose(view: number, values: readonly [Hash, Hash]): void {
    this.#twins.set(view, values)
  }

  /** The value of this view that this peer is to believe in. */
  valueFor(view: number, peer: PeerName): Hash | null {
    return this.#twins.get(view)?.[this.sideOf(peer)] ?? null
  }

  sideOf(peer: PeerName): 0 | 1 {
    return this.#side.has(peer) ? 0 : 1
  }

  /** Everything that may pass for a polka of this value. */
  polka(view: number, value: Hash): Uint8Array[] {
    const id = hashHex(value)
    const heard = [
      ...(this.#heard.get(`propose/${view}/${id}`) ?? []),
      ...(this.#heard.get(`prevote/${view}/${id}`) ?? []),
    ]
    return heard.slice(0, 12).map(({ envelope }) => envelope)
  }
}

/** Instead of signing through a journal: what goes out when the machine of a liar asks for a signature. */
export function lie(swarm: Swarm, peer: Peer, payload: Payload, attachments: readonly Uint8Array[]): void {
  if (swarm.conspiracy.strategy === 'silent') return
  if (swarm.conspiracy.strategy === 'evict') evict(swarm, peer, payload, attachments)
  else if (swarm.conspiracy.strategy === 'split') split(swarm, peer, payload, attachments)
  else scatterLies(swarm, peer, payload, attachments)
}

/** Is honest, but for its proposals: each removes an honest seat, with what is no proof of it. */
function evict(swarm: Swarm, peer: Peer, payload: Payload, attachments: readonly Uint8Array[]): void {
  const { members, random, signer } = swarm
  const victim = random.pick(swarm.honest)?.name
  if (payload.kind !== 'propose' || payload.validView >= 0 || members === null || victim === undefined) {
    tell(swarm, peer, signer.sign(peer.name, payload), attachments)
    return
  }
  const { scope } = members
  const absence = members.absence(victim)
  const forgeries: readonly Wish[] = [
    { ...absence, proof: [] },
    absence,
    { ...absence, proof: members.outcomes([1, 2]) },
    // Outcomes of nobody, but by whom they should be.
    { ...absence, proof: absence.proof.map(one => signer.sign(peer.name, one.payload)) },
    {
      ...absence,
      proof: members
        .outcomes()
        .map(({ payload: { scope: at }, signer: by }) =>
          members.sign(by, members.outcomePayload(at.round, [], { ...members.earlier, round: at.round })),
        ),
    },
    { change: { peer: victim, act: 'remove-left' }, proof: members.leave(peer.name).proof },
    {
      change: { peer: victim, act: 'remove-left' },
      proof: [members.sign(victim, { kind: 'leave', scope: { ...members.earlier, round: scope.round } })],
    },
    { change: { peer: victim, act: 'remove-proven' }, proof: members.lie(peer.name).proof },
  ]
  const { change, proof } = random.pick(forgeries)!
  const lied = signer.sign(peer.name, { ...payload, value: { ...payload.value, changes: [change] } })
  tell(swarm, peer, lied, [...attachments, ...proof.map(({ envelope }) => envelope)])
}

function tell(swarm: Swarm, peer: Peer, signed: Signed, attachments: readonly Uint8Array[]): void {
  swarm.broadcast(peer, signed, attachments)
  swarm.time.after(0, () => selfDeliver(swarm, peer, signed, attachments))
}

/** Two halves of the stage are told two consistent stories. */
function split(swarm: Swarm, peer: Peer, payload: Payload, attachments: readonly Uint8Array[]): void {
  const { conspiracy, signer } = swarm
  const versions = [payload, falsify(swarm, peer, payload)].map(version => signer.sign(peer.name, version))
  const [a, b] = versions
  if (a?.payload.kind === 'propose' && b?.payload.kind === 'propose') {
    conspiracy.propose(a.payload.view, [hashValue(a.payload.value), hashValue(b.payload.value)])
  }
  for (const to of swarm.peers) {
    if (to === peer) continue
    const story = storyFor(swarm, peer, to, payload)
    const signed = story ?? versions[conspiracy.sideOf(to.name)] ?? a
    if (signed === undefined) continue
    const { payload: said } = signed
    const isLock = said.kind === 'precommit' && said.value !== null
    swarm.send(peer, to, signed, isLock && said.value !== null ? conspiracy.polka(said.view, said.value) : attachments)
    if (isCommit(signed)) give(swarm, peer, to, signed)
  }
  if (a !== undefined) swarm.time.after(0, () => selfDeliver(swarm, peer, a, attachments))
}

/** The vote that this side is to see, where a lying leader has split the view. */
function storyFor(swarm: Swarm, peer: Peer, to: Peer, payload: Payload): Signed | null {
  if (payload.kind !== 'prevote' && payload.kind !== 'precommit') return null
  const value = swarm.conspiracy.valueFor(payload.view, to.name)
  if (value === null) return null
  const validView = payload.kind === 'prevote' ? -1 : payload.view
  const signed = swarm.signer.sign(peer.name, { ...payload, value, validView })
  swarm.conspiracy.hear(signed)
  return signed
}

/** Something false to anybody, or nothing. */
function scatterLies(swarm: Swarm, peer: Peer, payload: Payload, attachments: readonly Uint8Array[]): void {
  const { random } = swarm
  if (random.chance(0.1)) return
  const honest = swarm.signer.sign(peer.name, payload)
  const versions = [honest, swarm.signer.sign(peer.name, falsify(swarm, peer, payload))]
  const isSplit = random.chance(0.5)
  for (const to of swarm.peers) {
    if (to === peer || random.chance(0.1)) continue
    const signed = isSplit ? random.pick(versions)! : honest
    swarm.send(peer, to, signed, random.chance(0.9) ? attachments : random.subset(attachments))
    if (isCommit(signed) && random.chance(0.7)) give(swarm, peer, to, signed)
  }
  swarm.time.after(0, () => selfDeliver(swarm, peer, honest, attachments))
}

function selfDeliver(swarm: Swarm, peer: Peer, signed: Signed, attachments: readonly Uint8Array[]): void {
  swarm.input(peer, { type: 'message', signed, attachments: attachments.map(envelope => swarm.signer.open(envelope)) })
}

/** Some partitions to some candidates. */
function give(swarm: Swarm, peer: Peer, to: Peer, commit: Signed<Commit>): void {
  const { root } = commit.payload
  for (let partition = 0; partition < PARTITIONS; partition++) {
    if (swarm.random.chance(0.3)) continue
    swarm.time.after(swarm.random.next() * 30, () => {
      to.disk.commits.add(commit)
      to.disk.partitions.add(`${peer.name}/${hashHex(root)}/${partition}`)
      swarm.input(to, { type: 'stored', author: peer.name, root, partition })
    })
  }
}

function falsify(swarm: Swarm, peer: Peer, payload: Payload): Payload {
  const { random } = swarm
  switch (payload.kind) {
    case 'commit':
      return makeCommit(payload.scope, peer.name, 1)
    case 'have': {
      const full = new Uint8Array([2 ** PARTITIONS - 1])
      const held = [...peer.state.commits.values()].map(({ signer, payload: { root } }) => ({
        author: signer,
        root,
        bitmap: full,
      }))
      return { ...payload, held: held.sort((a, b) => (a.author < b.author ? -1 : 1)) }
    }
    case 'propose': {
      const { commits } = payload.value
      const height = PARENT_HEIGHT + random.below(4)
      const sealed = commits === 'skip' || random.chance(0.2) ? 'skip' : commits.slice(random.below(2))
      return {
        ...payload,
        validView: -1,
        value: { ...payload.value, reference: { height, hash: blockHash(height) }, commits: sealed },
      }
    }
    case 'prevote':
    case 'precommit': {
      const heard = [...peer.state.proposals.values()].map(({ known }) => known.id)
      if (random.chance(0.1)) return { ...payload, view: payload.view + random.below(40), value: null, validView: -1 }
      const value = random.chance(0.3) ? null : (random.pick(heard) ?? hashOf('nothing'))
      if (payload.kind === 'precommit')
        return { ...payload, value, validView: value === null ? payload.validView : payload.view }
      return { ...payload, value, validView: value === null ? -1 : Math.min(payload.view - 1, random.below(3) - 1) }
    }
    case 'aggregate':
      return { ...payload, hash: random.chance(0.3) ? new Uint8Array(32) : hashOf('false aggregate') }
    case 'outcome':
      return { ...payload, state: hashOf('false state') }
    default:
      return payload
  }
}
