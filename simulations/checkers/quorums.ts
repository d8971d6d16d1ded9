/** A certificate has a quorum of different seats. */
import { checker, violation } from './support.ts'

export const quorums = checker(
  {
    name: 'quorums',
    about: 'Every certificate that an honest peer builds on is signed by at least n - f different seats of its stage.',
    why: 'Two quorums of n - f share an honest seat; one vote counted twice, or 2f + 1 of a group that is not 3f + 1, and they need not.',
    kind: 'safety',
  },
  seats => ({
    event(event) {
      if (event.type !== 'certified' || !seats.isHonest(event.peer)) return null
      const group = seats.of(event.stage, event.epoch)
      const { size } = group
      const quorum = size - Math.floor((size - 1) / 3)
      const signers = new Set(event.signers.filter(peer => group.has(peer)))
      if (signers.size >= quorum && signers.size === event.signers.length) return null
      const words = `a certificate of stage ${event.stage}, round ${event.round}, has ${signers.size} different signers of ${quorum}`
      return violation('quorums', event.atMs, words, [event.peer])
    },
  }),
)
