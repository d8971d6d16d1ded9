/** Why a model cannot be differentiated; the sentence names the node, its operator and the value. */
export type DifferentiationFaultReason =
  | 'no-rule'
  | 'unknown-shape'
  | 'unknown-value'
  | 'bad-node'
  | 'unsupported-opset'
  | 'not-differentiable'

export class DifferentiationError extends Error {
  override readonly name = 'DifferentiationError'
  readonly reason: DifferentiationFaultReason

  constructor(reason: DifferentiationFaultReason, sentence: string) {
    super(sentence)
    this.reason = reason
  }
}
