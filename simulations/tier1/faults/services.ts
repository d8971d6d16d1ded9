/** The chain and its nodes, and gossip that does not come or comes late. */
import type { FaultStart } from '../../faults/types.ts'
import type { SimPeer } from '../peer.ts'
import type { World } from '../world.ts'

type Start = FaultStart<World, SimPeer>

const stall: Start = ({ world }) => {
  const { faults } = world.chain
  faults.stalls++
  return () => {
    faults.stalls--
  }
}

const reorg: Start = ({ world }) => {
  world.chain.reorganise()
  world.recorder.reached('chain-reorganised')
  return () => undefined
}

const lost: Start = ({ world, number }) => {
  const share = number('share')
  world.chain.faults.loss += share
  return () => {
    world.chain.faults.loss -= share
  }
}

const duplicated: Start = ({ world, number }) => {
  const share = number('share')
  world.chain.faults.duplication += share
  return () => {
    world.chain.faults.duplication -= share
  }
}

const hang: Start = ({ peers }) => {
  for (const peer of peers) peer.node.isHanging = true
  return () => {
    for (const peer of peers) peer.node.isHanging = false
  }
}

const lie: Start = ({ peers, number }) => {
  for (const peer of peers) peer.node.lagBlocks = Math.round(number('lagBlocks'))
  return () => {
    for (const peer of peers) peer.node.lagBlocks = 0
  }
}

const withheld: Start = ({ peers }) => {
  for (const peer of peers) peer.gate.withheld++
  return () => {
    for (const peer of peers) peer.gate.withheld--
  }
}

const late: Start = ({ peers, number }) => {
  for (const peer of peers) peer.gate.lateMs = number('delayMs')
  return () => {
    for (const peer of peers) peer.gate.lateMs = 0
  }
}

export const SERVICE_FAULTS: Readonly<Record<string, Start>> = {
  'chain-stall': stall,
  'chain-reorg': reorg,
  'tx-lost': lost,
  'tx-duplicated': duplicated,
  'rpc-hang': hang,
  'rpc-lie': lie,
  'gossip-withheld': withheld,
  'gossip-late': late,
}
