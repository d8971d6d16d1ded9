import { serveFaulty } from './serve.ts'

await serveFaulty(async command => {
  if (command === 'accumulate') throw new Error('the sum is lost')
  return 'done'
})
