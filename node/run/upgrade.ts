/** The command that brings this program to the newest version; named wherever versions do not fit. */
export const UPGRADE_COMMAND = 'git pull && npm ci'
