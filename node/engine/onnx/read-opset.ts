/** OperatorSetIdProto. */
import { OPERATOR_SET } from './fields.ts'
import type { OperatorSet } from './model.ts'
import type { ProtobufReader } from './protobuf-reader.ts'

export function readOperatorSet(reader: ProtobufReader): OperatorSet {
  let domain = ''
  let version = 0
  for (const field of reader.fields()) {
    if (field.number === OPERATOR_SET.domain) domain = reader.text(field)
    else if (field.number === OPERATOR_SET.version) version = reader.integer(field)
    else reader.skip(field)
  }
  return { domain, version }
}
