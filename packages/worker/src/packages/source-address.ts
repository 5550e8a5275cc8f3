/** An address, or a text with addresses, without user and password. */
export function withoutPassword(text: string): string {
  return text.replaceAll(/\/\/[^/\s]*@/g, '//');
}

/** The host in an address; undefined for a folder of this host. */
export function siteOf(url: string): string | undefined {
  return /^(?:https?|ftp):\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]+)/i.exec(url)?.[1]?.toLowerCase();
}
