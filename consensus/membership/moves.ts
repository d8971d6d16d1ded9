/**
 * Seats that move to a stage that is short and finds nobody else (README.md, "Moves"): who, as the beacon draws, and when, as
 * the epochs before show. A mover is a candidate that also has a seat.
 */
import { compareBytes, compareText } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { hashList } from '../election/digest.ts'
import { MOVE_EPOCHS, MOVE_WINDOW_EPOCHS, MOVES_IN_WINDOW, NEED_EPOCHS } from './constants.ts'
import { isPaused, type Pauses } from './pauses.ts'
import type { Move, Roster, RosterRules } from './types.ts'

/** What an epoch has made of the seats before anybody is drawn. */
export interface MovesInit {
  readonly rules: RosterRules
  readonly epoch: number
  readonly beacon: Hash
  readonly before: Pick<Roster, 'shortSince' | 'moves'>
  readonly stageOf: ReadonlyMap<PeerName, number>
  readonly departing: Roster['departing']
  readonly paused: Pauses
  /** Seats that each stage lacks. */
  readonly lacking: readonly number[]
  /** Dealt to a stage, without a seat. */
  readonly dealt: ReadonlyMap<PeerName, number>
}

/** Movers that are candidates in this epoch, and what the next one needs to know. */
export interface Moves extends Pick<Roster, 'shortSince' | 'moves'> {
  readonly movers: ReadonlyMap<PeerName, number>
}

export function nextMoves(init: MovesInit): Moves {
  const { epoch, before, lacking } = init
  const shortSince = new Map(
    lacking.flatMap((count, stage): [number, number][] =>
      count === 0 ? [] : [[stage, before.shortSince.get(stage) ?? epoch]],
    ),
  )
  const kept = before.moves.filter(({ sinceEpoch }) => epoch - sinceEpoch < MOVE_WINDOW_EPOCHS)
  const open = kept.filter(move => isOpen(init, move))
  const drawn = kept.length < MOVES_IN_WINDOW ? draw(init, shortSince, kept, open) : null
  const movers = new Map((drawn === null ? open : [...open, drawn]).map(({ peer, to }) => [peer, to]))
  return { shortSince, moves: drawn === null ? kept : [...kept, drawn], movers }
}

/** Seats of each stage beyond those that it should have; those that leave count as gone. */
export function surpluses(
  { stages, replicas }: RosterRules,
  { stageOf, departing }: Pick<Roster, 'stageOf' | 'departing'>,
): number[] {
  const seats = Array.from({ length: stages }, () => -replicas)
  for (const [peer, stage] of stageOf) if (!departing.has(peer)) seats[stage]!++
  return seats.map(count => Math.max(0, count))
}

/** Is somebody on the way to the stage, who has a seat elsewhere? Whom it is to replace goes on waiting. */
export function isAwaited({ moves }: Pick<Roster, 'moves'>, epoch: number, stage: number): boolean {
  return moves.some(({ to, sinceEpoch }) => to === stage && epoch - sinceEpoch <= MOVE_EPOCHS)
}

/** It still has its time, its stage can still spare it, and the other one still needs it. */
function isOpen(init: MovesInit, { peer, to, sinceEpoch }: Move): boolean {
  return init.epoch - sinceEpoch < MOVE_EPOCHS && init.lacking[to]! > 0 && canGo(init, peer, to)
}

function canGo(init: MovesInit, peer: PeerName, to: number): boolean {
  const { rules, epoch, stageOf, departing, paused } = init
  const from = stageOf.get(peer)
  if (from === undefined || from === to || departing.has(peer) || isPaused(paused, epoch, peer)) return false
  return surpluses(rules, init)[from]! > 0
}

/** One in an epoch: for the stage that lacks most, then the lowest, of those that have lacked for long and have nobody. */
function draw(
  init: MovesInit,
  shortSince: ReadonlyMap<number, number>,
  kept: readonly Move[],
  open: readonly Move[],
): Move | null {
  const { rules, epoch, beacon, stageOf, lacking, dealt } = init
  const helped = new Set([...dealt.values(), ...open.map(({ to }) => to)])
  const needs = [...shortSince]
    .filter(([stage, since]) => epoch - since + 1 >= NEED_EPOCHS && !helped.has(stage))
    .map(([stage]) => stage)
    .sort((a, b) => lacking[b]! - lacking[a]! || a - b)
  const left = surpluses(rules, init)
  for (const { peer } of open) left[stageOf.get(peer)!]!--
  for (const to of needs) {
    const [first] = [...stageOf]
      .filter(([peer, from]) => left[from]! > 0 && canGo(init, peer, to) && kept.every(move => move.peer !== peer))
      .map(([peer]) => ({ peer, key: hashList([beacon, rules.run, 'move', peer]) }))
      .sort((a, b) => compareBytes(a.key, b.key) || compareText(a.peer, b.peer))
    if (first !== undefined) return { peer: first.peer, to, sinceEpoch: epoch }
  }
  return null
}
