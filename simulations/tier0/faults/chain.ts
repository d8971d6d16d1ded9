/** The chain, its nodes, and gossip. */
import type { SimPeer } from '../peer.ts'
import type { FaultStart, StruckWorld } from './types.ts'

/** How many faults of a kind are on now; each world has its own. */
function counted(on: (world: StruckWorld['world'], value: number) => void): FaultStart {
  return ({ world, number }) => {
    const share = number('share')
    on(world, share)
    return () => on(world, -share)
  }
}

const stall: FaultStart = ({ world }) => {
  const { faults } = world.chain
  faults.stalls++
  return () => {
    faults.stalls--
  }
}

const reorg: FaultStart = ({ world }) => {
  world.chain.reorganise()
  world.recorder.reached('chain-reorganised')
  return () => {}
}

const hang: FaultStart = ({ peers }) => {
  for (const peer of peers) peer.chain.isHanging = true
  return () => {
    for (const peer of peers) peer.chain.isHanging = false
  }
}

const lie: FaultStart = ({ peers, number }) => {
  for (const peer of peers) peer.chain.lagBlocks = Math.round(number('lagBlocks'))
  return () => {
    for (const peer of peers) peer.chain.lagBlocks = 0
  }
}

const withheld: FaultStart = ({ world, peers }) => {
  const { faults } = world.gossip
  for (const peer of peers) faults.withheld.add(peer.index)
  return () => {
    for (const peer of peers) faults.withheld.delete(peer.index)
  }
}

const late: FaultStart = ({ world, peers, number }) => {
  const { faults } = world.gossip
  for (const peer of peers) faults.lateMs.set(peer.index, number('delayMs'))
  return () => {
    for (const peer of peers) faults.lateMs.delete(peer.index)
  }
}

/** What was gossiped before comes again, to these peers. */
const flood: FaultStart = ({ world, peers, random, number }) => {
  let isOver = false
  const intervalMs = 1_000 / number('perSecond')
  const next = (): void => {
    if (isOver) return
    const target = random.pick(peers)
    const certificate = world.gossip.anyOld(random)
    if (certificate !== null) world.gossip.flood(fromWhom(world.peers, target), target, certificate)
    world.time.after(intervalMs, next)
  }
  if (peers.length > 0) next()
  return () => {
    isOver = true
  }
}

function fromWhom(peers: readonly SimPeer[], target: SimPeer): SimPeer {
  return peers[(target.index + 1) % peers.length] ?? target
}

export const CHAIN_FAULTS: Readonly<Record<string, FaultStart>> = {
  'chain-stall': stall,
  'chain-reorg': reorg,
  'tx-lost': counted((world, share) => {
    world.chain.faults.loss += share
  }),
  'tx-duplicated': counted((world, share) => {
    world.chain.faults.duplication += share
  }),
  'rpc-hang': hang,
  'rpc-lie': lie,
  'gossip-withheld': withheld,
  'gossip-late': late,
  'gossip-flood': flood,
}
