/**
 * Loaded into a peer's process before its program (`node --import`): every connection that it opens to one of the proxies
 * begins with a line that names the peer. Stands for the source address that a packet has, which on one machine is the same
 * for all. The program itself is the shipped one.
 */
import { Socket } from 'node:net'
import { greetingOf, PEER_VARIABLE, PORTS_VARIABLE } from './greeting.ts'

const ports = new Set((process.env[PORTS_VARIABLE] ?? '').split(',').map(Number))
const greeting = greetingOf(Number(process.env[PEER_VARIABLE]))
const original = Socket.prototype.connect

/** `connect` is called with options, with a port, or by Node itself with a list of both. */
function portOf(first: unknown): number | null {
  const options: unknown = Array.isArray(first) ? first[0] : first
  if (typeof options === 'number') return options
  return typeof options === 'object' && options !== null && 'port' in options ? Number(options.port) : null
}

Socket.prototype.connect = function connect(this: Socket, ...args: unknown[]): Socket {
  const port = portOf(args[0])
  Reflect.apply(original, this, args)
  // Kept by Node until the connection is open, and sent before whatever the program writes.
  if (port !== null && ports.has(port)) this.write(greeting)
  return this
}
