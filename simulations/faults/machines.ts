/** What goes wrong with machines and their disks. */
import type { FaultKind } from './types.ts'

export const MACHINE_FAULTS: readonly FaultKind[] = [
  {
    name: 'crash',
    about: 'the process dies at once and starts again on its data when the fault is over',
    means: {
      0: 'the process and what was not flushed are gone',
      1: 'the peer is stopped without a word',
      2: 'kill -9',
    },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'move',
    about:
      'the process dies and starts again on its data at another address, as behind a provider that deals them anew',
    means: { 1: 'it listens on another port' },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'kill-at-write',
    about: 'the process dies at its next write to the journal, before it or right after it, and starts again',
    means: { 0: 'at the next flush of the journal', 1: 'at the next flush of the storage' },
    strikes: 'peers',
    parameters: { after: { unit: '0: before the write, 1: after it', bounds: [0, 1], default: 0 } },
  },
  {
    name: 'restart-empty',
    about: 'the process dies and starts again with its key but without its data',
    means: { 0: 'all records are gone', 1: 'the storage is empty', 2: 'kill -9, the folders are removed' },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'restart-torn',
    about:
      'the power is lost: what was flushed is on the disk, and of what was written since anything, or zeros in its place',
    means: {
      0: 'what waits for its flush is there or not',
      1: 'what each file has got since its last flush is whole, cut, zeroed or missing',
      2: 'kill -9, and a part of a record is appended to journal and certificates',
    },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'restart-stale',
    about: 'the process starts again on a copy of its disk from before: a restored backup',
    means: { 0: 'records as they were `backMs` before', 1: 'the storage as it was', 2: 'the folder as it was' },
    strikes: 'peers',
    parameters: { backMs: { unit: 'ms', bounds: [0, 3_600_000], default: 120_000 } },
  },
  {
    name: 'pause',
    about: 'the machine stands still and goes on where it was: a laptop lid, a live migration',
    means: { 0: 'everything waits', 1: 'everything waits', 2: 'SIGSTOP and SIGCONT' },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'slow',
    about: 'the machine computes slower by a factor',
    means: { 0: 'compute takes longer', 1: 'completions come later', 2: 'SIGSTOP for a part of the time' },
    strikes: 'peers',
    parameters: { factor: { unit: 'times', bounds: [1, 100], default: 4 } },
  },
  {
    name: 'disk-full',
    about: 'the disk takes nothing more until the fault is over: the process must end rather than forget what it says',
    means: { 0: 'writes are refused', 1: 'the storage throws' },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'clock-skew',
    about: 'the clock of a machine runs at another rate',
    means: { 0: 'timers and readings are scaled', 1: 'timers and readings are scaled' },
    strikes: 'peers',
    parameters: { rate: { unit: 'seconds a second', bounds: [0.5, 2], default: 1.05 } },
  },
  {
    name: 'clock-jump',
    about: 'the clock of a machine jumps forward, as after a suspend',
    means: { 0: 'readings jump', 1: 'readings jump' },
    strikes: 'peers',
    parameters: { jumpMs: { unit: 'ms', bounds: [0, 86_400_000], default: 60_000 } },
  },
]
