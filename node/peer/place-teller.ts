/** Tells what a new epoch made of the seats, what stages lack, and where this peer stands. */
import { type Roster, shortages } from '../../consensus/membership/index.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { EventBus } from '../events/bus.ts'
import type { Run } from '../run/folder.ts'
import type { Membership } from './membership.ts'
import { departureText, type Place, placeNow, shortageText } from './place.ts'

export interface PlaceTellerInit {
  readonly run: Run
  readonly self: PeerName
  readonly membership: Membership
  readonly bus: EventBus
}

const BARRED = 'it gave its seat up or was proven to lie, and gets none while its bond stands'

export class PlaceTeller {
  readonly #init: PlaceTellerInit
  #epoch: number | null = null
  #lacking = ''
  #told = ''

  constructor(init: PlaceTellerInit) {
    this.#init = init
  }

  /** A head is final, and the epochs that it shows are read. */
  at(height: number): void {
    const { current } = this.#init.membership
    if (current.epoch !== this.#epoch) this.#crossed(current)
    this.#epoch = current.epoch
    this.#place(current, height)
  }

  #crossed(current: Roster): void {
    const { membership, run, bus } = this.#init
    // At the start of the process there is nothing new about what was so before.
    const before = this.#epoch === null ? null : membership.roster(current.epoch - 1)
    if (before !== null) for (const news of seatNews(before, current)) bus.emit('seat', news)
    const { stages, replicas } = run.manifest
    const lacking = shortages({ run: run.id, stages, replicas }, current)
    const text = lacking.join()
    const isShort = lacking.some(count => count > 0)
    if (text !== this.#lacking && (isShort || this.#lacking !== ''))
      bus.emit('shortage', { epoch: current.epoch, lacking })
    this.#lacking = isShort ? text : ''
  }

  #place(current: Roster, height: number): void {
    const { membership, self, bus } = this.#init
    const place = placeNow(membership, self)
    const waitsFor = this.#text(place, current, height)
    const stage = 'stage' in place ? place.stage : null
    const role = place.role === 'seat' && place.departing !== null ? 'leaving' : place.role
    const text = `${role}/${stage}/${waitsFor}`
    if (text === this.#told) return
    this.#told = text
    bus.emit('place', { peer: self, role, stage, epoch: current.epoch, for: waitsFor })
  }

  /** Stages that an epoch could not re-form: a spare alone cannot help them. */
  #lostText(): string {
    return this.#init.membership.ledger.shortages.map(({ stage, needs }) => shortageText(stage, needs)).join(', ')
  }

  /** What it waits for, as a sentence; empty for a seat that stays. */
  #text(place: Place, { epoch, stageOf, barred }: Roster, height: number): string {
    const { membership, run, self } = this.#init
    const next = membership.newest.epoch > epoch ? membership.newest.epoch : epoch + 1
    const blocks = Math.max(0, membership.startOf(next) - height)
    const begins = `epoch ${next} begins in ${blocks} ${blocks === 1 ? 'block' : 'blocks'}`
    switch (place.role) {
      case 'seat': {
        if (place.departing === null) return ''
        const seats = [...stageOf.values()].filter(stage => stage === place.stage).length
        return departureText(place.departing, run.manifest, seats)
      }
      case 'candidate':
        return `stage ${place.stage} needs it: it follows until it is admitted; ${begins}`
      case 'spare':
        return `${this.#lostText() || 'no stage is short of seats'}; ${begins}`
      case 'none':
        return barred.has(self) ? BARRED : `its bond does not count yet; ${begins}`
    }
  }
}

interface SeatNews {
  readonly peer: PeerName
  readonly stage: number
  readonly epoch: number
  readonly became: 'seated' | 'leaving' | 'unseated' | 'candidate'
}

/** What is different for whom, by stage and name. */
export function seatNews(before: Roster, after: Roster): SeatNews[] {
  const { epoch } = after
  const news: SeatNews[] = []
  for (const [peer, stage] of after.stageOf) {
    if (before.stageOf.get(peer) !== stage) news.push({ peer, stage, epoch, became: 'seated' })
    if (after.departing.has(peer) && !before.departing.has(peer)) news.push({ peer, stage, epoch, became: 'leaving' })
  }
  for (const [peer, stage] of before.stageOf)
    if (after.stageOf.get(peer) !== stage) news.push({ peer, stage, epoch, became: 'unseated' })
  for (const [peer, stage] of after.candidates)
    if (before.candidates.get(peer) !== stage) news.push({ peer, stage, epoch, became: 'candidate' })
  return news.sort((a, b) => a.stage - b.stage || (a.peer < b.peer ? -1 : 1))
}
