/**
 * What OpenSSL's verification found, as code and words. Node has no code for many of its results and says `UNSPECIFIED`
 * (x509_vfy(3)); then only OpenSSL's own words tell.
 */
export function verificationFault(code: string, words: string): string {
  if (code !== 'UNSPECIFIED') return `${code}: ${words}`;
  const isConstraint = /subtree violation|constraint/i.test(words);
  return isConstraint ? `name constraints: a CA in its chain may not vouch for this name; ${words}` : words;
}
