/**
 * libp2p tells after every frame that its buffers are empty, a stream and then its connection, and nobody listens but who closes
 * one. An event that nobody listens to is not made.
 */
import { TypedEventEmitter } from '@libp2p/interface'

type Dispatch = (event: Event) => boolean
type SafeDispatch = (type: string, detail?: CustomEventInit<unknown>) => boolean

interface Emitter extends EventTarget {
  dispatchEvent: Dispatch
  safeDispatchEvent: SafeDispatch
  listenerCount(type: string): number
}

let isDone = false

/** For the whole process: it changes nothing that a listener could see. */
export function spareEvents(): void {
  if (isDone) return
  isDone = true
  const emitter: Emitter = TypedEventEmitter.prototype
  const { dispatchEvent, safeDispatchEvent } = emitter
  const dispatch: Dispatch = function (this: Emitter, event) {
    return this.listenerCount(event.type) === 0 || dispatchEvent.call(this, event)
  }
  emitter.dispatchEvent = dispatch
  emitter.safeDispatchEvent = function (this: Emitter, type, detail) {
    // libp2p itself gives one emitter a dispatch that tells another one too.
    const isOwn = this.dispatchEvent !== dispatch
    return (!isOwn && this.listenerCount(type) === 0) || safeDispatchEvent.call(this, type, detail)
  }
}
