import {
  type Certificate,
  type ListDelivery,
  MANAGER_ADMIN_ROUTES,
  REVOCATION_REASON_NAMES,
} from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import { pastTime, relativeTime, renderFacts, renderTable } from '@linux-patch/runtime/printed';
import { type Command, Option } from 'commander';
import { days } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';

const KIND_WORDS: Readonly<Record<Certificate['kind'], string>> = {
  agent: 'agent',
  manager_client: 'manager, calls agents',
  web: 'manager, HTTPS',
};

export interface CertificateFilter {
  readonly host?: string;
  readonly expiring?: number;
  readonly revoked?: boolean;
  readonly all?: boolean;
}

/** `certificates list` */
async function listCertificates(context: CommandContext, filter: CertificateFilter): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listCertificates, {
    query: {
      host: filter.host,
      expiring: filter.expiring?.toString(),
      state: filter.all ? 'all' : filter.revoked ? 'revoked' : undefined,
    },
  });
  print(context, data, () => {
    if (data.certificates.length === 0) return 'No such certificates.';
    return renderTable(
      ['SERIAL', 'HOST', 'KIND', 'STATE', 'ENDS', 'NOTES'],
      data.certificates.map((one) => [
        one.serial,
        one.host ?? (one.kind === 'agent' ? `${one.subject} (host removed)` : '-'),
        KIND_WORDS[one.kind],
        one.state,
        relativeTime(one.not_after, context.nowMs),
        one.revoked_at === null
          ? ''
          : `${one.revoke_reason ?? 'unspecified'}, ${pastTime(one.revoked_at, context.nowMs)}`,
      ]),
    );
  });
}

function describe(one: Certificate, nowMs: number): string {
  return renderFacts([
    ['Serial', one.serial],
    ['Subject', one.subject],
    ['Kind', KIND_WORDS[one.kind]],
    ['Host', one.host ?? (one.host_id === null ? null : `removed (${one.host_id})`)],
    ['State', one.state],
    ['Begins', one.not_before],
    ['Ends', `${one.not_after} (${relativeTime(one.not_after, nowMs)})`],
    ['Issued', pastTime(one.issued_at, nowMs)],
    ...(one.revoked_at === null
      ? []
      : [
          ['Revoked', `${one.revoked_at} (${pastTime(one.revoked_at, nowMs)})`] as const,
          ['Reason', one.revoke_reason] as const,
        ]),
  ]);
}

/** `certificates show` */
async function showCertificate(context: CommandContext, serial: string): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.getCertificate, { params: { serial } });
  print(context, data, () => describe(data, context.nowMs));
}

/** Who took the new revocation list, and what becomes of those who did not. */
function describeDelivery(delivery: ListDelivery): string {
  const taken = `Revocation list ${delivery.crl_number}: ${delivery.taken} of ${delivery.hosts} hosts took it.`;
  if (delivery.pending.length === 0) return taken;
  return [
    taken,
    'These did not; it is sent again in the background, and agents also fetch it by themselves:',
    ...delivery.pending.map((one) => printableLine(`  ${one.fqdn}: ${one.reason}`)),
  ].join('\n');
}

/** `certificates revoke` */
async function revokeCertificate(
  context: CommandContext,
  serial: string,
  options: { readonly reason: string },
): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.revokeCertificate, {
    params: { serial },
    body: { reason: options.reason },
  });
  const { certificate } = data;
  print(context, data, () =>
    [
      data.changed
        ? `Revoked ${certificate.serial} (${certificate.subject}), reason ${certificate.revoke_reason}. This cannot be undone.`
        : `${certificate.serial} was revoked ${pastTime(certificate.revoked_at, context.nowMs)} already (${certificate.revoke_reason}); nothing changed.`,
      ...(certificate.host === null
        ? []
        : [
            `${certificate.host} is not called any more unless it has another certificate; its agent asks to join again, see "linux-patch-manager enrollments list".`,
          ]),
      describeDelivery(data.delivery),
    ].join('\n'),
  );
}

/** `hosts delete` */
export async function deleteHost(
  context: CommandContext,
  id: string,
  options: { readonly reason?: string },
): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.deleteHost, {
    params: { id },
    query: { reason: options.reason },
  });
  print(context, data, () =>
    [
      `Removed ${data.fqdn}. ${data.revoked.length === 0 ? 'It had no valid certificate.' : `Revoked: ${data.revoked.join(', ')}.`}`,
      'Its certificates stay on record and in the revocation list until they expire.',
      describeDelivery(data.delivery),
    ].join('\n'),
  );
}

/** Adds `certificates` to the command line. */
export function addCertificateCommands({ program, add, run }: CommandLine): void {
  const certificates = program.command('certificates').description('certificates this manager issued');
  add(certificates, 'list', 'list certificates in force')
    .option('--host <host>', 'only those of a host, by name, address or id')
    .option('--expiring <days>', 'only those that expire within so many days', days)
    .option('--revoked', 'revoked ones')
    .option('--all', 'also revoked and expired ones')
    .action((options: CertificateFilter, command: Command) =>
      run(
        command,
        quietly((context) => listCertificates(context, options)),
      ),
    );
  add(certificates, 'show <serial>', 'show a certificate, by serial number or the beginning of one').action(
    (serial: string, _options: object, command: Command) =>
      run(
        command,
        quietly((context) => showCertificate(context, serial)),
      ),
  );
  add(certificates, 'revoke <serial>', 'revoke a certificate for good and tell every host')
    .addOption(
      new Option('--reason <reason>', 'why, as in RFC 5280')
        .choices(REVOCATION_REASON_NAMES)
        .makeOptionMandatory(),
    )
    .action((serial: string, options: { reason: string }, command: Command) =>
      run(
        command,
        quietly((context) => revokeCertificate(context, serial, options)),
      ),
    );
}
