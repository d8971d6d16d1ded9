/** What can go wrong when the network starts, as errors that the command line prints as one line. */
import { ExitError } from '../cli/exit.ts'

/** The address is taken, most likely by another peer on this machine. */
export class PortInUse extends ExitError {
  readonly address: string

  constructor(address: string, cause: unknown) {
    super('unavailable', `${address} is in use by another program`, 'pass --listen with a free port, or port 0', {
      cause,
    })
    this.address = address
  }
}

/** The address cannot be listened on for another reason: not this machine's, not permitted, not understood. */
export class CannotListen extends ExitError {
  readonly addresses: readonly string[]

  constructor(addresses: readonly string[], cause: unknown) {
    const reason = cause instanceof Error ? firstReason(cause.message) : String(cause)
    super('unavailable', `cannot listen on ${addresses.join(' or ')}: ${reason}`, 'check the --listen addresses', {
      cause,
    })
    this.addresses = addresses
  }
}

/** A bootstrap or listen address that is no multiaddr. */
export class BadAddress extends ExitError {
  readonly address: string

  constructor(address: string, cause: unknown) {
    super('usage', `${address} is not a multiaddr`, 'write it like /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW...', { cause })
    this.address = address
  }
}

/** libp2p puts the reasons into a multi-line message; the codes of Node stand in it. */
function firstReason(message: string): string {
  return message.match(/\b(E[A-Z]{3,}\b[^\n]*)/)?.[1] ?? message.split('\n')[0] ?? message
}

/** Turns what libp2p throws on start into one of the errors above. */
export function listenError(error: unknown, listen: readonly string[]): ExitError {
  const message = error instanceof Error ? error.message : String(error)
  for (const section of message.split(/\n\s*\n/)) {
    if (!section.includes('EADDRINUSE')) continue
    const address = listen.find(candidate => section.includes(`${candidate}:`)) ?? listen.join(' or ')
    return new PortInUse(address, error)
  }
  return new CannotListen(listen, error)
}
