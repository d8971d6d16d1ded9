/** The hands of a round's machine: journal, control stream, reduce protocol, engine and chain (see `RoundPorts`). */
import { ChainUnavailable } from '../../consensus/chain/errors.ts'

import type { AggregateInput, RoundContext } from '../../consensus/round/types.ts'
import type { Agreement, CommitQuery } from '../../protocols/agreement/index.ts'
import { encodeCertificate } from '../../protocols/wire/certificate.ts'
import { open } from '../../protocols/wire/envelope.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal } from '../../protocols/wire/refusals.ts'
import { freeBuffer } from '../engine/runtime/buffers.ts'
import { delay } from './delay.ts'
import { finalizedAt } from './finalized-at.ts'
import { encodeLock, LOCK_RECORD } from './lock-record.ts'
import type { RoundPorts } from './round-driver.ts'
import type { PeerParts } from './types.ts'

export interface RoundPortsInit {
  readonly parts: PeerParts
  readonly context: RoundContext
  /** The own commitment too is asked for by siblings that lost it, long after it was sent. */
  readonly onSigned: (signed: Signed) => void
  /** The engine's shadow copy was made from these; null for SKIP. */
  readonly onExecuted: (partitions: readonly Uint8Array[] | null) => void
}

/** Between two attempts to get an input that every candidate should have: a sibling may just be restarting. */
const INPUT_RETRY_MS = 250
/** Between two questions to a chain that cannot be asked now. */
const BLOCK_RETRY_MS = 1_000

export function roundPorts(init: RoundPortsInit): RoundPorts {
  const { context, parts } = init
  const { self, engine, journal, reduce, agreement, times } = parts
  const { scope, group } = context
  const siblings = group.seats.map(seat => seat.peer).filter(peer => peer !== self)
  const place = { run: scope.run, stage: scope.stage, epoch: scope.epoch, round: scope.round }

  /** The first candidate sends its result to those who do not compute it themselves. */
  const pushTargets = (active: readonly PeerName[]): PeerName[] =>
    active[0] === self ? siblings.filter(peer => !active.includes(peer)) : []

  return {
    async sign(payloads) {
      const results = await times.during('fsync', () => journal.signAll(payloads))
      for (const result of results) if (!isRefusal(result)) init.onSigned(result)
      return results
    },
    persist: record =>
      times.during('fsync', () => journal.remember([{ ...place, name: LOCK_RECORD, bytes: encodeLock(record) }])),
    broadcast: (signed, attachments) => agreement.broadcast({ signed, attachments }, siblings),
    scatter: (root, partition, to) => {
      const name = { scope, author: self, root, partition }
      const bytes = reduce.partition(name)
      // The HAVE of the receiver tells whether it arrived; the machine turns to the next candidate by its own timer.
      if (bytes !== null) for (const peer of to) void reduce.scatter(peer, name, bytes)
    },
    async aggregate(value, partition, { inputs, active }, signal) {
      const encoded = await Promise.all(inputs.map(input => pullInput(init, partition, input, signal)))
      const bytes = await times.during('compute', () => engine.aggregate(partition, encoded, { signal }))
      if (bytes === null) return null
      const hash = await times.during('hash', () => parts.digest(bytes, { signal }))
      const name = { scope, value, partition, hash }
      reduce.holdAggregate(name, bytes)
      const held = reduce.aggregate(name)
      for (const peer of pushTargets(active)) void reduce.pushAggregate(peer, name, held ?? bytes, { signal })
      // What is held is a copy, and nobody else has this one.
      if (held !== null) freeBuffer(bytes.buffer)
      return hash
    },
    async gather(value, partition, hash, from, signal) {
      const name = { scope, value, partition, hash }
      if (reduce.aggregate(name) !== null) return true
      await parts.pushed.wait(name, signal)
      const over = new AbortController()
      const either = AbortSignal.any([signal, over.signal])
      try {
        const pull = reduce.pullAggregate(from, name, { signal: either }).then(bytes => !isRefusal(bytes))
        return await Promise.race([pull, parts.pushed.arrival(name, either)])
      } finally {
        over.abort(new Error('the aggregate is here, or cannot be had'))
      }
    },
    async execute(value, hashes, wantFullRoot, signal) {
      if (hashes === null) {
        init.onExecuted(null)
        return { accepted: false, fullRoot: wantFullRoot ? await engine.fullRoot({ signal }) : null }
      }
      const aggregates = hashes.map((hash, partition) => reduce.aggregate({ scope, value, partition, hash }))
      const held = aggregates.filter(part => part !== null)
      if (held.length < aggregates.length) throw new Error('an aggregate that was gathered is not held any more')
      const result = await times.during('compute', () => engine.execute(scope.round, held, wantFullRoot, { signal }))
      init.onExecuted(result.accepted ? held : null)
      // A step that the optimiser refuses leaves the state, whose root is then due.
      const fullRoot = wantFullRoot && !result.accepted ? await engine.fullRoot({ signal }) : result.fullRoot
      return { accepted: result.accepted, fullRoot }
    },
    fetchCommits: (missing, from, signal) => fetchCommits(agreement, { scope, missing }, from, signal),
    blockHash: (height, signal) => times.during('chain', () => finalHash(parts, height, signal)),
    answer(to, certificate, hashes) {
      // Best effort: a sibling that is still stuck shows it, and is answered again.
      void agreement.sendCertificate(to, encodeCertificate(certificate), hashes)
    },
  }
}

/** Waits for a block that is not final here: the own chain node may be behind, and a liar names whatever height it likes. */
async function finalHash({ chain, clock }: PeerParts, height: number, signal: AbortSignal): Promise<Hash> {
  for (;;) {
    try {
      await finalizedAt(chain, height, signal)
      return await chain.blockHash(height, { signal })
    } catch (error) {
      if (!(error instanceof ChainUnavailable)) throw error
      await delay(clock, BLOCK_RETRY_MS, signal)
    }
  }
}

/** A sealed partition is held by f + 1 candidates, one of them honest: it is asked for until somebody gives it. */
async function pullInput(
  init: RoundPortsInit,
  partition: number,
  input: AggregateInput,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { context, parts } = init
  const { reduce, clock } = parts
  const name = { scope: context.scope, author: input.author, root: input.root, partition }
  for (;;) {
    const bytes: Uint8Array | Refusal = await reduce.pull(input.holders, name, input.leaf, { signal })
    if (!isRefusal(bytes)) return bytes
    signal.throwIfAborted()
    await delay(clock, INPUT_RETRY_MS, signal)
  }
}

/** COMMITs that a proposal seals and that never came here: from whoever has them. */
async function fetchCommits(
  agreement: Agreement,
  query: CommitQuery,
  from: readonly PeerName[],
  signal: AbortSignal,
): Promise<Signed[]> {
  const found: Signed[] = []
  let missing = query.missing
  for (const peer of from) {
    if (missing.length === 0 || signal.aborted) break
    const envelopes = await agreement.requestCommits(peer, { ...query, missing }, { signal })
    for (const envelope of isRefusal(envelopes) ? [] : envelopes) {
      const signed = await open(envelope, { kinds: ['commit'] })
      if (isRefusal(signed)) continue
      found.push(signed)
      missing = missing.filter(({ author, root }) => author !== signed.signer || !equalBytes(root, signed.payload.root))
    }
  }
  return found
}
