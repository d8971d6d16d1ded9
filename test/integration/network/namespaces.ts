/**
 * A small internet of network namespaces: public machines, and homes behind routers that translate addresses. Needs root,
 * `ip` and `iptables`; addresses look public, but nothing leaves the machine.
 */
import { spawnSync } from 'node:child_process'

const PREFIX = 'swarm'
const PUBLIC_NET = '44.7'

function run(program: string, ...args: string[]): string | null {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined) return error.message
  return status === 0 ? null : `${program} ${args.join(' ')}: ${stderr.trim()}`
}

function must(program: string, ...args: string[]): void {
  const failure = run(program, ...args)
  if (failure !== null) throw new Error(failure)
}

/** Null where this host can have the small internet, else why not. */
export function whyNot(): string | null {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const name = `${PREFIX}-probe-${process.pid}`
  try {
    return (
      run('ip', 'netns', 'add', name) ??
      run('ip', 'netns', 'exec', name, 'iptables', '-t', 'nat', '-A', 'POSTROUTING', '-j', 'MASQUERADE')
    )
  } finally {
    run('ip', 'netns', 'del', name)
  }
}

export interface Machine {
  /** Its namespace. */
  readonly namespace: string
  readonly address: string
}

export class SmallInternet {
  readonly #router = `${PREFIX}-${process.pid}-net`
  readonly #namespaces: string[] = []
  #links = 0

  constructor() {
    this.#add(this.#router)
  }

  /** A machine with a public address. */
  publicMachine(): Machine {
    const namespace = this.#namespace()
    return { namespace, address: this.#connect(namespace) }
  }

  /** A machine behind a router of its own, which lets in only answers. */
  homeMachine(): Machine {
    const router = this.#namespace()
    const outside = this.#connect(router)
    const home = this.#namespace()
    const inside = `192.168.${this.#links}`
    this.#link(home, `${inside}.2`, router, `${inside}.1`)
    must('ip', '-n', home, 'route', 'add', 'default', 'via', `${inside}.1`)
    const rule = (...args: string[]) => must('ip', 'netns', 'exec', router, 'iptables', ...args)
    rule('-t', 'nat', '-A', 'POSTROUTING', '-s', `${inside}.0/24`, '-j', 'SNAT', '--to-source', outside)
    rule('-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'ESTABLISHED,RELATED', '-j', 'ACCEPT')
    rule('-A', 'FORWARD', '-s', `${inside}.0/24`, '-j', 'ACCEPT')
    rule('-P', 'FORWARD', 'DROP')
    return { namespace: home, address: `${inside}.2` }
  }

  /** Two machines of one network that leads nowhere else. */
  neighbours(): readonly [Machine, Machine] {
    const [left, right] = [this.#namespace(), this.#namespace()]
    const net = `192.168.${this.#links + 1}`
    this.#link(left, `${net}.2`, right, `${net}.3`)
    for (const [namespace, gateway] of [
      [left, `${net}.3`],
      [right, `${net}.2`],
    ] as const)
      must('ip', '-n', namespace, 'route', 'add', 'default', 'via', gateway)
    return [
      { namespace: left, address: `${net}.2` },
      { namespace: right, address: `${net}.3` },
    ]
  }

  close(): void {
    for (const namespace of this.#namespaces.splice(0)) run('ip', 'netns', 'del', namespace)
  }

  #namespace(): string {
    return this.#add(`${PREFIX}-${process.pid}-${this.#namespaces.length}`)
  }

  #add(namespace: string): string {
    must('ip', 'netns', 'add', namespace)
    this.#namespaces.push(namespace)
    must('ip', '-n', namespace, 'link', 'set', 'lo', 'up')
    must('ip', 'netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
    return namespace
  }

  /** Joins a namespace to the router in the middle; returns its public address. */
  #connect(namespace: string): string {
    const net = `${PUBLIC_NET}.${this.#links + 1}`
    this.#link(namespace, `${net}.2`, this.#router, `${net}.1`)
    must('ip', '-n', namespace, 'route', 'add', 'default', 'via', `${net}.1`)
    return `${net}.2`
  }

  #link(left: string, leftAddress: string, right: string, rightAddress: string): void {
    const name = `sw${process.pid % 100_000}l${this.#links++}`
    must('ip', 'link', 'add', `${name}a`, 'netns', left, 'type', 'veth', 'peer', 'name', `${name}b`, 'netns', right)
    for (const [namespace, device, address] of [
      [left, `${name}a`, leftAddress],
      [right, `${name}b`, rightAddress],
    ] as const) {
      must('ip', '-n', namespace, 'address', 'add', `${address}/24`, 'dev', device)
      must('ip', '-n', namespace, 'link', 'set', device, 'up')
    }
  }
}
