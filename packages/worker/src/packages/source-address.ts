/** An address without user and password. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
}

/** The host in an address; undefined for a folder of this host. */
export function siteOf(url: string): string | undefined {
  return /^(?:https?|ftp):\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]+)/i.exec(url)?.[1]?.toLowerCase();
}
