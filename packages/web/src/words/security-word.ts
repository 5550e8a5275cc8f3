/** Whether an update mends a security fault; null where nobody can tell. */
export function securityWord(security: boolean | null): string {
  return security === null ? '? not known' : security ? '✖ yes' : 'no';
}
