import { parseCertificates } from '@linux-patch/pki';
import type { ManagerProcess } from '../../manager-process.ts';
import type { AttackCase } from '../attack-case.ts';
import { openImpostor } from '../impostor.ts';
import { askToJoin } from '../joining-stranger.ts';
import { renewWith, stolenFrom } from '../stolen-identity.ts';

/** The words with which a command of the manager fails; it must. */
async function refusal(manager: ManagerProcess, ...args: readonly string[]): Promise<string> {
  const error = await manager.json(...args).then(
    () => undefined,
    (cause: unknown) => cause as Error,
  );
  if (error) return error.message;
  throw new Error(`"${args.join(' ')}" succeeded`);
}

function mustSay(words: string, wanted: RegExp): void {
  if (!wanted.test(words)) throw new Error(`it fails in other words: ${words}`);
}

const NAME = { fqdn: 'web1.lab.test', hostname: 'web1', ip_address: '192.0.2.7' };
const MANAGERS_NAMES = [
  ...[
    '127.0.0.1',
    '127.5.6.7',
    '0.0.0.0',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '255.255.255.255',
    '224.0.0.1',
    'ff02::1',
    '169.254.169.254',
    'fe80::1',
  ].map((ip_address) => ({ ip_address })),
  ...['localhost', 'LOCALHOST', 'db.localhost', 'localhost.localdomain', '127.1', '2130706433', '0x7f.1'].map(
    (fqdn) => ({ fqdn, hostname: fqdn.toLowerCase().split('.')[0] ?? '' }),
  ),
  { fqdn: '127.0.0.1', hostname: '' },
  { hostname: 'localhost' },
];

export const MANAGERS_MACHINE: AttackCase = {
  name: 'a1-managers-machine',
  tried: `Somebody with a join string asks for a certificate with a name or address of the manager's machine, in ${MANAGERS_NAMES.length} spellings; and whoever got one from a manager of before listens in the manager's place while an administrator types commands.`,
  now: 'Each request is refused with the member that is wrong. The command line speaks only through the socket of the manager, and says that nobody answers there: the impostor hears nothing.',
  async run(world) {
    const manager = await world.manager({ localHosts: [] });
    const { join_string: joinString } = (await manager.json('tokens', 'create', '--uses', '100')) as {
      join_string: string;
    };
    for (const change of MANAGERS_NAMES) {
      const { answer } = await askToJoin({ url: manager.url, names: { ...NAME, ...change }, joinString });
      if (answer.status !== 400)
        throw new Error(`${JSON.stringify(change)} is answered ${answer.status}: ${answer.text}`);
    }
    await manager.kill();
    const place = { address: '127.0.0.1', port: Number(new URL(manager.url).port) };
    const names = { fqdn: NAME.fqdn, shortName: 'localhost', ipAddress: '127.0.0.1' };
    await using impostor = await openImpostor(manager, names, place);
    mustSay(await refusal(manager, 'hosts', 'list'), /The manager does not answer at .*admin\.sock/s);
    if (impostor.heard() > 0) throw new Error(`the impostor heard ${impostor.heard()} bytes`);
    return `${MANAGERS_NAMES.length} requests, each 400; the impostor heard 0 bytes`;
  },
};

const RENEWALS = 12;

export const FORKS: AttackCase = {
  name: 'a2-forks',
  tried: `Somebody copies key and certificate of a host once and renews with them ${RENEWALS} times, each time for another key; goes on with the last one; and then one of the two holders renews the first certificate again.`,
  now: 'Each renewal replaces the one before that nobody saw in use, so that a host has three live certificates at most. The last one is refused as a fork; audit, metric and hosts list show the host until an administrator acts.',
  async run(world) {
    const manager = await world.manager();
    const host = await world.servingHost(manager);
    const stolen = await stolenFrom(host);
    let last = stolen;
    for (let times = 0; times < RENEWALS; times += 1) {
      const { status, code, next } = await renewWith(manager.url, stolen);
      if (status !== 200) throw new Error(`renewal ${times + 1}: ${status} ${code}`);
      last = next;
    }
    if ((await renewWith(manager.url, last)).status !== 200)
      throw new Error('the last certificate does not renew');
    const again = await renewWith(manager.url, stolen);
    if (again.status !== 403 || again.code !== 'CERT_FORKED')
      throw new Error(`the fork is answered ${again.status} ${again.code}`);
    const { certificates } = (await manager.json('certificates', 'list', '--host', host.name)) as {
      certificates: unknown[];
    };
    if (certificates.length > 3) throw new Error(`${certificates.length} live certificates`);
    const { identity } = (await manager.json('hosts', 'show', host.name)) as { identity: { state: string } };
    if (identity.state !== 'forked') throw new Error(`hosts show says ${identity.state}`);
    return `${certificates.length} live certificates after ${RENEWALS + 1} renewals; the fork 403 CERT_FORKED, the host shown as forked`;
  },
};

export const FOREIGN_NAMES: AttackCase = {
  name: 'b3-foreign-names',
  tried:
    "Somebody with a join string for *.dev asks for a certificate that also names a host of production, as its short name or beside it; asks under a full name that begins with the short name of somebody else's host; and answers in the place of a host with a certificate of the CA that has its name.",
  now: 'A short name that is not the first label of the full one is refused, and one that the pattern does not cover is left out. Short names find no request to approve. The manager believes only keys on record for that very host.',
  async run(world) {
    const manager = await world.manager();
    const { join_string: joinString } = (await manager.json('tokens', 'create', '--hosts', '*.dev')) as {
      join_string: string;
    };
    const ask = (fqdn: string, hostname: string, withToken: boolean) =>
      askToJoin({
        url: manager.url,
        names: { fqdn, hostname, ip_address: '192.0.2.8' },
        ...(withToken ? { joinString } : {}),
      });
    const foreign = await ask('web.dev', 'db1.prod', true);
    if (foreign.answer.status !== 400) throw new Error(`a foreign short name: ${foreign.answer.status}`);
    const allowed = await ask('db1.dev', 'db1', true);
    const { server_crt } = JSON.parse((await allowed.poll()).text) as { server_crt?: string };
    const names = parseCertificates(server_crt ?? '')[0]?.dnsNames.join(' ');
    if (names !== 'db1.dev') throw new Error(`the certificate names ${names}`);
    await ask('db2.stranger.example', 'db2', false);
    mustSay(await refusal(manager, 'enrollments', 'approve', 'db2', '--no-code'), /no request db2/);
    const host = await world.servingHost(manager);
    const named = { fqdn: host.name, ipAddress: host.address };
    await using impostor = await openImpostor(manager, named, { address: host.address, port: 0 });
    await manager.json('hosts', 'set', host.name, '--port', String(impostor.port));
    mustSay(await refusal(manager, 'packages', host.name), /was not issued to it by this manager/);
    if (impostor.heard() > 0) throw new Error('the impostor heard what the manager asked');
    return 'a foreign short name 400; the certificate names db1.dev alone; a short name finds nothing; a strange key is sent nothing';
  },
};
