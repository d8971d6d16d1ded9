/** What goes wrong between machines. */
import type { FaultKind } from './types.ts'

const SHARE = { unit: 'share', bounds: [0, 1] } as const

export const NETWORK_FAULTS: readonly FaultKind[] = [
  {
    name: 'loss',
    about: 'packets of these peers are lost, and come again later',
    means: { 0: 'a retransmission delay', 1: 'a retransmission delay', 2: 'the proxy holds bytes back' },
    strikes: 'peers',
    parameters: { loss: { ...SHARE, default: 0.05 } },
  },
  {
    name: 'delay',
    about: 'links of these peers take longer',
    means: { 0: 'later arrival', 1: 'later arrival', 2: 'the proxy waits' },
    strikes: 'peers',
    parameters: { delayMs: { unit: 'ms', bounds: [0, 60_000], default: 300 } },
  },
  {
    name: 'jitter',
    about: 'links of these peers take longer by a varying time',
    means: { 0: 'later arrival', 1: 'later arrival', 2: 'the proxy waits' },
    strikes: 'peers',
    parameters: { jitterMs: { unit: 'ms', bounds: [0, 60_000], default: 500 } },
  },
  {
    name: 'bandwidth',
    about: 'the links of these peers collapse to a fraction of their rate',
    means: { 0: 'longer queues', 1: 'longer queues', 2: 'the proxy throttles' },
    strikes: 'peers',
    parameters: { rate: { unit: 'factor', bounds: [0.001, 1], default: 0.1 } },
  },
  {
    name: 'duplicate',
    about: 'messages to these peers arrive twice',
    means: { 0: 'delivered again up to half a second later' },
    strikes: 'peers',
    parameters: { share: { ...SHARE, default: 0.2 } },
  },
  {
    name: 'reorder',
    about: 'messages to these peers overtake each other',
    means: { 0: 'the order of a connection is not kept' },
    strikes: 'peers',
    parameters: {
      share: { ...SHARE, default: 0.3 },
      reorderMs: { unit: 'ms', bounds: [0, 60_000], default: 1_000 },
    },
  },
  {
    name: 'partition',
    about: 'these peers and the others do not hear each other',
    means: { 0: 'links are cut', 1: 'links are cut', 2: 'the proxy cuts' },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'absent',
    about:
      'each round an independent share of these peers is away; where more than f are, others are drawn after a while',
    means: { 0: 'all their links are cut from the opening of the round on' },
    strikes: 'peers',
    parameters: {
      share: { ...SHARE, default: 0.3 },
      againMs: { unit: 'ms', bounds: [1_000, 3_600_000], default: 10_000 },
    },
  },
  {
    name: 'partition-one-way',
    about: 'these peers hear the others, but are not heard',
    means: { 0: 'links are cut in one direction', 1: 'links are cut in one direction', 2: 'the proxy cuts' },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'partition-partial',
    about: 'these peers do not hear each other, all others hear everybody',
    means: { 0: 'links among them are cut', 1: 'links among them are cut', 2: 'the proxy cuts' },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'flapping',
    about: 'the links of these peers come and go',
    means: { 0: 'cut half of each period', 1: 'cut half of each period', 2: 'the proxy cuts and lets through' },
    strikes: 'peers',
    parameters: { periodMs: { unit: 'ms', bounds: [100, 600_000], default: 4_000 } },
  },
  {
    name: 'connection-reset',
    about: 'all connections of these peers are reset at once, as by a router that forgets them',
    means: { 2: 'the proxy resets' },
    strikes: 'peers',
    parameters: {},
  },
  {
    name: 'region-failure',
    about: 'all machines of a region go down together and come back together',
    means: { 0: 'they crash', 1: 'they are stopped', 2: 'kill -9' },
    strikes: 'peers',
    parameters: {},
  },
]
