import type { Page } from 'playwright-core';

/** Asks to join as an agent of the older generation does, which is one call and proves nothing. */
export async function askToJoin(
  page: Page,
  host: {
    readonly fqdn: string;
    readonly address: string;
    readonly machine: string;
    readonly distro?: string;
  },
): Promise<void> {
  const { fqdn, address, machine, distro = 'Debian' } = host;
  const data = { fqdn, ip_address: address, machine_id: machine, os_details: { distro, version_id: '13' } };
  // What this process asks, the browser's store of certificates says nothing about.
  const answer = await page.request.post('/api/v1/enroll', { data, ignoreHTTPSErrors: true });
  if (answer.status() !== 202)
    throw new Error(`${fqdn} was answered ${answer.status()}: ${await answer.text()}`);
}
