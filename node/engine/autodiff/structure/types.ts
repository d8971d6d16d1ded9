/** What expanding a node needs of the graph around it. */
import type { Graph, Node, ValueInfo } from '../../onnx/index.ts'
import type { Operators } from '../operators.ts'
import type { Names } from './names.ts'

export interface Surroundings {
  readonly builder: Operators
  /** The model's opset. */
  readonly opset: number
  /** Types that the file tells of values, those of expanded graphs under their new names. */
  readonly declared: Map<string, ValueInfo>
  /** False for parameters: what depends on them is not folded. */
  readonly isFixed: (name: string) => boolean
  readonly names: Names
  /** ONNX Runtime takes no two nodes of one name. */
  readonly nodeNames: Names
  /** Nodes that graphs inside of nodes have come to so far. */
  readonly unfolded: { nodes: number }
  /** Names of the tensors in each sequence that is known. */
  readonly sequences: Map<string, readonly string[]>
  /** Adds a node that has the builder's opset's form. */
  readonly add: (node: Node) => void
  /** Adds nodes and initializers of a graph as the file has them. */
  readonly addGraph: (graph: Graph) => void
}

/** Null where the node was replaced by others; a sentence's end that says why not otherwise. */
export type Expansion = (around: Surroundings, node: Node) => string | null
