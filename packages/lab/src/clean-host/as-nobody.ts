const NOBODY = '65534';

/** Arguments of setpriv(1) for a program that is to run as an ordinary user of a host. */
export function asNobody(...program: readonly string[]): string[] {
  return ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', ...program];
}
