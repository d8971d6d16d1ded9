/** The hands of a round's machine: journal, control stream, reduce protocol, engine and chain (see `RoundPorts`). */
import type { Chain } from '../../consensus/chain/types.ts'
import { partitionCandidates } from '../../consensus/election/index.ts'
import type { AggregateInput, RoundContext } from '../../consensus/round/types.ts'
import type { Reduce } from '../../protocols/reduce/index.ts'
import type { Clock, Digest } from '../../protocols/wire/environment.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal } from '../../protocols/wire/refusals.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import type { SigningJournal } from '../journal/index.ts'
import type { Control } from './control.ts'
import { delay } from './delay.ts'
import { encodeLock, LOCK_RECORD } from './lock-record.ts'
import type { PushedAggregates } from './pushed-aggregates.ts'
import type { RoundClock } from './round-clock.ts'
import type { RoundPorts } from './round-driver.ts'

export interface RoundPortsInit {
  readonly context: RoundContext
  readonly self: PeerName
  readonly engine: StageEngine
  readonly journal: SigningJournal
  readonly reduce: Reduce
  readonly control: Control
  readonly chain: Chain
  readonly clock: Clock
  readonly digest: Digest
  readonly times: RoundClock
  readonly pushed: PushedAggregates
}

/** Between two attempts to get an input that every candidate should have: a sibling may just be restarting. */
const INPUT_RETRY_MS = 250

export function roundPorts(init: RoundPortsInit): RoundPorts {
  const { context, self, engine, journal, reduce, control, chain, times } = init
  const { scope, group } = context
  const siblings = group.seats.map(seat => seat.peer).filter(peer => peer !== self)
  const place = { run: scope.run, stage: scope.stage, epoch: scope.epoch, round: scope.round }

  /** The first candidate sends its result to those who do not compute it themselves. */
  const pushTargets = (partition: number): PeerName[] => {
    const draw = { beacon: context.beacon, run: scope.run, stage: scope.stage, round: scope.round }
    const active = partitionCandidates(draw, group, partition).slice(0, group.faults + 1)
    return active[0] === self ? siblings.filter(peer => !active.includes(peer)) : []
  }

  return {
    sign: payloads => times.during('fsync', () => journal.signAll(payloads)),
    persist: record =>
      times.during('fsync', () => journal.remember([{ ...place, name: LOCK_RECORD, bytes: encodeLock(record) }])),
    broadcast: (signed, attachments) => control.broadcast(siblings, signed, attachments),
    scatter: (root, partition, to) => {
      const name = { scope, author: self, root, partition }
      const bytes = reduce.partition(name)
      // The HAVE of the receiver tells whether it arrived; the machine turns to the next candidate by its own timer.
      if (bytes !== null) for (const peer of to) void reduce.scatter(peer, name, bytes)
    },
    async aggregate(value, partition, inputs, signal) {
      const encoded = await Promise.all(inputs.map(input => pullInput(init, partition, input, signal)))
      const bytes = await times.during('compute', () => engine.aggregate(partition, encoded, { signal }))
      if (bytes === null) return null
      const hash = await times.during('hash', () => init.digest(bytes, { signal }))
      const name = { scope, value, partition, hash }
      reduce.holdAggregate(name, bytes)
      for (const peer of pushTargets(partition)) void reduce.pushAggregate(peer, name, bytes, { signal })
      return hash
    },
    async gather(value, partition, hash, from, signal) {
      const name = { scope, value, partition, hash }
      if (reduce.aggregate(name) !== null) return true
      await init.pushed.wait(name, signal)
      return !isRefusal(await reduce.pullAggregate(from, name, { signal }))
    },
    async execute(value, hashes, wantFullRoot, signal) {
      if (hashes === null) return { accepted: false, fullRoot: wantFullRoot ? await engine.fullRoot({ signal }) : null }
      const parts = hashes.map((hash, partition) => reduce.aggregate({ scope, value, partition, hash }))
      const held = parts.filter(part => part !== null)
      if (held.length < parts.length) throw new Error('an aggregate that was gathered is not held any more')
      return times.during('compute', () => engine.execute(scope.round, held, wantFullRoot, { signal }))
    },
    fetchCommits: (missing, from, signal) => control.fetchCommits(scope, missing, from, signal),
    blockHash: (height, signal) => times.during('chain', () => chain.blockHash(height, { signal })),
    answer: (to, certificate) => control.answer(to, certificate),
  }
}

/** A sealed partition is held by f + 1 candidates, one of them honest: it is asked for until somebody gives it. */
async function pullInput(
  init: RoundPortsInit,
  partition: number,
  input: AggregateInput,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { context, reduce, clock } = init
  const name = { scope: context.scope, author: input.author, root: input.root, partition }
  for (;;) {
    const bytes: Uint8Array | Refusal = await reduce.pull(input.holders, name, input.leaf, { signal })
    if (!isRefusal(bytes)) return bytes
    signal.throwIfAborted()
    await delay(clock, INPUT_RETRY_MS, signal)
  }
}
