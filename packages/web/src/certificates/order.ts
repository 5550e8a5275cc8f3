import type { Certificate } from '@linux-patch/contract';

/** Certificates whose host, subject or serial number holds a text; the one that ends first is the first. */
export function orderCertificates(certificates: readonly Certificate[], text: string): Certificate[] {
  const wanted = text.trim().toLowerCase();
  const serial = wanted.replaceAll(':', '');
  return certificates
    .filter(
      (one) =>
        wanted === '' ||
        (one.host ?? '').includes(wanted) ||
        one.subject.toLowerCase().includes(wanted) ||
        (serial !== '' && one.serial.includes(serial)),
    )
    .sort((a, b) => a.not_after.localeCompare(b.not_after));
}

const KINDS = { agent: 'host', manager_client: 'calls hosts', web: 'serves this page' } as const;

/** For what a certificate is. */
export function kindOf({ kind }: Pick<Certificate, 'kind'>): string {
  return KINDS[kind];
}
