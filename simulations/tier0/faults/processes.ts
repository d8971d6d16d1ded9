/** Machines, disks and clocks. */
import type { DiskLoss } from '../../kernel/disk.ts'
import type { SimPeer } from '../peer.ts'
import type { FaultStart, StruckWorld } from './types.ts'

/** Down for the time of the fault; two faults at a time keep it down until the last one is over. */
function down({ peers, world }: StruckWorld, loss: DiskLoss): () => void {
  for (const peer of peers) {
    peer.downs++
    peer.crash()
  }
  return () => {
    for (const peer of peers) {
      peer.lose(loss)
      if (--peer.downs > 0) continue
      peer.start()
      world.recorder.reached('restarted', peer.index)
    }
  }
}

const crash: FaultStart = struck => down(struck, 'none')

const killAtWrite: FaultStart = ({ peers, number, durationMs, world }) => {
  for (const peer of peers) {
    peer.pen.killAt = number('after') >= 0.5 ? 'after-write' : 'before-write'
    peer.pen.onKilled = () => {
      world.recorder.reached('killed-at-write', peer.index)
      if (peer.downs === 0) peer.start(Math.min(durationMs, 5_000))
    }
  }
  return () => {
    for (const peer of peers) {
      peer.pen.killAt = null
      if (!peer.isUp && peer.downs === 0) peer.start()
    }
  }
}

/** The copy is taken `backMs` before the machine starts on it, or now where that is past. */
const restartStale: FaultStart = ({ peers, number, durationMs, world }) => {
  const copyAtMs = Math.max(0, durationMs - number('backMs'))
  world.time.after(copyAtMs, () => {
    for (const peer of peers) peer.disk.backUp()
  })
  return () => {
    for (const peer of peers) {
      if (peer.downs > 0) continue
      peer.restart('stale')
      world.recorder.reached('restarted-stale', peer.index)
    }
  }
}

const pause: FaultStart = ({ peers }) => {
  for (const peer of peers) peer.pause()
  return () => {
    for (const peer of peers) peer.resume()
  }
}

const slow: FaultStart = ({ peers, number }) => {
  const factor = number('factor')
  for (const peer of peers) peer.processor.slowness *= factor
  return () => {
    for (const peer of peers) peer.processor.slowness /= factor
  }
}

const diurnal: FaultStart = struck => {
  const { peers, number, world } = struck
  const halfMs = number('periodMs') / 2
  let isOver = false
  let isDay = false
  const turn = (): void => {
    if (isOver && !isDay) return
    for (const peer of peers) peer.processor.slowness *= isDay ? 1 / number('factor') : number('factor')
    isDay = !isDay
    if (!isOver) world.time.after(halfMs, turn)
  }
  turn()
  return () => {
    isOver = true
    turn()
  }
}

const diskFull: FaultStart = ({ peers }) => {
  for (const peer of peers) {
    peer.disk.isFull = true
    peer.pen.onKilled = () => {}
  }
  return () => {
    for (const peer of peers) {
      peer.disk.isFull = false
      if (!peer.isUp && peer.downs === 0) peer.start()
    }
  }
}

const clockSkew: FaultStart = ({ peers, number }) => {
  for (const peer of peers) setRate(peer, number('rate'))
  return () => {
    for (const peer of peers) setRate(peer, 1)
  }
}

/** The reading goes on from where it is. */
function setRate(peer: SimPeer, rate: number): void {
  const { nowMs } = peer
  peer.clockRate = rate
  peer.clockOffsetMs += nowMs - peer.nowMs
}

const clockJump: FaultStart = ({ peers, number }) => {
  for (const peer of peers) peer.clockOffsetMs += number('jumpMs')
  return () => {}
}

/** Nobody starts them again. */
const gone: FaultStart = ({ peers }) => {
  for (const peer of peers) {
    peer.downs++
    peer.crash()
  }
  return () => {}
}

/** What was given up is not taken back when the fault is over. */
const giveUp: FaultStart = ({ peers }) => {
  for (const peer of peers) {
    peer.isLeaving = true
    peer.replica?.giveUp()
  }
  return () => {}
}

export const PROCESS_FAULTS: Readonly<Record<string, FaultStart>> = {
  crash,
  leave: crash,
  gone,
  'give-up': giveUp,
  'region-failure': crash,
  'mass-exit': crash,
  'flash-crowd': crash,
  'kill-at-write': killAtWrite,
  'restart-empty': struck => down(struck, 'empty'),
  'restart-torn': struck => down(struck, 'torn'),
  'restart-stale': restartStale,
  pause,
  slow,
  diurnal,
  'disk-full': diskFull,
  'clock-skew': clockSkew,
  'clock-jump': clockJump,
}
