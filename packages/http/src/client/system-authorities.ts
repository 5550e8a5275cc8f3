import { getCACertificates } from 'node:tls';

/** The certificates (PEM) of the authorities that this machine believes; of those that Node brings along where it names none. */
export function systemAuthorities(): string[] {
  const system = getCACertificates('system');
  return system.length > 0 ? system : getCACertificates('default');
}
