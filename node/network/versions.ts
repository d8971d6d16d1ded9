/** Peers of another version: libp2p finds no common protocol with them and says nothing. */

export interface OtherVersion {
  /** Such as `agreement`. */
  readonly protocol: string
  readonly theirs: string
  readonly ours: string
  /** Who has the older version. */
  readonly older: 'they' | 'we'
}

/** The first protocol that both sides speak, but in no common version; null where there is none. */
export function otherVersion(theirs: readonly string[], ours: readonly string[]): OtherVersion | null {
  const known = versionsOf(ours)
  for (const [protocol, versions] of versionsOf(theirs)) {
    const own = known.get(protocol)
    if (own === undefined || own.some(version => versions.includes(version))) continue
    const [their, our] = [newest(versions), newest(own)]
    return { protocol, theirs: their, ours: our, older: compareVersions(their, our) < 0 ? 'they' : 'we' }
  }
  return null
}

function versionsOf(ids: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const versions = new Map<string, string[]>()
  for (const id of ids) {
    const [, name, version] = /^\/swarm-node\/([a-z-]{1,32})\/(\d{1,6}(?:\.\d{1,6}){0,2})/.exec(id) ?? []
    if (name !== undefined && version !== undefined) versions.set(name, [...(versions.get(name) ?? []), version])
  }
  return versions
}

function newest(versions: readonly string[]): string {
  return versions.toSorted(compareVersions).at(-1) ?? ''
}

function compareVersions(left: string, right: string): number {
  const [ours, theirs] = [left, right].map(version => version.split('.').map(Number))
  for (let part = 0; part < 3; part++) {
    const difference = (ours?.[part] ?? 0) - (theirs?.[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
