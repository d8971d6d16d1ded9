/** Bounds of the reader: without them a small file of empty messages becomes a large heap. */

/** Protobuf's own limit, and that of a typed array index in most tools. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1

/** Messages and strings in one model; GPT-3 exported node by node has some 20 000 nodes of about 10 each. */
export const MAX_ITEMS = 2 ** 21

/** Integers, floats or strings in one attribute. Larger data belongs in a tensor. */
export const MAX_ATTRIBUTE_VALUES = 2 ** 16

/** Bytes that all sparse tensors of a model take when their zeros are written out. */
export const MAX_DENSE_BYTES = 2 ** 28

/** ONNX names no limit; NumPy's is 64. */
export const MAX_RANK = 64

/** Graphs inside attributes inside graphs: If and Loop in real exports nest 2 or 3 deep. */
export const MAX_GRAPH_DEPTH = 16

/** Functions that call functions; those of torch's exporters nest 3 or 4 deep. Also what stops one that calls itself. */
export const MAX_CALL_DEPTH = 32

/** Characters in the names that inlining makes: names of calls within calls grow. */
export const MAX_INLINED_CHARACTERS = 2 ** 26

/** Characters in the name of a file of weights; file systems take some 4,096. */
export const MAX_LOCATION_LENGTH = 4096
