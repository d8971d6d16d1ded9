/** Machines, disks and clocks. */
import type { FaultStart, Struck } from '../../faults/types.ts'
import type { DiskLoss } from '../../kernel/disk.ts'
import type { SimPeer } from '../peer.ts'
import type { World } from '../world.ts'

type Start = FaultStart<World, SimPeer>

/** How long a machine that is told to restart takes, ms. */
const RESTART_MS = 3_000

/** Down for the time of the fault; two faults at a time keep it down until the last one is over. */
function down({ peers, world }: Struck<World, SimPeer>, loss: DiskLoss): () => void {
  for (const peer of peers) {
    peer.downs++
    peer.kill()
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

/** Back at another address. */
const move: Start = struck => {
  const back = down(struck, 'none')
  for (const peer of struck.peers) peer.move()
  return back
}

/** Told to end: it says goodbye, and is killed where it takes longer than the fault lasts. */
const leave: Start = struck => {
  const { peers } = struck
  for (const peer of peers) {
    peer.downs++
    peer.stop()
  }
  return () => {
    for (const peer of peers) {
      peer.kill()
      if (--peer.downs === 0) peer.start()
    }
  }
}

const killAtWrite: Start = ({ peers, number, world }) => {
  const moment = number('after') >= 0.5 ? 'after' : 'before'
  for (const peer of peers) {
    peer.disk.onFlush = at => {
      if (at !== moment) return
      peer.disk.onFlush = null
      // In a turn of its own: what the process has begun in this one is over by then.
      world.time.soon(() => {
        peer.kill()
        world.recorder.reached('killed-at-write', peer.index)
        world.time.after(RESTART_MS, () => peer.start())
      })
    }
  }
  return () => {
    for (const peer of peers) {
      peer.disk.onFlush = null
      peer.start()
    }
  }
}

/** The copy is taken `backMs` before the machine starts on it, or now where that is past. */
const restartStale: Start = ({ peers, number, durationMs, world }) => {
  world.time.after(Math.max(0, durationMs - number('backMs')), () => {
    for (const peer of peers) peer.disk.backUp()
  })
  return () => {
    for (const peer of peers) {
      if (peer.downs > 0) continue
      peer.kill()
      peer.lose('stale')
      peer.start()
      world.recorder.reached('restarted-stale', peer.index)
    }
  }
}

const pause: Start = ({ peers }) => {
  const paused = peers.flatMap(peer => peer.life?.process ?? [])
  for (const process of paused) process.pause()
  return () => {
    for (const process of paused) process.resume()
  }
}

const slow: Start = ({ peers, number }) => {
  const factor = number('factor')
  for (const peer of peers) peer.slowness *= factor
  return () => {
    for (const peer of peers) peer.slowness /= factor
  }
}

const diskFull: Start = ({ peers }) => {
  for (const peer of peers) peer.disk.isFull = true
  return () => {
    for (const peer of peers) {
      peer.disk.isFull = false
      peer.start()
    }
  }
}

const clockSkew: Start = ({ peers, number }) => {
  for (const peer of peers) peer.machine.rate = number('rate')
  return () => {
    for (const peer of peers) peer.machine.rate = 1
  }
}

const clockJump: Start = ({ peers, number }) => {
  for (const peer of peers) peer.machine.jump(number('jumpMs'))
  return () => undefined
}

export const PROCESS_FAULTS: Readonly<Record<string, Start>> = {
  crash: struck => down(struck, 'none'),
  'region-failure': struck => down(struck, 'none'),
  'flash-crowd': struck => down(struck, 'none'),
  'restart-empty': struck => down(struck, 'empty'),
  move,
  'restart-torn': struck => down(struck, 'torn'),
  'restart-stale': restartStale,
  'kill-at-write': killAtWrite,
  leave,
  'mass-exit': leave,
  pause,
  slow,
  'disk-full': diskFull,
  'clock-skew': clockSkew,
  'clock-jump': clockJump,
}
