/** Normalisations, softmax and the losses. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute, textAttribute } from '../attributes.ts'
import { normalAxis } from '../shape.ts'
import type { ShapeContext, ShapeRule, ShapeRules, TypedShape } from './types.ts'

/** Outputs Y, Mean, InvStdDev; the statistics keep a 1 for every axis that was normalised. */
const layerNormalization: ShapeRule = c => [c.input(0), statistics(c), statistics(c)]

const simplified: ShapeRule = c => [c.input(0), statistics(c)]

function statistics(c: ShapeContext): TypedShape {
  const { shape } = c.input(0)
  const axis = normalAxis(intAttribute(c.node, 'axis', -1), shape.length)
  return { type: DataType.float32, shape: shape.map((size, at) => (at < axis ? size : 1)) }
}

const loss: ShapeRule = c => {
  const { type, shape } = c.input(0)
  const none = textAttribute(c.node, 'reduction', 'mean') === 'none'
  return [
    { type, shape: none ? c.input(1).shape : [] },
    { type, shape },
  ]
}

export const NORMALISATION_SHAPES: ShapeRules = {
  Softmax: c => [c.input(0)],
  LogSoftmax: c => [c.input(0)],
  LayerNormalization: layerNormalization,
  SimplifiedLayerNormalization: simplified,
  RMSNormalization: simplified,
  BatchNormalization: c => [c.input(0)],
  InstanceNormalization: c => [c.input(0)],
  SoftmaxCrossEntropyLoss: loss,
  NegativeLogLikelihoodLoss: loss,
}
