/** Where in a list an address is; what it does not say right is the beginning. */
export function fromOf(said: unknown): number {
  return /^\d{1,7}$/.test(String(said)) ? Number(said) : 0;
}
