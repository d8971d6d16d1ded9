/** A parent with a child that it has frozen; prints the child's id. For the test of the guard, which kills the parent. */
import { spawn } from 'node:child_process'
import { Guard } from '../../../simulations/tier2/guard.ts'

const ENDS_WITH_PARENT = 'process.stdin.on("end", () => process.exit(0)).resume(); console.log("ready")'

const guard = new Guard()
const child = spawn(process.execPath, ['-e', ENDS_WITH_PARENT], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
guard.watch(child.pid ?? -1)
child.stdout.once('data', () => {
  child.kill('SIGSTOP')
  console.log(child.pid)
})
