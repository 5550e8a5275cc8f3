/** Whether a name fits a pattern with `*` and `?`. */
export function matchesGlob(pattern: string, name: string): boolean {
  const source = RegExp.escape(pattern).replaceAll('\\*', '.*').replaceAll('\\?', '.');
  return new RegExp(`^${source}$`).test(name);
}
