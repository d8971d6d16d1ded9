/** Limits of the activations protocol; those of streams in general are in `wire/constants.ts`. */
import { MAX_STAGES } from '../wire/constants.ts'

export const ACTIVATIONS_PROTOCOL = '/swarm-node/activations/1.1.0'

/** Headers in a chain: forward through all stages but the last, and back. */
export const MAX_CHAIN_HEADERS = 2 * (MAX_STAGES - 1)

/** Rounds ahead of the own whose frames reach the work machine (which parks some and says WAIT to the others). */
export const ROUNDS_AHEAD = 1

/**
 * Tensors under way on one stream, in each direction: twice a sender's window of 2, forward and backward. More wait their
 * turn at the sender; a receiver that is asked for more refuses them as `overloaded`.
 */
export const FRAMES_IN_FLIGHT = 8

/** Senders' tensors that wait for their turn; each is in a window or a retry of the work machine, so it never fills. */
export const FRAMES_WAITING = 32

/** Tensors in bytes of all peers together that are received or checked at a time: 32 of gpt-small's 8 MiB. */
export const BYTES_IN_FLIGHT = 256 * 1024 * 1024

/** Milliseconds until a tensor has been answered, where the caller names none: 8 MiB at 1 MiB/s, and its queue. */
export const SEND_TIMEOUT_MS = 15_000

/** Sequences of a source in one round; the work machine's quota is far below. */
export const MAX_SEQUENCE = 65_535

/** A loss above this is not a loss: 1,000 nats a token, in micro-units. */
export const MAX_LOSS_MICRONATS = 1_000_000_000
