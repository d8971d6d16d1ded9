/**
 * The round's machine under virtual time: n drivers, a network that delays, loses, duplicates and partitions until it
 * heals, crashes with a journal, and up to f liars (`liar.ts`). What must never happen is checked as it happens.
 */
import type { Wish } from '../../../consensus/membership/index.ts'
import { createRound, type RoundEffect, type RoundInput, step } from '../../../consensus/round/index.ts'
import { encode } from '../../../protocols/wire/cbor.ts'
import { outcomeHash } from '../../../protocols/wire/certificate.ts'
import { equalBytes, hashHex, hashValue } from '../../../protocols/wire/hash.ts'
import type { Certificate, Commit, Hash, Payload, PeerName, Signed } from '../../../protocols/wire/messages.ts'
import { essenceOf, slotOf } from '../../../protocols/wire/table.ts'
import { blockHash, makeCommit, makeContext, PARENT_HEIGHT, peerNames, Signer } from './fixtures.ts'
import { Conspiracy, lie } from './liar.ts'
import { Members } from './members.ts'
import { aggregateHash, isCommit, isOutcome, LATE_MS, newPeer, type Peer, type SwarmOptions } from './peer.ts'
import { SeededRandom } from './random.ts'
import { Timeline } from './timeline.ts'

export class Swarm {
  readonly time = new Timeline()
  readonly random: SeededRandom
  readonly signer = new Signer()
  readonly peers: Peer[] = []
  readonly options: SwarmOptions
  /** Everything that was ever sent, for replays. */
  readonly sent: { signed: Signed; attachments: readonly Uint8Array[] }[] = []
  /** Highest honest view when the network had healed and all work was there. */
  viewAtHeal = 0
  readonly conspiracy: Conspiracy
  readonly members: Members | null
  readonly #wishes: readonly Wish[]
  steps = 0
  #wall: ReadonlySet<PeerName> = new Set()
  #timerCount = 0

  constructor(options: SwarmOptions) {
    this.options = options
    this.random = new SeededRandom(options.seed)
    const names = peerNames(options.seats)
    const liars = new Set([...names].sort(() => this.random.next() - 0.5).slice(0, options.liars))
    this.conspiracy = new Conspiracy(options.strategy ?? 'random', new Set(this.random.subset(names)))
    const honest = names.filter(name => !liars.has(name))
    const { absent, context: change, wishes } = options.members?.({ honest, liars: [...liars] }) ?? {}
    const base = makeContext(null, names, options.seed)
    this.members = options.members === undefined ? null : new Members(this.signer, base, absent)
    this.#wishes = (this.members === null ? undefined : wishes?.(this.members)) ?? []
    for (const [i, name] of names.entries()) {
      const context = { ...(this.members?.context(change) ?? base), self: name }
      this.peers.push(newPeer(context, name, liars.has(name)))
      this.time.after(0, () => this.#wish(this.peers[i]!))
      const workMs = this.random.next() * 80 + (i < (options.late ?? 0) ? LATE_MS : 0)
      this.time.after(workMs, () => this.#finishWork(this.peers[i]!, i < (options.idle ?? 0)))
    }
    for (let height = PARENT_HEIGHT + 1; height < PARENT_HEIGHT + 4; height++) {
      for (const peer of this.peers) {
        const atMs = (height - PARENT_HEIGHT) * 60 + this.random.next() * 60 - 100
        this.time.after(Math.max(0, atMs), () =>
          this.input(peer, { type: 'finalized', height, hash: blockHash(height) }),
        )
      }
    }
    this.#schedule()
  }

  get honest(): Peer[] {
    return this.peers.filter(peer => !peer.isLiar)
  }

  get hostile(): boolean {
    return this.time.nowMs < this.options.healAtMs
  }

  /** Runs until all honest peers are done; false where they are not in `limitMs` after the network healed. */
  run(limitMs: number): boolean {
    return this.time.run(this.options.healAtMs + limitMs, () => this.honest.every(peer => peer.done !== null))
  }

  peer(name: PeerName): Peer {
    return this.peers.find(peer => peer.name === name)!
  }

  input(peer: Peer, input: RoundInput): void {
    if (!peer.up) return
    this.steps++
    const { state, effects } = step(peer.state, input, this.time.nowMs)
    peer.state = state
    if (state.decided !== null) peer.decidedIn ??= state.view
    this.carryOut(peer, effects)
  }

  carryOut(peer: Peer, effects: readonly RoundEffect[]): void {
    const { life } = peer
    for (const effect of effects) {
      if (peer.life !== life) return
      this.#carryOutOne(peer, effect)
    }
  }

  /** To everybody else, each copy with its own fate. */
  broadcast(from: Peer, signed: Signed, attachments: readonly Uint8Array[]): void {
    this.conspiracy.hear(signed)
    if (this.sent.length < 2000) this.sent.push({ signed, attachments })
    for (const to of this.peers) if (to !== from) this.send(from, to, signed, attachments)
  }

  send(from: Peer, to: Peer, signed: Signed, attachments: readonly Uint8Array[]): void {
    const opened = attachments.map(envelope => this.signer.open(envelope))
    this.#transfer(from, to, () => this.input(to, { type: 'message', signed, attachments: opened }))
    if (this.hostile && this.random.chance(0.05)) {
      this.#transfer(from, to, () => this.input(to, { type: 'message', signed, attachments: opened }))
    }
  }

  #transfer(from: Peer, to: Peer, deliver: () => void): void {
    if (this.#isCut(from, to)) return
    this.time.after(
      this.hostile && this.random.chance(0.1) ? this.random.next() * 400 : 1 + this.random.next() * 15,
      deliver,
    )
  }

  #isCut(from: Peer, to: Peer): boolean {
    if (!this.hostile) return false
    return this.#wall.has(from.name) !== this.#wall.has(to.name) || this.random.chance(this.options.loss ?? 0.1)
  }

  /** A wall through the network, crashes and replays at random times; everything ends when the network heals. */
  #schedule(): void {
    const { healAtMs } = this.options
    for (let atMs = 0; atMs < healAtMs; atMs += 50 + this.random.next() * 250) {
      const wall = new Set(this.random.subset(this.peers).map(peer => peer.name))
      this.time.after(atMs, () => {
        this.#wall = this.random.chance(0.7) ? wall : new Set()
        this.#tellReachable()
      })
      const victim = this.random.pick(this.peers)!
      if (this.random.chance(0.5)) this.time.after(atMs + this.random.next() * 50, () => this.crash(victim))
      this.time.after(atMs + this.random.next() * 300, () => this.#restart(victim))
      this.time.after(atMs, () => this.#replay())
    }
    this.time.after(healAtMs, () => {
      for (const peer of this.peers) this.#restart(peer)
      this.#tellReachable()
    })
    // Late work is there, and acknowledged, after that time.
    this.time.after(Math.max(healAtMs, this.options.late === undefined ? 0 : LATE_MS + 400), () => {
      this.viewAtHeal = Math.max(...this.honest.map(peer => peer.state.view))
    })
  }

  /** Whom the wall parts, or who is down, has no connection: each side sees it, each now and then at once and now and then late. */
  #tellReachable(): void {
    if (this.options.tellsReachable !== true) return
    for (const peer of this.peers) {
      for (const other of this.peers) {
        const reachable = other.up && (!this.hostile || this.#wall.has(peer.name) === this.#wall.has(other.name))
        const delayMs = this.hostile && this.random.chance(0.3) ? this.random.next() * 200 : 0
        if (peer !== other)
          this.time.after(delayMs, () => this.input(peer, { type: 'reachable', peer: other.name, reachable }))
      }
    }
  }

  crash(peer: Peer): void {
    if (!this.hostile) return
    peer.up = false
    peer.life++
    peer.timers.clear()
  }

  #restart(peer: Peer): void {
    if (peer.up) return
    peer.up = true
    const { disk, context } = peer
    const { state, effects } = createRound(context, { messages: [...disk.slots.values()], ...disk.lock })
    peer.state = state
    peer.certificate = null
    peer.done = null
    this.carryOut(peer, effects)
    this.input(peer, { type: 'finalized', height: PARENT_HEIGHT + 1, hash: blockHash(PARENT_HEIGHT + 1) })
    this.input(peer, { type: 'finalized', height: PARENT_HEIGHT + 2, hash: blockHash(PARENT_HEIGHT + 2) })
    this.#wish(peer)
    if (peer.work === 'idle') this.input(peer, { type: 'own-idle' })
    else if (peer.work !== null) this.input(peer, { type: 'own-commit', commit: peer.work })
    for (const key of disk.partitions) {
      const [author = '', root = '', partition = ''] = key.split('/')
      const hash = Uint8Array.from(root.match(/../g) ?? [], hex => Number.parseInt(hex, 16))
      if (author !== peer.name) this.input(peer, { type: 'stored', author, root: hash, partition: Number(partition) })
    }
  }

  #wish(peer: Peer): void {
    for (const wish of this.#wishes) this.input(peer, { type: 'wish', wish })
  }

  #replay(): void {
    const old = this.random.pick(this.sent)
    const from = this.random.pick(this.peers)!
    const to = this.random.pick(this.peers)!
    if (old !== undefined && from !== to) this.send(from, to, old.signed, old.attachments)
  }

  #finishWork(peer: Peer, idle: boolean): void {
    const commit = makeCommit(peer.context.scope, peer.name)
    peer.work = idle ? 'idle' : commit
    for (const p of commit.leaves.keys()) peer.disk.partitions.add(`${peer.name}/${hashHex(commit.root)}/${p}`)
    this.input(peer, idle ? { type: 'own-idle' } : { type: 'own-commit', commit })
  }

  #carryOutOne(peer: Peer, effect: RoundEffect): void {
    switch (effect.type) {
      case 'sign':
        this.#sign(peer, effect.payload, effect.attachments)
        break
      case 'persist':
        peer.disk.lock = effect.record
        break
      case 'timer': {
        const { life } = peer
        const number = this.#timerCount++
        peer.timers.set(effect.id, number)
        this.time.after(effect.delayMs, () => {
          if (peer.life === life && peer.timers.get(effect.id) === number)
            this.input(peer, { type: 'timer', id: effect.id })
        })
        break
      }
      case 'cancel':
        peer.timers.delete(effect.id)
        break
      case 'scatter':
        if (!peer.isLiar || this.random.chance(0.6)) this.#scatter(peer, effect.root, effect.partition, effect.to)
        break
      case 'aggregate':
        this.#whenPossible(
          peer,
          () => effect.inputs.every(input => this.#isHeld(peer, input.author, input.root, effect.partition)),
          () => {
            const hash = aggregateHash(
              effect.partition,
              effect.inputs.map(input => input.leaf),
            )
            this.input(peer, { type: 'aggregated', value: effect.value, partition: effect.partition, hash })
          },
        )
        break
      case 'gather':
        if (peer.isLiar || effect.from.some(name => !this.peer(name).isLiar)) {
          this.#later(peer, () =>
            this.input(peer, { type: 'gathered', value: effect.value, partition: effect.partition, hash: effect.hash }),
          )
        }
        break
      case 'execute':
        this.#later(peer, () => {
          this.input(peer, { type: 'executed', value: effect.value, accepted: effect.hashes !== null, fullRoot: null })
        })
        break
      case 'fetch-commits':
        for (const { author, root } of effect.missing) {
          for (const commit of this.commitsOf(author, root)) {
            this.#later(peer, () => this.input(peer, { type: 'message', signed: commit, attachments: [] }))
          }
        }
        break
      case 'block':
        if (effect.height < PARENT_HEIGHT + 4) {
          this.#later(peer, () =>
            this.input(peer, { type: 'block', height: effect.height, hash: blockHash(effect.height) }),
          )
        }
        break
      case 'resend':
        if (!peer.isLiar || this.random.chance(0.5)) this.broadcast(peer, effect.signed, effect.attachments)
        break
      case 'answer':
        if (!peer.isLiar) this.#answer(peer, this.peer(effect.to), effect.certificate, effect.hashes)
        break
      case 'certificate':
        peer.certificate = effect.certificate
        this.#checkCertificate(peer, hashValue(effect.certificate.value), outcomeHash(effect.outcome))
        break
      case 'done':
        peer.done = effect.next
        if (!peer.isLiar && effect.next === 'adopt') throw new Error(`${peer.name} executed something else`)
        break
      case 'evidence':
        if (!this.peer(effect.evidence.accused).isLiar)
          throw new Error(`honest ${effect.evidence.accused} accused of ${effect.evidence.kind}`)
        break
      case 'diverged':
      case 'halt':
        if (!peer.isLiar) throw new Error(`${effect.type} at honest ${peer.name}`)
        break
      case 'refused':
        if (!this.peer(effect.signer).isLiar && !peer.isLiar)
          throw new Error(`honest ${effect.signer} refused: ${effect.detail}`)
        break
      case 'status':
        break
    }
  }

  /** Through the journal: a second thing in a slot is a bug of the machine. Then crash, sometimes, before anybody has it. */
  #sign(peer: Peer, payload: Payload, attachments: readonly Uint8Array[]): void {
    if (peer.isLiar) {
      lie(this, peer, payload, attachments)
      return
    }
    const slot = slotOf(payload)
    const earlier = slot === null ? undefined : peer.disk.slots.get(slot)
    if (earlier !== undefined && !equalBytes(encode(essenceOf(earlier.payload)), encode(essenceOf(payload)))) {
      throw new Error(`honest ${peer.name} signs twice in ${slot}`)
    }
    const signed = earlier ?? this.signer.sign(peer.name, payload)
    if (slot !== null) peer.disk.slots.set(slot, signed)
    if (this.hostile && this.random.chance(0.01)) {
      this.crash(peer)
      return
    }
    this.broadcast(peer, signed, attachments)
    const opened = attachments.map(envelope => this.signer.open(envelope))
    const { life } = peer
    this.time.after(0, () => {
      if (peer.life === life) this.input(peer, { type: 'message', signed, attachments: opened })
    })
  }

  #scatter(from: Peer, root: Hash, partition: number, to: readonly PeerName[]): void {
    for (const name of to) {
      const target = this.peer(name)
      this.#transfer(from, target, () => {
        target.disk.partitions.add(`${from.name}/${hashHex(root)}/${partition}`)
        this.input(target, { type: 'stored', author: from.name, root, partition })
      })
    }
  }

  /** Some honest peer has these bytes: a pull finds them in the end. */
  #isHeld(peer: Peer, author: PeerName, root: Hash, partition: number): boolean {
    const key = `${author}/${hashHex(root)}/${partition}`
    if (peer.disk.partitions.has(key)) return true
    return this.peers.some(
      other => other.up && !other.isLiar && other.disk.partitions.has(key) && !this.#isCut(peer, other),
    )
  }

  commitsOf(author: PeerName, root: Hash): Signed<Commit>[] {
    for (const { state, isLiar, disk } of this.peers) {
      const own = [...disk.slots.values()].filter(isCommit)
      const held = [
        ...own,
        ...disk.commits,
        ...state.commits.values(),
        ...(state.execution?.known.commits.values() ?? []),
      ]
      const found = held.find(commit => commit.signer === author && equalBytes(commit.payload.root, root))
      if (!isLiar && found !== undefined) return [found]
    }
    return []
  }

  #answer(from: Peer, to: Peer, certificate: Certificate, hashes: readonly Hash[] | null): void {
    const outcomes = certificate.outcomes.map(envelope => this.signer.open(envelope)).filter(isOutcome)
    const commits = certificate.commits.map(envelope => this.signer.open(envelope)).filter(isCommit)
    const input = {
      type: 'certificate',
      certificate,
      outcomes,
      commits,
      ...(hashes === null ? {} : { hashes }),
    } as const
    this.#transfer(from, to, () => this.input(to, input))
  }

  #checkCertificate(peer: Peer, value: Hash, outcome: Hash): void {
    for (const other of this.honest) {
      if (peer.isLiar || other.outcome === null || equalBytes(other.outcome, outcome)) continue
      throw new Error(`${peer.name} and ${other.name} have different certificates, of ${hashHex(value)} the one`)
    }
    peer.outcome = outcome
  }

  #later(peer: Peer, run: () => void): void {
    const { life } = peer
    this.time.after(1 + this.random.next() * 10, () => {
      if (peer.life === life) run()
    })
  }

  #whenPossible(peer: Peer, isPossible: () => boolean, run: () => void): void {
    this.#later(peer, () => {
      if (isPossible()) run()
      else if (this.time.nowMs < this.options.healAtMs + 60_000)
        this.time.after(30, () => this.#whenPossible(peer, isPossible, run))
    })
  }
}
