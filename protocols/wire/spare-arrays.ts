/**
 * Byte arrays that are filled again instead of left to the garbage collector. What is held for half a round is old by the
 * time it is dropped, and V8 looks for old garbage so rarely that a peer held fifty megabytes of it.
 */

/** Bytes in use beside their holder: until it ends their array is not filled again. */
export interface Loan {
  readonly bytes: Uint8Array
  /** To be called once. @param isOver false where the bytes may still wait in some buffer: the array then goes to the garbage collector */
  end(isOver: boolean): void
}

export class SpareArrays {
  readonly #byLength = new Map<number, Uint8Array<ArrayBuffer>[]>()
  #bytes = 0

  /** Bytes that lie here unused. */
  get bytes(): number {
    return this.#bytes
  }

  /** Keeps a copy of `bytes`, in an array that was dropped where there is one of this length. */
  keep(bytes: Uint8Array): Kept {
    return new Kept(this.#take(bytes), array => this.#give(array))
  }

  /** Forgets arrays, those of the length that came first before others, until at most `bytes` are left. */
  trim(bytes: number): void {
    for (const [length, arrays] of this.#byLength) {
      while (this.#bytes > bytes && arrays.pop() !== undefined) this.#bytes -= length
      if (arrays.length === 0) this.#byLength.delete(length)
    }
  }

  #take(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const array = this.#byLength.get(bytes.length)?.pop()
    if (array === undefined) return new Uint8Array(bytes)
    this.#bytes -= array.length
    array.set(bytes)
    return array
  }

  #give(array: Uint8Array<ArrayBuffer>): void {
    const known = this.#byLength.get(array.length) ?? []
    this.#byLength.set(array.length, known)
    known.push(array)
    this.#bytes += array.length
  }
}

/** An array with one holder, who drops it, and perhaps borrowers. */
export class Kept {
  readonly #array: Uint8Array<ArrayBuffer>
  readonly #giveBack: (array: Uint8Array<ArrayBuffer>) => void
  #loans = 0
  #isDropped = false

  constructor(array: Uint8Array<ArrayBuffer>, giveBack: (array: Uint8Array<ArrayBuffer>) => void) {
    this.#array = array
    this.#giveBack = giveBack
  }

  /** To be read until it is dropped. */
  get bytes(): Uint8Array {
    return this.#array
  }

  lend(): Loan {
    this.#loans++
    const end = (isOver: boolean): void => {
      // A loan that is not over stays, and with it the array is never filled again.
      if (!isOver) return
      this.#loans--
      if (this.#isDropped) this.#leave()
    }
    return { bytes: this.#array, end }
  }

  /** To be called once: the bytes are those of somebody else afterwards. */
  drop(): void {
    this.#isDropped = true
    this.#leave()
  }

  #leave(): void {
    if (this.#loans === 0) this.#giveBack(this.#array)
  }
}
