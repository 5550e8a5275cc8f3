import { execFileSync } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY_MS, isPatchError, MINUTE_MS } from '@linux-patch/contract';
import { describeSchema } from '@linux-patch/runtime/configuration';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { BACKENDS } from '@linux-patch/worker';
import { describe, expect, it } from 'vitest';
import type { Environment } from './environment.ts';
import { loadAgentConfig } from './load.ts';
import { normalizeManagerUrl } from './manager-url.ts';
import { type AgentConfig, AgentConfigSchema } from './schema.ts';

async function load(text: string, environment: Environment = {}, root = '/'): Promise<AgentConfig> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'config.yaml');
  await writeFile(path, text);
  return await loadAgentConfig({ files: systemFiles, path, root, environment });
}

async function faultsOf(text: string, environment: Environment = {}): Promise<string[]> {
  try {
    await load(text, environment);
  } catch (error) {
    if (!isPatchError(error, 'CONFIG_INVALID')) throw error;
    return error.message.split('\n').map((line) => line.replace(/^\/\S*\/config\.yaml/, ''));
  }
  return [];
}

/** A file as version 1.2.0 of the older agent leaves it behind: defaults and nulls written out. */
const OLDER = `server:
  port: 12443
  bind: 0.0.0.0
  timeout_seconds: 30
tls:
  enabled: true
  port: 12443
  ca_cert: /etc/linux_patch_api/certs/ca.pem
  server_cert: /etc/linux_patch_api/certs/server.pem
  server_key: /etc/linux_patch_api/certs/server.key
  min_tls_version: '1.3'
jobs:
  max_concurrent: 5
  timeout_minutes: 30
  storage_path: /var/lib/linux_patch_api/jobs
logging:
  level: info
  journal_enabled: true
  syslog_enabled: false
  syslog_server: null
  file_path: /var/log/linux_patch_api/audit.log
  retention_days: 30
whitelist:
  path: /etc/linux_patch_api/whitelist.yaml
package_manager:
  backend: auto
enrollment:
  manager_url: https://manager.example.org/api/v1/enroll
  polling_token: ''
  polling_interval_seconds: 0
  max_poll_attempts: 5000
  report_interface: null
  report_ip: null
  cert_renewal_threshold_days: 7
`;

describe("the agent's configuration", () => {
  it('needs no key at all', async () => {
    expect(await load('')).toEqual({
      server: { port: 12443, bind: '::', timeoutMs: 30_000 },
      tls: {
        enabled: true,
        ca_cert: '/etc/linux_patch_api/certs/ca.pem',
        server_cert: '/etc/linux_patch_api/certs/server.pem',
        server_key: '/etc/linux_patch_api/certs/server.key.pem',
        crl_path: '/etc/linux_patch_api/certs/crl.pem',
        min_tls_version: '1.3',
      },
      jobs: {
        storage_path: '/var/lib/linux_patch_api/jobs',
        limits: {
          maxConcurrent: 5,
          maxQueueDepth: 100,
          timeoutMs: 30 * MINUTE_MS,
          retentionMs: 30 * DAY_MS,
          retentionCount: 1000,
        },
      },
      logging: {
        level: 'info',
        journal_enabled: true,
        syslog_enabled: false,
        audit_copies: false,
        file_path: '/var/log/linux_patch_api/audit.log',
        retentionMs: 30 * DAY_MS,
      },
      whitelist: { path: '/etc/linux_patch_api/whitelist.yaml' },
      package_manager: { backend: 'auto', refreshMs: 60 * MINUTE_MS, require_all_sources: false },
      rate_limit: { readsPerMinute: 60, changesPerMinute: 10 },
      enrollment: {
        allow_plain_http: false,
        trust: 'auto',
        polling: { intervalMs: MINUTE_MS, maxAttempts: 1440 },
        cert_renewal_threshold_days: 7,
      },
    });
  });

  it('that turns limiting off has limits that nobody reaches', async () => {
    const { rate_limit } = await load('rate_limit: { enabled: false, read_per_minute: 5 }');
    expect(rate_limit).toEqual({ readsPerMinute: 1_000_000, changesPerMinute: 1_000_000 });
  });

  it('cannot be changed after it was loaded', async () => {
    const config = await load('tls: { allowed_clients: [a] }');
    const { tls, jobs, enrollment } = config;
    for (const part of [
      config,
      ...Object.values(config),
      tls.allowed_clients,
      jobs.limits,
      enrollment.polling,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('of the older agent is taken as it lies on the disk', async () => {
    const { server, tls, enrollment } = await load(OLDER);
    expect(server.port).toBe(12443);
    expect(tls.server_key).toBe('/etc/linux_patch_api/certs/server.key');
    expect(enrollment).toMatchObject({
      manager_url: 'https://manager.example.org',
      polling: { intervalMs: MINUTE_MS, maxAttempts: 1440 },
    });
    expect(enrollment.polling_token).toBeUndefined();
    expect(enrollment.report_ip).toBeUndefined();
  });

  it('takes default paths from the root folder and given paths as they are', async () => {
    const config = await load('tls:\n  ca_cert: /srv/ca.pem\n', {}, '/tmp/demo/');
    expect(config.tls.ca_cert).toBe('/srv/ca.pem');
    expect(config.tls.server_key).toBe('/tmp/demo/etc/linux_patch_api/certs/server.key.pem');
    expect(config.jobs.storage_path).toBe('/tmp/demo/var/lib/linux_patch_api/jobs');
    expect(config.logging.file_path).toBe('/tmp/demo/var/log/linux_patch_api/audit.log');
    expect(config.whitelist.path).toBe('/tmp/demo/etc/linux_patch_api/whitelist.yaml');
  });

  it('reports faults of keys, of keys together and of the environment at once', async () => {
    const text = [
      'server:',
      '  port: 12443',
      '  bind: localhost',
      'tls:',
      '  port: 443',
      '  min_tls_version: "1.2"',
      '  ca_cert: certs/ca.pem',
      'enrolment: {}',
      'enrollment:',
      '  manager_url: http://manager.example.org',
      '  report_ip: 127.0.0.1',
      '  ca_fingerprint: sha256:abc',
      '',
    ].join('\n');
    expect(
      await faultsOf(text, { LINUX_PATCH_MANAGER: 'x', LINUX_PATCH_LOG_LEVEL: 'loud', PATH: '/bin' }),
    ).toEqual([
      'environment: LINUX_PATCH_MANAGER: unknown variable (did you mean "LINUX_PATCH_MANAGER_URL"?)',
      'environment: LINUX_PATCH_LOG_LEVEL: must be one of debug, info, warn, error',
      ':3:9 server.bind: must be an IPv4 or IPv6 address, for example 192.0.2.1 or ::',
      ':5:9 tls.port: is 443 while server.port is 12443; it is an older name of the same port: remove it',
      ':6:20 tls.min_tls_version: must be "1.3", in quotes: the agent speaks TLS 1.3 only',
      ':7:12 tls.ca_cert: must be an absolute path',
      ':8:1 enrolment: unknown key (did you mean "enrollment"?)',
      ':10:16 enrollment.manager_url: must be https; plain http can be read and changed on the way (enrollment.allow_plain_http: true accepts that)',
      ':11:14 enrollment.report_ip: must be an address that the manager can reach; a loopback address is reached by this host only, so it needs an enrollment.manager_url on this host',
      ':12:19 enrollment.ca_fingerprint: must be sha256: and 64 hexadecimal digits',
    ]);
  });

  it('names only package managers that the agent opens', async () => {
    for (const name of [...BACKENDS, 'auto'])
      expect((await load(`package_manager: { backend: ${name} }`)).package_manager.backend).toBe(name);
    await expect(load('package_manager: { backend: apk }')).rejects.toThrow(
      /package_manager\.backend: must be/,
    );
  });

  it.each([
    ['tls: { port: 443 }', 443],
    ['tls: { port: 443 }\nserver: { port: 443 }', 443],
    ['server: { port: 0 }', 0],
  ])('listens on the port of %j', async (text, port) => {
    expect((await load(text)).server.port).toBe(port);
  });

  it.each([
    ['tls: { enabled: false }', true],
    ['tls: { min_tls_version: 1.3 }', false],
    ['enrollment: { manager_url: "http://m.test", allow_plain_http: true }', true],
    ['enrollment: { report_ip: 127.0.0.1 }', false],
    ['enrollment: { report_ip: "::ffff:127.0.0.1" }', false],
    ['enrollment: { report_ip: 127.0.0.11 }\nserver: { bind: 127.0.0.11 }', false],
    [
      'enrollment: { report_ip: 127.0.0.11, manager_url: "https://m.test" }\nserver: { bind: 127.0.0.11 }',
      false,
    ],
    ['enrollment: { report_ip: 127.0.0.11, manager_url: "https://localhost.m.test" }', false],
    ['enrollment: { report_ip: 127.0.0.11, manager_url: "https://127.0.0.1:8443" }', true],
    ['enrollment: { report_ip: "::1", manager_url: "https://[::1]:8443" }', true],
    ['enrollment: { report_ip: 127.0.0.11, manager_url: "https://localhost" }', true],
    ['enrollment: { report_ip: 172.17.3.4 }', true],
    ['enrollment: { report_ip: amber }', false],
    ['enrollment: { max_poll_attempts: -1 }', false],
    ['enrollment: { trust: blind }', false],
    ['enrollment: { polling_token: 12345678 }', false],
    ['enrollment: { proxy: "http://agent:pw@proxy.test:3128" }', true],
    ['enrollment: { proxy: none }', true],
    ['enrollment: { proxy: "" }', true],
    ['enrollment: { proxy: "https://proxy.test:3128" }', false],
    ['tls: { allowed_clients: [] }', false],
    ['server: { port: 65536 }', false],
    ['logging: { syslog_enabled: true, syslog_server: "log.test" }', true],
    ['logging: { syslog_enabled: true, syslog_server: "log.test:1514" }', true],
    ['logging: { syslog_enabled: true, syslog_server: "2001:db8::1" }', true],
    ['logging: { syslog_enabled: true, syslog_server: "[2001:db8::1]:514" }', true],
    ['logging: { syslog_enabled: true, syslog_server: "log.test:70000" }', false],
    ['logging: { syslog_enabled: true, syslog_server: "log.test:0" }', false],
    ['logging: { syslog_enabled: true, syslog_server: "log test" }', false],
  ])('with %j is taken: %s', async (text, taken) => {
    expect((await faultsOf(text)).length === 0).toBe(taken);
  });

  it('does not repeat the password of a proxy that it refuses', async () => {
    const faults = await faultsOf('enrollment: { proxy: "socks5://agent:s3cret@proxy.test" }');
    expect(faults).toHaveLength(1);
    expect(faults.join()).not.toContain('s3cret');
  });

  it('takes a fingerprint as openssl prints it', async () => {
    const colons = Array.from({ length: 32 }, () => 'AB').join(':');
    const { enrollment } = await load(`enrollment: { ca_fingerprint: "${colons}" }`);
    expect(enrollment.ca_fingerprint).toBe(`sha256:${'ab'.repeat(32)}`);
  });

  it('takes from the environment what the file leaves out', async () => {
    const environment = { LINUX_PATCH_MANAGER_URL: 'https://env.test/', LINUX_PATCH_LOG_LEVEL: 'debug' };
    const fromEnvironment = await load('', environment);
    expect(fromEnvironment.enrollment.manager_url).toBe('https://env.test');
    expect(fromEnvironment.logging.level).toBe('debug');
    const fromFile = await load(
      'enrollment: { manager_url: https://file.test }\nlogging: { level: warn }',
      environment,
    );
    expect(fromFile.enrollment.manager_url).toBe('https://file.test');
    expect(fromFile.logging.level).toBe('warn');
    const blank = 'enrollment: { manager_url: "" }';
    expect((await load(blank, environment)).enrollment.manager_url).toBe('https://env.test');
    expect(await faultsOf('logging: { level: "" }', environment)).toHaveLength(1);
    expect((await load('', { LINUX_PATCH_MANAGER_URL: '' })).enrollment.manager_url).toBeUndefined();
    expect(await faultsOf('', { LINUX_PATCH_MANAGER_URL: 'http://env.test' })).toEqual([
      expect.stringMatching(/^environment: LINUX_PATCH_MANAGER_URL: must be https/),
    ]);
  });

  it('that does not exist is a fault whose advice works', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'etc', 'config.yaml');
    await mkdir(join(folder.path, 'etc'));
    const loading = (): Promise<AgentConfig> => loadAgentConfig({ files: systemFiles, path, root: '/' });
    const fault: unknown = await loading().catch((error: unknown) => error);
    if (!isPatchError(fault, 'CONFIG_INVALID')) throw fault;
    expect(fault.message).toContain(`${path}: does not exist.`);
    execFileSync('sh', ['-c', fault.message.slice(fault.message.indexOf('printf'))]);
    expect((await loading()).enrollment.manager_url).toBe('https://manager:8443');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it('describes every key', () => {
    const keys = describeSchema(AgentConfigSchema);
    expect(keys.filter((key) => key.description === '')).toEqual([]);
    expect(keys.find((key) => key.key === 'tls.min_tls_version')?.type).toBe('"1.3"');
    expect(keys.find((key) => key.key === 'enrollment.manager_url')?.type).toBe('text');
  });
});

describe("the manager's URL", () => {
  it.each([
    ['https://m.test', 'https://m.test'],
    [' https://M.test:8443/ ', 'https://m.test:8443'],
    ['https://m.test//', 'https://m.test'],
    ['https://m.test/api/v1', 'https://m.test'],
    ['https://m.test/api/v1/enroll/', 'https://m.test'],
    ['https://m.test//api/v1//', 'https://m.test'],
    ['http://[fd00::1]:8080', 'http://[fd00::1]:8080'],
  ])('%j means %s', (text, url) => {
    expect(normalizeManagerUrl(text)).toEqual({ url });
  });

  it.each([
    'm.test',
    'm.test:8443',
    'ftp://m.test',
    'https://',
    'https:m.test',
    'https://:8443',
    'https://m.test:99999',
    'https://user:hunter2@m.test',
    'https://hunter2@m.test',
    'https://@m.test',
    'https://m.test/patch',
    'https://m.test/patch/api/v1/',
    'https://m.test/enroll',
    'https://m.test/?a=1',
    'https://m.test/?',
    'https://m.test/#top',
    'https://m.test\\x',
    'https://m test',
    'javascript:alert(1)',
  ])('%j is refused without being repeated', (text) => {
    const read = normalizeManagerUrl(text);
    expect(read).toHaveProperty('fault');
    expect(JSON.stringify(read)).not.toContain('hunter2');
  });
});
