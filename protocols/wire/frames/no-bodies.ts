/** For protocols whose requests and notes have no body; their answers may have one. */
import { refuse } from '../refusals.ts'
import type { Handlers } from './types.ts'

export const admitNoBody: NonNullable<Handlers['admitBody']> = () => refuse('not-allowed', 'no body belongs here')
