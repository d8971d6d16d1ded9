import { serveFaulty } from './serve.ts'

await serveFaulty(async () => process.exit(3))
