import type { Enrollment, Host } from '@linux-patch/contract';

/** Hosts of the fleet with the name, the address or the machine-id of a request; the one with its name first. */
export function alikeHosts(
  { fqdn, ip_address: address, machine_id: machine }: Pick<Enrollment, 'fqdn' | 'ip_address' | 'machine_id'>,
  hosts: readonly Host[],
): Host[] {
  const alike = hosts.filter(
    (host) =>
      host.left_at === null &&
      (host.fqdn === fqdn || host.ip_address === address || host.machine_id === machine),
  );
  return [...alike.filter((host) => host.fqdn === fqdn), ...alike.filter((host) => host.fqdn !== fqdn)];
}
